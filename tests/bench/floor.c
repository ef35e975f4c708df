/* The floor of this machine: the least that any SSH server costs.
 *
 *   floor serve KIND
 *       a plain epoll TCP server on a free port of 127.0.0.1, which it prints
 *   floor drive PORT KIND COUNT SIZE
 *       its client
 *   floor packet CIPHER SIZE COUNT
 *       ns of CPU to encrypt or decrypt a packet of SIZE bytes with libcrypto
 *   floor login KEX COUNT
 *       us of CPU for the primitives that a server must compute per login
 *   floor accept COMMAND...
 *       accept on a free port, which it prints, and run COMMAND on each connection, as inetd does
 *       (for tinysshd)
 *   floor spin
 *       loop for ever
 *
 * KIND: echo, sink and source are COUNT bytes in one stream; key is COUNT keystrokes of SIZE bytes
 * and their echoes; a KEX is COUNT connections that exchange as many bytes in as many round trips
 * as a login with it; KEX+ means that both ends also compute what a login needs, each in its turn.
 * KEX: curve25519, mlkem768, sntrup761. */
#include "tests/bench/floor_work.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024, LOAD = 96 * 1024, PACKET_MAX = 64 * 1024 };

static uint8_t block[BLOCK];

static double cpu_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- TCP, the server ---- */

/* KEX+: the primitives too, each in its turn; otherwise NULL. The client computes what a client
 * must: a server that is answered at once has warmer caches and a faster core than a real one. */
static struct login *computed;
static const struct kex *computed_kex;

struct connection {
    int fd;
    size_t len, sent; /* bytes received and not yet sent back */
    size_t turn;
    bool blocked;
};

/* Each returns false when the connection is over. */
static bool serve_echo(struct connection *c)
{
    ssize_t n;

    if (c->len == 0) {
        n = recv(c->fd, block, BLOCK, 0);
        if (n <= 0)
            return false;
        c->len = (size_t)n;
    }
    n = send(c->fd, block + c->sent, c->len - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        return false;
    c->sent += n < 0 ? 0 : (size_t)n;
    c->blocked = c->sent < c->len;
    if (!c->blocked)
        c->len = c->sent = 0;
    return true;
}

static bool serve_sink(struct connection *c)
{
    return recv(c->fd, block, BLOCK, 0) > 0;
}

static bool serve_source(struct connection *c)
{
    c->blocked = true;
    return send(c->fd, block, LOAD, MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

static bool serve_login(struct connection *c)
{
    ssize_t n = recv(c->fd, block, BLOCK, 0);

    if (n <= 0)
        return false;
    c->len += (size_t)n;
    if (c->len < turns[c->turn].in)
        return true;
    c->len = 0;
    if (computed != NULL)
        compute_at_server(computed, computed_kex, c->turn);
    if (turns[c->turn].out > 0)
        (void)send(c->fd, block, turns[c->turn].out, MSG_NOSIGNAL);
    return ++c->turn < TURNS;
}

struct kind {
    const char *name;
    bool (*serve)(struct connection *c);
    bool speaks; /* the server sends without a request */
};

static const struct kind kinds[] = {
    {"echo", serve_echo, false},
    {"key", serve_echo, false},
    {"sink", serve_sink, false},
    {"source", serve_source, true},
};
static const struct kind login = {"login", serve_login, false};

static const struct kex *find_kex(const char *name)
{
    const struct kex *kex = kexes;

    while (kex->name != NULL && strncmp(kex->name, name, strlen(kex->name)) != 0)
        kex++;
    if (kex->name == NULL)
        fail("no such KIND or KEX");
    if (name[strlen(kex->name)] == '+') {
        computed = new_login();
        computed_kex = kex;
    }
    return kex;
}

static const struct kind *find_kind(const char *name)
{
    const struct kex *kex;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    kex = find_kex(name);
    turns[0] = (struct turn){kex->in, kex->out};
    return &login;
}

static int listen_anywhere(int flags)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        fail("listen");
    (void)printf("%u\n", ntohs(at.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void watch(int epoll, int operation, struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (epoll_ctl(epoll, operation, c->fd, &event) != 0)
        fail("epoll_ctl");
}

static void take_connections(int epoll, int listener, const struct kind *kind)
{
    const int on = 1;
    int fd;

    /* epoll keeps the address: NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);

        if (c == NULL)
            fail("memory");
        c->fd = fd;
        c->blocked = kind->speaks;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, EPOLL_CTL_ADD, c, kind->speaks ? EPOLLOUT : EPOLLIN);
        if (kind == &login)
            (void)send(fd, block, HELLO, MSG_NOSIGNAL);
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static void serve_one(int epoll, struct connection *c, const struct kind *kind)
{
    bool was_blocked = c->blocked;

    if (!kind->serve(c)) {
        (void)close(c->fd);
        free(c);
    } else if (c->blocked != was_blocked) {
        watch(epoll, EPOLL_CTL_MOD, c, c->blocked ? EPOLLOUT : EPOLLIN);
    }
}

static void serve(const struct kind *kind)
{
    struct epoll_event events[64];
    struct connection listener = {.fd = listen_anywhere(SOCK_NONBLOCK)};
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    watch(epoll, EPOLL_CTL_ADD, &listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if (c == &listener)
                take_connections(epoll, listener.fd, kind);
            else
                serve_one(epoll, c, kind);
        }
    }
}

/* ---- TCP, the client ---- */

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void read_all(int fd, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, block, len < BLOCK ? len : BLOCK, 0);

        if (n <= 0)
            fail("recv");
        len -= (size_t)n;
    }
}

static void write_all(int fd, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, block, len < LOAD ? len : LOAD, MSG_NOSIGNAL);

        if (n <= 0)
            fail("send");
        len -= (size_t)n;
    }
}

/* Both directions at once; blocking calls one after the other would deadlock. */
static void drive_echo(int fd, size_t count)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t sent = 0, got = 0;

    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    while (got < count) {
        ssize_t n;

        (void)epoll_wait(epoll, &event, 1, -1);
        if (event.events & EPOLLIN && (n = recv(fd, block, BLOCK / 2, 0)) > 0)
            got += (size_t)n;
        if (event.events & EPOLLOUT && sent < count &&
            (n = send(fd, block, count - sent < LOAD ? count - sent : LOAD, MSG_NOSIGNAL)) > 0)
            sent += (size_t)n;
        if (sent == count) {
            event.events = EPOLLIN;
            (void)epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double wall_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void drive_keys(int fd, size_t count, size_t size)
{
    double *times = calloc(count + 1, sizeof *times);

    if (times == NULL)
        fail("memory");
    for (size_t i = 0; i < count; i++) {
        double begin = wall_us();

        write_all(fd, size);
        read_all(fd, size);
        times[i] = wall_us() - begin;
    }
    qsort(times, count, sizeof *times, compare);
    (void)printf("p50=%.1f p99=%.1f\n", times[count / 2], times[count * 99 / 100]);
    free(times);
}

static void drive_login(int port)
{
    int fd = dial(port);

    write_all(fd, IDENTIFICATION);
    read_all(fd, HELLO);
    for (size_t i = 0; i < TURNS; i++) {
        if (computed != NULL)
            compute_at_client(computed, computed_kex, i);
        write_all(fd, turns[i].in - (i == 0 ? IDENTIFICATION : 0));
        read_all(fd, turns[i].out);
    }
    (void)recv(fd, block, 1, 0); /* until the server closes, as load.c does */
    (void)close(fd);
}

static void drive(int port, const char *kind, size_t count, size_t size)
{
    const struct kind *k = find_kind(kind);
    int fd = k == &login ? -1 : dial(port);

    if (strcmp(kind, "echo") == 0)
        drive_echo(fd, count);
    else if (strcmp(kind, "sink") == 0)
        write_all(fd, count);
    else if (strcmp(kind, "source") == 0)
        read_all(fd, count);
    else if (strcmp(kind, "key") == 0)
        drive_keys(fd, count, size);
    else
        for (size_t i = 0; i < count; i++)
            drive_login(port);
}

/* ---- times of what is computed ---- */

/* Decryption costs as much as encryption. Packets are stored one after the other, as in an I/O
 * buffer. */
static void time_packets(const char *name, size_t size, size_t count)
{
    struct sealing s;
    size_t i = 0, step = size + 64, at = 0;
    double begin;

    while (i < sizeof protections / sizeof protections[0] && strcmp(protections[i].name, name) != 0)
        i++;
    if (i == sizeof protections / sizeof protections[0] || size > PACKET_MAX)
        fail("no such CIPHER or SIZE");
    sealing_start(&s, protections[i].cipher());
    begin = cpu_ns();
    for (size_t n = 0; n < count; n++) {
        at = at + 2 * step > BLOCK ? 0 : at + step;
        protections[i].work(&s, block + at, size);
    }
    (void)printf("%.1f\n", (cpu_ns() - begin) / (double)count);
    sealing_clear(&s);
}

static void time_login(const struct kex *kex, size_t count)
{
    struct login *l = new_login();
    double begin = cpu_ns();

    for (size_t i = 0; i < count; i++)
        for (size_t turn = 0; turn < TURNS; turn++)
            compute_at_server(l, kex, turn);
    (void)printf("%.2f\n", (cpu_ns() - begin) / (double)count / 1e3);
    sealing_clear(&l->packets);
    free(l);
}

/* ---- inetd ---- */

static void reap(int number)
{
    int kept = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = kept;
}

static void accept_for(char **command)
{
    int listener = listen_anywhere(0);

    (void)signal(SIGCHLD, reap);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t child;

        if (fd < 0)
            continue;
        /* NOLINTNEXTLINE(clang-analyzer-*): the cheapest way there is, which is what is measured */
        child = vfork();
        if (child == 0) {
            (void)dup2(fd, STDIN_FILENO); /* NOLINT(clang-analyzer-unix.Vfork): the same */
            (void)dup2(fd, STDOUT_FILENO);
            (void)execvp(command[0], command);
            _exit(127);
        }
        (void)close(fd);
    }
}

/* ---- start ---- */

/* Keeps a core awake for processes of higher priority. */
static void spin(void)
{
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static void end(int number)
{
    while (number != 0 && waitpid(-1, NULL, 0) > 0) /* so that their CPU time is counted */
        ;
    _exit(0);
}

int main(int argc, char **argv)
{
    (void)signal(SIGTERM, end);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(find_kind(argv[2]));
    else if (argc == 6 && strcmp(argv[1], "drive") == 0)
        drive(atoi(argv[2]), argv[3], strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
    else if (argc == 5 && strcmp(argv[1], "packet") == 0)
        time_packets(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "login") == 0)
        time_login(find_kex(argv[2]), strtoull(argv[3], NULL, 10));
    else if (argc == 2 && strcmp(argv[1], "spin") == 0)
        spin();
    else if (argc >= 3 && strcmp(argv[1], "accept") == 0)
        accept_for(argv + 2);
    else
        return 2;
    return 0;
}
