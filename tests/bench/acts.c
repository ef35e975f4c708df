/* What each thing that a stranger can make a server do costs the server, and the client, before any
 * login.
 *
 *   acts PORT PID FOLDER
 *
 * Connects to nacre-echo (process PID) again and again, in one way after the other, and prints one
 * line each: "act; server's us; client's us", CPU time with the kernel's part. What an act costs is
 * the difference between connections that end right after it and others that end right before it.
 * FOLDER holds the keys "stranger", "ed25519", "ecdsa-256"...: see acts.py. The client is the
 * library's, and honest; an attacker's can be cheaper. */
#include "apps/files/key_file.h"
#include "apps/session/parts.h"
#include "transport/message.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200, LEAST = 5, CURVE = 1, WRONG_PASSWORD = 14, PROMPT = 24 };

/* Message numbers: RFC 4250 section 4.1.2 */
enum { ACCEPT = 6, KEXINIT = 20, NEWKEYS = 21, REFUSED = 51, SUCCESS = 52, PK_OK = 60, INFO = 60 };

/* A connection ends with the count-th message of that number, sent or received. */
struct act {
    const char *name;
    int after; /* the act that comes before, by its index; -1: the first */
    enum nacre_direction direction;
    uint8_t number, count;
    const char *kex, *host_key, *key, *password;
    bool rekeys; /* before the login, when "none" was refused */
    bool proves; /* the same: a signature with a key that was not queried, and is unknown */
};

/* clang-format off */
static const struct act acts[] = {
    {.name = "connect: identification, KEXINIT", .after = -1, .number = KEXINIT, .count = 1},
#define EXCHANGE(method) \
    {.name = "exchange, `" method "`", .after = 0, .direction = NACRE_SENT, .number = NEWKEYS, .count = 1, .kex = (method)}
    EXCHANGE("curve25519-sha256"),
    EXCHANGE("mlkem768x25519-sha256"),
    EXCHANGE("sntrup761x25519-sha512"),
    EXCHANGE("ecdh-sha2-nistp256"),
    EXCHANGE("ecdh-sha2-nistp521"),
    EXCHANGE("ecdh-sha2-nistp384"),
    EXCHANGE("diffie-hellman-group14-sha256"),
    EXCHANGE("diffie-hellman-group16-sha512"),
    EXCHANGE("diffie-hellman-group18-sha512"),
    {.name = "exchange, `curve25519-sha256`, RSA host key of 3072 bits", .after = 0, .direction = NACRE_SENT,
     .number = NEWKEYS, .count = 1, .host_key = "rsa-sha2-512"},
    {.name = "SERVICE_REQUEST", .after = CURVE, .number = ACCEPT, .count = 1},
    {.name = "\"none\"", .after = 11, .number = REFUSED, .count = 1},
    {.name = "rekey, `curve25519-sha256`", .after = 12, .direction = NACRE_SENT, .number = NEWKEYS, .count = 2, .rekeys = true},
    {.name = "a wrong password, without its hash", .after = 12, .number = REFUSED, .count = 2, .password = "wrong"},
    {.name = "a query for an unknown key", .after = 12, .number = REFUSED, .count = 2, .key = "stranger"},
    {.name = "a query for a known key", .after = 12, .number = PK_OK, .count = 1, .key = "ed25519"},
#define PROOF(text, file) \
    {.name = "a query and a signature, " text, .after = 12, .number = SUCCESS, .count = 1, .key = (file)}
    PROOF("Ed25519", "ed25519"),
    PROOF("ECDSA nistp256", "ecdsa-256"),
    PROOF("ECDSA nistp384", "ecdsa-384"),
    PROOF("ECDSA nistp521", "ecdsa-521"),
    PROOF("RSA 3072 bits", "rsa-3072"),
    PROOF("RSA 4096 bits", "rsa-4096"),
    {.name = "a signature with an unknown key, without a query", .after = 12, .number = REFUSED, .count = 2, .proves = true},
    {.name = "a request for keyboard-interactive", .after = WRONG_PASSWORD, .number = INFO, .count = 1, .password = "wrong"},
    {.name = "a wrong response to it, without its hash", .after = PROMPT, .number = REFUSED, .count = 3, .password = "wrong"},
    {.name = "exchange, `diffie-hellman-group-exchange-sha256` with 3072 bits (8192: as group18)", .after = 0,
     .direction = NACRE_SENT, .number = NEWKEYS, .count = 1, .kex = "diffie-hellman-group-exchange-sha256"},
};
/* clang-format on */

enum { ACTS = sizeof acts / sizeof acts[0] };

struct visit {
    const struct act *act;
    unsigned seen;
    bool over, refused, rekeyed, proved;
};

static void fail(const char *text)
{
    (void)fprintf(stderr, "acts: %s\n", text);
    exit(1);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct visit *v = context;
    const struct act *act = v->act;

    (void)seq;
    (void)phase;
    (void)len;
    if (direction == NACRE_RECEIVED && payload[0] == REFUSED)
        v->refused = true;
    if (direction == act->direction && payload[0] == act->number)
        v->over = ++v->seen >= act->count;
}

/* The person who is asked for a password never answers. */
static void ask(void *context, const struct nacre_ask *question)
{
    (void)context;
    (void)question;
}

static enum nacre_answer any_key(void *context, const char *algorithm, const uint8_t *key,
                                 size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    (void)len;
    return true;
}

static struct nacre_endpoint *make_endpoint(const struct act *act,
                                            const struct nacre_key *const *keys)
{
    static const struct nacre_observer observer = {.message = on_message};
    const struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER,
        .role = NACRE_CLIENT,
        .user = "alice",
        .password = act->password,
        .keys = keys,
        .key_count = keys[0] != NULL,
        .kex = act->kex != NULL ? act->kex : "curve25519-sha256",
        .host_key = act->host_key != NULL ? act->host_key : "ssh-ed25519",
        .host_key_accepted = any_key,
        .ask = act->rekeys || act->proves ? ask : NULL,
        .observer = &observer};
    char errbuf[256] = "";
    struct nacre_endpoint *endpoint = nacre_endpoint_new(&config, errbuf, sizeof errbuf);

    if (endpoint == NULL)
        fail(errbuf);
    return endpoint;
}

/* ---- one connection ---- */

static int connect_to(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        fail("cannot connect");
    return fd;
}

static void send_all(int fd, struct nacre_session *s)
{
    size_t len;
    const uint8_t *at;

    while ((at = nacre_session_output(s, &len)), len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n < 0)
            fail("the server has closed");
        nacre_session_sent(s, (size_t)n, 0);
    }
}

/* A signature, which the client itself sends only for a key that the server has accepted. RFC 4252
 * section 7 */
static void prove(struct nacre_session *s)
{
    static const uint8_t key[32] = {1}, signature[64];
    struct writer w;
    uint8_t *begin;

    transport_enter(s->transport);
    w = transport_begin(s->transport, SSH_MSG_USERAUTH_REQUEST, 300);
    write_text(&w, "alice");
    write_text(&w, "ssh-connection");
    write_text(&w, "publickey");
    write_bool(&w, true);
    write_text(&w, "ssh-ed25519");
    begin = write_string_begin(&w);
    write_text(&w, "ssh-ed25519");
    write_string(&w, (struct bytes){key, sizeof key});
    write_string_end(&w, begin);
    begin = write_string_begin(&w);
    write_text(&w, "ssh-ed25519");
    write_string(&w, (struct bytes){signature, sizeof signature});
    write_string_end(&w, begin);
    transport_send(s->transport, &w);
    transport_leave(s->transport);
}

static void visit(const struct act *act, struct nacre_endpoint *endpoint, uint16_t port)
{
    struct visit v = {.act = act};
    int fd = connect_to(port);
    struct nacre_session *s = nacre_session_new(endpoint, &v, 0);

    while (!v.over) {
        size_t room;
        uint8_t *in;
        ssize_t n;

        send_all(fd, s);
        if (v.over)
            break;
        in = nacre_session_input(s, &room);
        n = recv(fd, in, room, 0);
        if (n <= 0 || nacre_session_ended(s) != NULL)
            fail(act->name);
        nacre_session_received(s, (size_t)n, 0);
        while (nacre_session_deadline(s) == 0)
            nacre_session_tick(s, 0);
        if (act->rekeys && v.refused && !v.rekeyed) {
            v.rekeyed = true;
            nacre_session_rekey(s);
        }
        if (act->proves && v.refused && !v.proved) {
            v.proved = true;
            prove(s);
        }
    }
    send_all(fd, s);
    (void)shutdown(fd, SHUT_WR);
    for (char rest[1024]; recv(fd, rest, sizeof rest, 0) > 0;)
        ;
    nacre_session_free(s);
    (void)close(fd);
}

/* ---- what it costs ---- */

static double own_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Of all its threads. /proc/PID/task/TID/schedstat begins with nanoseconds. */
static double server_us(const char *pid)
{
    char path[300], line[64];
    double all = 0;
    const struct dirent *task;
    DIR *tasks;

    (void)snprintf(path, sizeof path, "/proc/%d/task", atoi(pid));
    tasks = opendir(path);
    if (tasks == NULL)
        fail("cannot read /proc");
    while ((task = readdir(tasks)) != NULL) {
        FILE *file;

        if (task->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", atoi(pid), task->d_name);
        file = fopen(path, "r");
        if (file != NULL && fgets(line, sizeof line, file) != NULL)
            all += strtod(line, NULL) / 1e3;
        if (file != NULL)
            (void)fclose(file);
    }
    (void)closedir(tasks);
    return all;
}

struct cost {
    double server, client; /* us */
};

static struct cost measure(const struct act *act, const char *const words[])
{
    uint16_t port = (uint16_t)atoi(words[0]);
    struct nacre_key *key = NULL;
    const struct nacre_key *keys[1] = {NULL};
    char path[512], errbuf[256] = "";
    struct nacre_endpoint *endpoint;
    struct cost cost;

    if (act->key != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", words[2], act->key);
        key = nacre_key_read(path, errbuf, sizeof errbuf);
        if (key == NULL)
            fail(errbuf);
        keys[0] = key;
    }
    endpoint = make_endpoint(act, keys);
    visit(act, endpoint, port);
    cost = (struct cost){server_us(words[1]), own_us()};
    for (int i = 0; i < ROUNDS; i++)
        visit(act, endpoint, port);
    cost.client = (own_us() - cost.client) / ROUNDS;
    cost.server = (server_us(words[1]) - cost.server) / ROUNDS;
    nacre_endpoint_free(endpoint);
    nacre_key_free(key);
    return cost;
}

int main(int argc, char **argv)
{
    const char *const *words = (const char *const *)argv + 1;
    struct cost least[ACTS] = {{0, 0}};

    if (argc != 4)
        fail("usage: acts PORT PID FOLDER");
    for (int round = 0; round < LEAST; round++)
        for (int i = 0; i < ACTS; i++) {
            struct cost c = measure(&acts[i], words);

            if (round == 0 || c.server < least[i].server)
                least[i] = c;
        }
    for (int i = 0; i < ACTS; i++) {
        struct cost before = acts[i].after < 0 ? (struct cost){0, 0} : least[acts[i].after];

        (void)printf("%s; %.0f; %.0f\n", acts[i].name, least[i].server - before.server,
                     least[i].client - before.client);
    }
    return 0;
}
