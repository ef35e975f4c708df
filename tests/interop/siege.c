/* Many hostile clients in one program, for test_siege.py.
 *     siege PORT SECONDS PASSWORD KIND:COUNT...
 * Each kind connects from its own addresses, 127.KIND.x.y, several clients per address. Lasting
 * clients are replaced when the server disconnects them. The others connect until there were COUNT
 * of them; for failed logins, until COUNT were answered, so a refused client tries again from
 * another address. Prints for each kind: connections, identifications received, logins, refused
 * logins, key exchanges. */
#include "apps/session/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SILENT, GARBAGE, RESET, SLOW, MUTE, STOPPED, REKEYING, FAILED, KINDS };

enum {
    AT_ONCE = 40 /* at the same time, of a kind that does not last */,
    TAKEN = 1 << 20 /* bytes that it reads before it stops */,
    AGAIN_MS = 50, /* until the next client tries a password */
    NEWKEYS = 21   /* RFC 4253 section 12 */
};

/* clang-format off */
static const struct kind {
    const char *name;
    bool lasts, speaks; /* speaks SSH */
    int per_address;
    unsigned logins, exchanges; /* of each lasting client, before it ends */
} kinds[KINDS] = {
    [SILENT]   = {"silent",   true,  false, 50, 0, 0},
    [GARBAGE]  = {"garbage",  false, false, 20, 0, 0},
    [RESET]    = {"reset",    false, false, 20, 0, 0},
    [SLOW]     = {"slow",     true,  false, 80, 0, 0}, /* more than one source may open */
    [MUTE]     = {"mute",     true,  true,  20, 0, 1}, /* up to its NEWKEYS */
    [STOPPED]  = {"stopped",  true,  true,  25, 1, 1},
    [REKEYING] = {"rekeying", true,  true,  8, 1, 17},
    [FAILED]   = {"failed",   false, true,  5, 0, 0},
};
/* clang-format on */

struct count {
    int wanted, begun, alive;
    unsigned connections, greeted, logins, refused, exchanges;
};

struct enemy {
    int kind, place, fd;
    bool greeted, asked, silenced;
    uint64_t next_ms; /* when it sends its next byte, or connects again */
    size_t taken;
    struct nacre_session *session;
    struct nacre_channel *channel; /* of one that rekeys: it transfers 16 KiB before each */
};

static struct count counts[KINDS];
static struct nacre_endpoint *endpoints[2]; /* with the right password, and with a wrong one */
static struct sockaddr_in server;
static int poller;
static uint64_t now_ms;

static void look_at_clock(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    now_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- those that speak SSH ---- */

static size_t take(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct enemy *e = nacre_channel_context(ch);

    (void)data;
    e->taken += len;
    return len;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct enemy *e = nacre_channel_context(ch);

    (void)nacre_channel_exec(ch, e->kind == REKEYING ? "discard" : "chargen 100000000000");
    if (e->kind == REKEYING)
        e->channel = ch;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct enemy *e = nacre_channel_context(ch);

    (void)why;
    e->channel = NULL;
}

static const struct nacre_channel_app app = {.open = on_open, .data = take, .closed = on_closed};

static void on_authenticated(void *context, const char *user)
{
    struct enemy *e = context;

    (void)user;
    counts[e->kind].logins++;
    if (e->kind == STOPPED || e->kind == REKEYING)
        (void)nacre_session_open_channel(e->session, "session", &app, NULL, NULL, 0);
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

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct enemy *e = context;

    (void)seq;
    (void)phase;
    (void)len;
    if (direction == NACRE_RECEIVED || payload[0] != NEWKEYS)
        return;
    counts[e->kind].exchanges++;
    e->silenced = e->kind == MUTE;
}

static void on_ended(void *context, const struct nacre_end *why)
{
    const struct enemy *e = context;

    counts[e->kind].refused += why->cause == NACRE_AUTH_FAILED;
    if (e->kind == FAILED && why->cause != NACRE_AUTH_FAILED)
        counts[FAILED].begun--; /* the server refused it before a password */
}

static struct nacre_endpoint *make_endpoint(const char *user, const char *password)
{
    static const struct nacre_observer observer = {.message = on_message};
    const struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                                 .role = NACRE_CLIENT,
                                                 .user = user,
                                                 .password = password,
                                                 .kex = "curve25519-sha256",
                                                 .host_key_accepted = any_key,
                                                 .authenticated = on_authenticated,
                                                 .ended = on_ended,
                                                 .observer = &observer};
    char errbuf[256] = "";
    struct nacre_endpoint *endpoint = nacre_endpoint_new(&config, errbuf, sizeof errbuf);

    if (endpoint == NULL) {
        (void)fprintf(stderr, "siege: %s\n", errbuf);
        exit(1);
    }
    return endpoint;
}

/* ---- coming and going ---- */

static void come(struct enemy *e)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = e}};
    uint32_t address = (uint32_t)(e->place / kinds[e->kind].per_address);

    from.sin_addr.s_addr = htonl(0x7f000001 + ((uint32_t)e->kind + 1) * 0x10000 + address);
    e->greeted = e->asked = e->silenced = false;
    e->taken = 0;
    e->channel = NULL;
    e->next_ms = UINT64_MAX;
    e->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(e->fd, (struct sockaddr *)&server, sizeof server) != 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, e->fd, &event) != 0) {
        perror("siege: connect");
        exit(1);
    }
    counts[e->kind].connections++;
    counts[e->kind].begun++;
    counts[e->kind].alive++;
    if (kinds[e->kind].speaks)
        e->session = nacre_session_new(endpoints[e->kind == FAILED], e, now_ms);
    if (e->kind == SLOW)
        e->next_ms = now_ms;
}

/* Some connect again soon. */
static void go(struct enemy *e, bool rudely)
{
    const struct linger now = {1, 0};

    if (rudely)
        (void)setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    (void)close(e->fd);
    e->fd = -1;
    if (e->session != NULL)
        nacre_session_free(e->session);
    e->session = NULL;
    counts[e->kind].alive--;
    e->next_ms = now_ms + (kinds[e->kind].lasts ? 1000 : e->kind == FAILED ? AGAIN_MS : 0);
}

static void send_bytes(struct enemy *e, const void *bytes, size_t len)
{
    if (send(e->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        go(e, false);
}

/* ---- what each does ---- */

static void flush(struct enemy *e)
{
    for (;;) {
        size_t len;
        const uint8_t *out = nacre_session_output(e->session, &len);
        ssize_t n = len > 0 ? send(e->fd, out, len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

        if (n <= 0)
            return;
        nacre_session_sent(e->session, (size_t)n, now_ms);
    }
}

static void rekey(struct enemy *e)
{
    static const uint8_t bytes[16 * 1024];

    if (strcmp(nacre_session_phase(e->session), "connection") != 0)
        return;
    if (e->channel != NULL)
        (void)nacre_channel_write(e->channel, bytes, sizeof bytes);
    nacre_session_rekey(e->session);
}

/* Mute clients read byte by byte, so that they send nothing after NEWKEYS. */
static void talk(struct enemy *e, const uint8_t *bytes, size_t len)
{
    while (len > 0 && !e->silenced && nacre_session_ended(e->session) == NULL) {
        size_t room;
        uint8_t *in = nacre_session_input(e->session, &room);
        size_t most = e->kind == MUTE ? 1 : len, n = most < room ? most : room;

        if (n == 0)
            break;
        memcpy(in, bytes, n);
        nacre_session_received(e->session, n, now_ms);
        bytes += n;
        len -= n;
    }
    if (e->kind == REKEYING)
        rekey(e);
    flush(e);
    if (nacre_session_ended(e->session) != NULL)
        go(e, false);
    else if (e->taken > TAKEN) /* from now on it reads nothing */
        (void)epoll_ctl(poller, EPOLL_CTL_DEL, e->fd, NULL);
}

/* The same garbage every time. */
static uint32_t draw(void)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void hear(struct enemy *e)
{
    uint8_t bytes[16384];
    ssize_t n = recv(e->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        go(e, false);
        return;
    }
    if (!e->greeted && n > 4 && memcmp(bytes, "SSH-", 4) == 0) {
        e->greeted = true;
        counts[e->kind].greeted++;
    }
    if (e->session != NULL) {
        if (!e->silenced)
            talk(e, bytes, (size_t)n);
    } else if (e->kind == GARBAGE && !e->asked) {
        e->asked = true;
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)draw();
        send_bytes(e, bytes, 1 + (size_t)draw() % sizeof bytes);
    } else if (e->kind == RESET) {
        go(e, true);
    }
}

static void act(struct enemy *e)
{
    if (now_ms < e->next_ms)
        return;
    if (e->fd < 0) {
        come(e);
    } else { /* slowly */
        e->next_ms = now_ms + 1000;
        send_bytes(e, e->asked ? "x" : "S", 1);
    }
}

static int at_once(int kind)
{
    int wanted = counts[kind].wanted;

    return kinds[kind].lasts || wanted < AT_ONCE ? wanted : AT_ONCE;
}

static struct enemy *muster(int *len)
{
    struct enemy *all;
    int n = 0;

    for (int kind = 0; kind < KINDS; kind++)
        n += at_once(kind);
    all = calloc((size_t)n + 1, sizeof *all);
    *len = 0;
    for (int kind = 0; kind < KINDS && all != NULL; kind++)
        for (int i = 0; i < at_once(kind); i++)
            all[(*len)++] = (struct enemy){.kind = kind, .place = i, .fd = -1};
    return all;
}

static bool is_done(int kind)
{
    const struct count *c = &counts[kind];
    unsigned wanted = (unsigned)c->wanted;

    if (!kinds[kind].lasts)
        return c->begun >= c->wanted && c->alive == 0;
    return c->logins >= wanted * kinds[kind].logins &&
           c->exchanges >= wanted * kinds[kind].exchanges;
}

/* Run until the time is over and all clients have connected. */
static bool goes_on(uint64_t until_ms)
{
    bool more = now_ms < until_ms;

    for (int kind = 0; kind < KINDS; kind++)
        more = more || !is_done(kind);
    return more;
}

static void rage(struct enemy *all, int len, uint64_t until_ms)
{
    struct epoll_event events[256];

    while (goes_on(until_ms)) {
        int n = epoll_wait(poller, events, 256, 10);

        look_at_clock();
        for (int i = 0; i < n; i++) {
            struct enemy *e = events[i].data.ptr;

            if (e->fd >= 0)
                hear(e);
        }
        for (int i = 0; i < len; i++) {
            struct enemy *e = &all[i];
            struct count *c = &counts[e->kind];

            /* clients that do not last share the count, and change their address */
            if (e->fd < 0 && !kinds[e->kind].lasts) {
                if (c->begun >= c->wanted)
                    continue;
                e->place = (int)c->connections;
            }
            act(e);
        }
    }
}

static bool read_kind(const char *word)
{
    for (int kind = 0; kind < KINDS; kind++) {
        size_t len = strlen(kinds[kind].name);

        if (strncmp(word, kinds[kind].name, len) == 0 && word[len] == ':') {
            counts[kind].wanted = atoi(word + len + 1);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct enemy *all;
    int len;

    for (int i = 4; i < argc; i++)
        if (!read_kind(argv[i]))
            argc = 0;
    if (argc < 5) {
        (void)fprintf(stderr, "usage: siege PORT SECONDS PASSWORD KIND:COUNT...\n");
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    endpoints[0] = make_endpoint("alice", argv[3]);
    endpoints[1] = make_endpoint("carol", "wrong");
    poller = epoll_create1(EPOLL_CLOEXEC);
    all = muster(&len);
    if (all == NULL || poller < 0)
        return 1;
    look_at_clock();
    rage(all, len, now_ms + (uint64_t)atoi(argv[2]) * 1000);
    for (int i = 0; i < len; i++)
        if (all[i].fd >= 0)
            go(&all[i], false);
    for (int kind = 0; kind < KINDS; kind++)
        (void)printf("%s connections=%u greeted=%u logins=%u refused=%u exchanges=%u\n",
                     kinds[kind].name, counts[kind].connections, counts[kind].greeted,
                     counts[kind].logins, counts[kind].refused, counts[kind].exchanges);
    nacre_endpoint_free(endpoints[0]);
    nacre_endpoint_free(endpoints[1]);
    free(all);
    (void)close(poller);
    return 0;
}
