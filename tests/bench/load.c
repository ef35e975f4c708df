/* Load on an SSH server, from the library's client role.
 *
 *   load [-p PORT] [-u USER] [-i KEY] [-x KEX] [-c CIPHERS] [-m MACS] [-j N] KIND COUNT [COMMAND]
 *
 *   cat     send COUNT bytes to COMMAND and read as many back
 *   sink    send COUNT bytes to COMMAND, then EOF, and wait for its end
 *   source  read COUNT bytes from COMMAND
 *   login   COUNT times: connect, log in by public key, open a channel, disconnect; N at a time
 *   keys    COUNT keystrokes: send a byte to COMMAND and wait for one back; prints p50, p99 and
 *           the maximum in us
 *   idle    COUNT sessions with a channel each, until standard input ends; N logins at a time
 *
 * Prints "ready" when the first channel is open (idle: all of them), and one line of figures at the
 * end. */
#include "apps/files/key_file.h"
#include "apps/session/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATA_MAX = 32 * 1024, DATA_A_LOAD = 3, EVENTS = 256, PROBLEM_MAX = 256, PATIENCE_MS = 20 };

enum kind { CAT, SINK, SOURCE, LOGIN, KEYS, IDLE, KINDS };

static const char *const kind_names[KINDS] = {"cat", "sink", "source", "login", "keys", "idle"};

struct options {
    int port;
    unsigned at_once;
    const char *user, *key_file, *kex, *ciphers, *macs, *command;
    enum kind kind;
    uint64_t count;
};

struct client {
    struct load *load;
    struct nacre_session *session;
    struct nacre_channel *channel;
    int fd;
    bool logged_in, opened;
    bool running; /* the command was granted, or there is none */
    bool want_out;
    bool said_eof;
    uint64_t sent, got, key_ns;
};

struct load {
    struct options options;
    struct nacre_endpoint *endpoint;
    int epoll;
    uint64_t started, standing, ended; /* sessions */
    bool over;
    uint64_t *times_ns; /* of each keystroke's round trip */
    size_t times;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t now_ms(void)
{
    return now_ns() / 1000000;
}

static void fail(const char *text)
{
    (void)fprintf(stderr, "load: %s\n", text);
    exit(1);
}

/* ---- the session ---- */

static void stand(struct client *c)
{
    struct load *load = c->load;

    c->running = true;
    load->standing++;
    if (load->standing == (load->options.kind == IDLE ? load->options.count : 1)) {
        (void)printf("ready\n");
        (void)fflush(stdout);
    }
    if (load->options.kind == LOGIN)
        nacre_session_disconnect(c->session, NACRE_WE_CLOSED, "bye");
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct client *c = nacre_channel_app_data(ch);

    if (c->load->options.command == NULL)
        stand(c);
    else if (nacre_channel_exec(ch, c->load->options.command) != NACRE_SEND_DONE)
        fail("cannot ask for the command");
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    if (!granted)
        fail("the server refused the command");
    stand(nacre_channel_app_data(ch));
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct client *c = nacre_channel_app_data(ch);
    struct load *load = c->load;

    (void)data;
    c->got += len;
    if (load->options.kind == KEYS) {
        load->times_ns[load->times++] = now_ns() - c->key_ns;
        c->key_ns = 0;
    }
    return len;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct client *c = nacre_channel_app_data(ch);

    c->channel = NULL;
    c->running = false;
    if (why->cause == NACRE_PEER_CLOSED || why->cause == NACRE_WE_CLOSED)
        nacre_session_disconnect(c->session, NACRE_WE_CLOSED, "bye");
}

static const struct nacre_channel_app app = {
    .open = on_open, .replied = on_replied, .data = on_data, .closed = on_closed};

static void on_authenticated(void *context, const char *user)
{
    struct client *c = context;

    (void)user;
    c->logged_in = true;
}

static void on_ended(void *context, const struct nacre_end *why)
{
    (void)context;
    if (why->cause == NACRE_WE_CLOSED)
        return;
    (void)fprintf(stderr, "load: %s: %s\n", nacre_cause_text(why->cause), why->text);
    exit(1);
}

static enum nacre_answer accept_host_key(void *context, const char *algorithm, const uint8_t *key,
                                         size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    (void)len;
    return true;
}

/* ---- what to send ---- */

static bool send_bulk(struct client *c)
{
    static const uint8_t bytes[DATA_MAX];
    uint64_t left = c->load->options.count - c->sent;
    uint64_t before = left;

    for (int i = 0; i < DATA_A_LOAD && left > 0; i++) {
        size_t want = left < sizeof bytes ? (size_t)left : sizeof bytes;
        size_t n = nacre_channel_write(c->channel, bytes, want);

        left -= n;
        if (n < want)
            break;
    }
    c->sent += before - left;
    return left < before;
}

static bool send_key(struct client *c)
{
    if (c->key_ns != 0 || c->got >= c->load->options.count)
        return false;
    c->key_ns = now_ns();
    return nacre_channel_write(c->channel, "k", 1) == 1;
}

static bool is_complete(const struct client *c)
{
    const struct options *o = &c->load->options;

    switch (o->kind) {
    case CAT:
    case SOURCE:
    case KEYS:
        return c->got >= o->count;
    case SINK:
        return c->sent >= o->count;
    default:
        return false;
    }
}

/* The output is empty: write more. False: nothing to send now. */
static bool send_more(struct client *c)
{
    enum kind kind = c->load->options.kind;

    if (!c->running || c->channel == NULL)
        return false;
    if (is_complete(c)) {
        if (c->said_eof)
            return false;
        c->said_eof = true;
        nacre_channel_eof(c->channel);
        if (kind == SOURCE)
            nacre_channel_close(c->channel);
        return true;
    }
    if (kind == KEYS)
        return send_key(c);
    return (kind == CAT || kind == SINK) && send_bulk(c);
}

/* ---- sockets ---- */

static void watch(struct client *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (c->want_out ? EPOLLOUT : 0), .data.ptr = c};

    if (epoll_ctl(c->load->epoll, operation, c->fd, &event) != 0)
        fail(strerror(errno));
}

/* False: the socket accepts no more. */
static bool flush(struct client *c)
{
    size_t len;

    for (;;) {
        const uint8_t *at = nacre_session_output(c->session, &len);
        ssize_t n = len == 0 ? 0 : send(c->fd, at, len, MSG_NOSIGNAL);

        if (len == 0)
            return true;
        nacre_session_sent(c->session, n > 0 ? (size_t)n : 0, now_ms());
        if (n < 0)
            return false;
    }
}

static void start_client(struct load *load);

static void end_client(struct client *c)
{
    struct load *load = c->load;

    nacre_session_free(c->session);
    (void)close(c->fd);
    free(c);
    load->ended++;
    if (load->options.kind != LOGIN || load->ended == load->options.count)
        load->over = true;
    else if (load->started < load->options.count)
        start_client(load);
}

static void open_channel(struct client *c)
{
    c->opened = true;
    c->channel = nacre_session_open_channel(c->session, "session", &app, c, NULL, 0);
    if (c->channel == NULL)
        fail("cannot open a channel");
}

/* After DISCONNECT, wait for the server to close: a FIN right after it would make the server's last
 * read wait in the kernel, at random. Not all servers close. */
static void wait_for_end(struct client *c)
{
    struct pollfd end = {.fd = c->fd, .events = POLLIN};

    (void)poll(&end, 1, PATIENCE_MS);
}

static void pump(struct client *c)
{
    bool sendable;

    if (c->logged_in && !c->opened)
        open_channel(c);
    do
        sendable = flush(c);
    while (sendable && send_more(c));
    if (nacre_session_ended(c->session) != NULL && sendable) {
        if (c->load->options.kind == LOGIN)
            wait_for_end(c);
        end_client(c);
        return;
    }
    if (sendable == c->want_out) {
        c->want_out = !sendable;
        watch(c, EPOLL_CTL_MOD);
    }
}

static void receive(struct client *c)
{
    size_t room;
    uint8_t *at = nacre_session_input(c->session, &room);
    ssize_t n = room == 0 ? 0 : recv(c->fd, at, room, 0);

    if (n > 0)
        nacre_session_received(c->session, (size_t)n, now_ms());
    else if (room > 0 && (n == 0 || errno != EAGAIN))
        nacre_session_lost(c->session);
}

static void start_client(struct load *load)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)load->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *c = calloc(1, sizeof *c);
    const int on = 1;

    if (c == NULL)
        fail("out of memory");
    load->started++;
    c->load = load;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail(strerror(errno));
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->session = nacre_session_new(load->endpoint, c, now_ms());
    if (c->session == NULL)
        fail("out of memory");
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        fail(strerror(errno));
    watch(c, EPOLL_CTL_ADD);
    pump(c);
}

/* Idle: new logins begin when earlier ones have finished; the end of standard input ends all. */
static void idle_turn(struct load *load)
{
    while (load->started < load->options.count &&
           load->started - load->standing < load->options.at_once)
        start_client(load);
}

static void run(struct load *load)
{
    struct epoll_event events[EVENTS];
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    uint64_t first = load->options.kind == LOGIN ? load->options.at_once : 1;

    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->options.kind == IDLE)
        (void)epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    for (uint64_t i = 0; i < first && load->options.kind != IDLE; i++)
        start_client(load);
    while (!load->over) {
        int n;

        if (load->options.kind == IDLE)
            idle_turn(load);
        n = epoll_wait(load->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (c == NULL)
                return;
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(c);
            pump(c);
        }
    }
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double at_rank(const struct load *load, size_t rank)
{
    return (double)load->times_ns[rank] / 1e3; /* microseconds */
}

static void report(const struct load *load, uint64_t ns)
{
    size_t n = load->times;

    (void)printf("seconds=%.6f", (double)ns / 1e9);
    if (n > 0) {
        qsort(load->times_ns, n, sizeof load->times_ns[0], compare);
        (void)printf(" p50=%.1f p99=%.1f worst=%.1f", at_rank(load, n / 2),
                     at_rank(load, n * 99 / 100), at_rank(load, n - 1));
    }
    (void)printf("\n");
}

/* ---- start ---- */

static void read_kind(struct options *o, int argc, char **argv, int at)
{
    if (at + 2 > argc)
        fail("KIND and COUNT are missing");
    for (o->kind = 0; o->kind < KINDS && strcmp(argv[at], kind_names[o->kind]) != 0; o->kind++)
        ;
    if (o->kind == KINDS)
        fail("KIND is cat, sink, source, login, keys or idle");
    o->count = strtoull(argv[at + 1], NULL, 10);
    o->command = at + 2 < argc ? argv[at + 2] : NULL;
}

static void read_options(struct options *o, int argc, char **argv)
{
    int option;

    *o = (struct options){.port = 2022, .at_once = 1, .user = "bench", .key_file = "key"};
    while ((option = getopt(argc, argv, "p:u:i:x:c:m:j:")) != -1) {
        switch (option) {
        case 'p':
            o->port = atoi(optarg);
            break;
        case 'u':
            o->user = optarg;
            break;
        case 'i':
            o->key_file = optarg;
            break;
        case 'x':
            o->kex = optarg;
            break;
        case 'c':
            o->ciphers = optarg;
            break;
        case 'm':
            o->macs = optarg;
            break;
        case 'j':
            o->at_once = (unsigned)atoi(optarg);
            break;
        default:
            exit(2);
        }
    }
    read_kind(o, argc, argv, optind);
}

static struct nacre_endpoint *make_endpoint(const struct options *o, const struct nacre_key **key)
{
    struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                           .role = NACRE_CLIENT,
                                           .kex = o->kex,
                                           .ciphers = o->ciphers,
                                           .macs = o->macs,
                                           .user = o->user,
                                           .keys = key,
                                           .key_count = 1,
                                           .host_key_accepted = accept_host_key,
                                           .authenticated = on_authenticated,
                                           .ended = on_ended};

    return nacre_endpoint_new(&config, NULL, 0);
}

int main(int argc, char **argv)
{
    struct load load = {.epoll = -1};
    struct rlimit limit;
    char errbuf[PROBLEM_MAX];
    struct nacre_key *key;
    const struct nacre_key *keys[1];
    uint64_t begin;

    read_options(&load.options, argc, argv);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    key = nacre_key_read(load.options.key_file, errbuf, sizeof errbuf);
    if (key == NULL)
        fail(errbuf);
    keys[0] = key;
    load.endpoint = make_endpoint(&load.options, keys);
    if (load.options.kind == KEYS)
        load.times_ns = calloc(load.options.count + 1, sizeof *load.times_ns);
    if (load.endpoint == NULL || (load.options.kind == KEYS && load.times_ns == NULL))
        fail("out of memory");
    begin = now_ns();
    run(&load);
    report(&load, now_ns() - begin);
    return 0; /* what is left open ends with the program */
}
