#include "apps/daemon/metrics_server.h"

#include "apps/daemon/log.h"
#include "apps/daemon/metrics.h"
#include "apps/daemon/metrics_answer.h"
#include "apps/runtime/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    AT_ONCE = 4,        /* connections accepted in one iteration of the loop */
    PULSE_MS = 1000,    /* between two measurements of the loop's lag */
    FAREWELL_MS = 1000, /* for all readers that are left when another process serves */
    US_PER_MS = 1000,
};

/* One connection */
struct reader {
    struct metrics_server *owner;
    struct reader *next; /* an older one */
    int fd;
    struct nacre_watch *watch;
    struct nacre_timer *deadline;
    char request[METRICS_REQUEST_MAX];
    size_t len;
    char *answer; /* NULL: none yet */
    size_t answer_len, sent;
};

struct metrics_server {
    struct nacre_server *server;
    int fd; /* -1: another process serves there */
    bool (*is_draining)(void);
    struct nacre_watch *watch;
    struct nacre_timer *pulse;
    uint64_t pulse_us;      /* when it is due */
    struct reader *readers; /* the newest first */
    unsigned count;
};

/* ---- one connection ---- */

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void reader_free(struct reader *r)
{
    struct reader **link = &r->owner->readers;

    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    r->owner->count--;
    nacre_watch_free(r->watch);
    nacre_timer_free(r->deadline);
    (void)close(r->fd);
    free(r->answer);
    free(r);
}

static void on_deadline(void *context)
{
    reader_free(context);
}

static const char *status_of(const struct reader *r, enum metrics_answer kind)
{
    switch (kind) {
    case METRICS_TEXT:
        return "200 OK";
    case METRICS_HEALTH:
        return r->owner->is_draining() ? "503 Service Unavailable" : "200 OK";
    case METRICS_NOT_FOUND:
        return "404 Not Found";
    case METRICS_NOT_ALLOWED:
        return "405 Method Not Allowed";
    case METRICS_UNTIL_LATER: /* and there is no more space */
        return "431 Request Header Fields Too Large";
    default:
        return "400 Bad Request";
    }
}

/* The header is printed first into a place of its own, because it has the length of the body. */
static bool prepare(struct reader *r, enum metrics_answer kind, bool head)
{
    const char *status = status_of(r, kind);
    char *body;
    size_t len;

    r->answer = malloc(METRICS_HEADER_MAX + METRICS_TEXT_MAX);
    if (r->answer == NULL)
        return false;
    body = r->answer + METRICS_HEADER_MAX;
    len = kind == METRICS_TEXT ? metrics_print(r->owner->server, body)
                               : (size_t)snprintf(body, METRICS_TEXT_MAX, "%s\n", status);
    r->answer_len = (size_t)snprintf(
        r->answer, METRICS_HEADER_MAX,
        "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        "Content-Length: %zu\r\nCache-Control: no-store\r\n%sConnection: close\r\n\r\n",
        status, len, kind == METRICS_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "");
    if (head)
        return true;
    memmove(r->answer + r->answer_len, body, len);
    r->answer_len += len;
    return true;
}

/* False: the connection has failed. When all is sent, the reader closes first: if this side did,
 * with bytes unread, the kernel would reset the connection and the answer could be lost. */
static bool send_answer(struct reader *r)
{
    ssize_t n = send(r->fd, r->answer + r->sent, r->answer_len - r->sent, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN && nacre_watch_set(r->watch, NACRE_WATCH_WRITE);
    r->sent += (size_t)n;
    if (r->sent < r->answer_len)
        return nacre_watch_set(r->watch, NACRE_WATCH_WRITE);
    (void)shutdown(r->fd, SHUT_WR);
    return nacre_watch_set(r->watch, NACRE_WATCH_READ);
}

/* False: the connection has ended or failed. */
static bool receive(struct reader *r)
{
    bool head = false, answered = r->answer != NULL;
    enum metrics_answer kind;
    ssize_t n;

    r->len = answered ? 0 : r->len; /* what follows the request is thrown away */
    n = recv(r->fd, r->request + r->len, sizeof r->request - r->len, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    r->len += (size_t)n;
    if (answered)
        return true;
    kind = metrics_answer(r->request, r->len, &head);
    if (kind == METRICS_UNTIL_LATER && r->len < sizeof r->request)
        return true;
    return prepare(r, kind, head) && send_answer(r);
}

static void on_reader(void *context)
{
    struct reader *r = context;
    bool sends = r->answer != NULL && r->sent < r->answer_len;

    if (!(sends ? send_answer(r) : receive(r)))
        reader_free(r);
}

/* The server does not run any more, and the process is going to end. */
static void finish(struct reader *r, uint64_t until_us)
{
    bool sends = false;
    uint64_t now;

    while ((r->answer == NULL || sends) && (now = now_us()) < until_us) {
        struct pollfd ready = {.fd = r->fd, .events = sends ? POLLOUT : POLLIN};

        if (poll(&ready, 1, (int)((until_us - now) / US_PER_MS)) <= 0 ||
            !(sends ? send_answer(r) : receive(r)))
            return;
        sends = r->answer != NULL && r->sent < r->answer_len;
    }
}

/* ---- all of them ---- */

static void free_oldest(struct metrics_server *m)
{
    struct reader *r = m->readers;

    while (r->next != NULL)
        r = r->next;
    reader_free(r);
}

static void add_reader(struct metrics_server *m, int fd)
{
    struct reader *r = calloc(1, sizeof *r);
    struct nacre_loop *loop = nacre_server_loop(m->server);

    if (r == NULL) {
        (void)close(fd);
        return;
    }
    r->owner = m;
    r->fd = fd;
    r->next = m->readers;
    m->readers = r;
    m->count++;
    r->watch = nacre_watch_new(loop, fd, on_reader, r);
    r->deadline = nacre_timer_new(loop, on_deadline, r);
    if (r->watch == NULL || r->deadline == NULL || !nacre_timer_set(r->deadline, METRICS_READER_MS))
        reader_free(r);
}

static bool is_passing(int failure)
{
    return failure == EAGAIN || failure == EINTR || failure == ECONNABORTED;
}

/* When descriptors are out, the pulse tries again: the socket stays readable, so that the loop
 * would call this without pause. */
static void on_connection(void *context)
{
    struct metrics_server *m = context;

    for (int i = 0; i < AT_ONCE; i++) {
        int fd = accept4(m->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && !is_passing(errno))
            (void)nacre_watch_set(m->watch, 0);
        if (fd < 0)
            return;
        if (m->count == METRICS_READERS_MAX)
            free_oldest(m);
        add_reader(m, fd);
    }
}

static bool set_pulse(struct metrics_server *m)
{
    m->pulse_us = now_us() + (uint64_t)PULSE_MS * US_PER_MS;
    return nacre_timer_set(m->pulse, PULSE_MS);
}

static void on_pulse(void *context)
{
    struct metrics_server *m = context;
    uint64_t now = now_us();

    metrics_lag(now > m->pulse_us ? now - m->pulse_us : 0);
    if (m->watch != NULL)
        (void)nacre_watch_set(m->watch, NACRE_WATCH_READ);
    (void)set_pulse(m);
}

static void log_address(int fd)
{
    char address[NACRE_LISTEN_ADDRESS_MAX];
    struct log_line l;

    nacre_server_socket_address(fd, address);
    log_begin(&l, LOG_INFO, "metrics");
    log_text(&l, "addr", address);
    log_end(&l);
}

struct metrics_server *metrics_server_new(struct nacre_server *server, int fd,
                                          bool (*is_draining)(void))
{
    struct metrics_server *m = calloc(1, sizeof *m);

    if (m == NULL) {
        (void)close(fd);
        return NULL;
    }
    *m = (struct metrics_server){.server = server, .fd = fd, .is_draining = is_draining};
    m->watch = nacre_watch_new(nacre_server_loop(server), fd, on_connection, m);
    m->pulse = nacre_timer_new(nacre_server_loop(server), on_pulse, m);
    if (m->watch == NULL || m->pulse == NULL || !set_pulse(m)) {
        metrics_server_free(m);
        return NULL;
    }
    log_address(fd);
    return m;
}

void metrics_server_retire(struct metrics_server *m)
{
    if (m == NULL || m->fd < 0)
        return;
    nacre_watch_free(m->watch);
    m->watch = NULL;
    (void)close(m->fd);
    m->fd = -1;
}

void metrics_server_free(struct metrics_server *m)
{
    uint64_t until_us = now_us() + (uint64_t)FAREWELL_MS * US_PER_MS;

    if (m == NULL)
        return;
    for (struct reader *r = m->readers, *next; r != NULL; r = next) {
        next = r->next;
        if (m->fd < 0) /* an upgrade: no reader should notice it */
            finish(r, until_us);
        reader_free(r);
    }
    nacre_watch_free(m->watch);
    nacre_timer_free(m->pulse);
    if (m->fd >= 0)
        (void)close(m->fd);
    free(m);
}
