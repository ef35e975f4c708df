/* Connections on their way in: taken, turned away by a limit, or shed for want of descriptors. */
#include "apps/server/parts.h"

#include "apps/server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 64,
    PAUSE_MS = 200,        /* of a listener that can take nothing */
    SPELL_MS = 10 * 1000,  /* without shedding: the next time is another spell */
    REFUSED_BURST = 100,   /* lines about who was turned away, at once, */
    REFUSED_MINUTE = 1200, /* ... and a minute; the others are counted */
};

struct listener {
    struct source source;
    struct timer pause;
    struct worker *worker;
    int fd;
};

/* ---- turned away ---- */

/* RFC 4253 section 4.2 lets a server send lines before its identification; these are sshd's. */
static const char *farewell(enum nacre_limit limit)
{
    return limit == NACRE_LIMIT_PENALTY ? "Not allowed at this time\r\n"
                                        : "Exceeded MaxStartups\r\n";
}

static void count_refusal(struct worker *worker, enum nacre_limit limit, const char *address)
{
    const struct nacre_rate most = {REFUSED_BURST, REFUSED_MINUTE};
    struct nacre_server *server = worker->server;
    const struct nacre_server_events *events = server->config.events;
    uint64_t before = worker->refusals;

    (void)atomic_fetch_add(&server->limited[limit], 1);
    if (events == NULL || events->refused == NULL)
        return;
    if (rate_take(&worker->refusals, most, worker->loop.now_ms) != 0) {
        worker->refusals = before;
        worker->unlogged++;
        return;
    }
    events->refused(server->config.context, address, limit, worker->unlogged);
    worker->unlogged = 0;
}

static void turn_away(struct worker *worker, int fd, enum nacre_limit limit,
                      const struct sockaddr_storage *address)
{
    const char *text = farewell(limit);
    char from[ADDRESS_MAX];

    (void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
    address_text(from, address);
    count_refusal(worker, limit, from);
}

static void take_in(struct worker *worker, int fd, const struct sockaddr_storage *address)
{
    struct ticket ticket;
    enum nacre_limit limit;

    if (admission_enter(worker->server->admission, address, worker->loop.now_ms, &ticket, &limit))
        peer_start(worker, fd, address, &ticket);
    else
        turn_away(worker, fd, limit, address);
}

/* ---- out of descriptors ---- */

static void note_shed(struct worker *worker)
{
    (void)atomic_fetch_add(&worker->server->limited[NACRE_LIMIT_DESCRIPTORS], 1);
    if (worker->loop.now_ms >= worker->spell_until_ms)
        server_trouble(worker->server,
                       "out of file descriptors or memory: new connections are turned away "
                       "until some of the old ones end");
    worker->spell_until_ms = worker->loop.now_ms + SPELL_MS;
}

static void watch_again(struct timer *timer)
{
    struct listener *listener =
        (struct listener *)(void *)((char *)timer - offsetof(struct listener, pause));
    struct nacre_loop *loop = &listener->worker->loop;

    if (!loop_watch(loop, listener->fd, &listener->source, EPOLLIN))
        (void)loop_set_timer(loop, &listener->pause, loop->now_ms + PAUSE_MS);
}

/* Give up the spare descriptor to shed the new connection, so that the listener does not stay ready
 * for ever. When another thread has taken the spare one, the listener pauses. False: that, or there
 * is no new connection. */
static bool shed(struct listener *listener)
{
    struct worker *worker = listener->worker;
    struct nacre_loop *loop = &worker->loop;
    bool nobody;
    int fd;

    if (worker->spare >= 0)
        (void)close(worker->spare);
    fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    nobody = fd < 0 && errno == EAGAIN; /* the system looks for a descriptor before it looks */
    if (fd >= 0)
        (void)close(fd);
    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nobody)
        return false;
    note_shed(worker);
    if (fd >= 0 && worker->spare >= 0)
        return true;
    loop_unwatch(loop, listener->fd, &listener->source);
    (void)loop_set_timer(loop, &listener->pause, loop->now_ms + PAUSE_MS);
    return false;
}

static void on_connection(struct source *source, uint32_t events)
{
    struct listener *listener = (struct listener *)source;
    bool more = true;

    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN && more; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            take_in(listener->worker, fd, &address);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            more = shed(listener);
        else
            more = errno == ECONNABORTED || errno == EINTR;
    }
}

/* ---- listening ---- */

static bool listen_on(struct worker *worker, size_t i, const char *text, char *errbuf, size_t size)
{
    struct nacre_server *server = worker->server;
    struct listener *listener = &worker->listeners[i];
    bool first = worker == server->workers;
    struct sockaddr_storage address;
    socklen_t len;

    if (!listen_resolve(first ? text : server->addresses[i], &address, &len, errbuf, size))
        return false;
    listener->worker = worker;
    listener->source.ready = on_connection;
    listener->pause.fire = watch_again;
    listener->fd = listen_open(&address, len, server->worker_count > 1, first);
    if (listener->fd < 0 || !loop_watch(&worker->loop, listener->fd, &listener->source, EPOLLIN)) {
        (void)snprintf(errbuf, size, "cannot listen on %s: %s", text, strerror(errno));
        return false;
    }
    len = sizeof address;
    if (first && getsockname(listener->fd, (struct sockaddr *)&address, &len) == 0)
        address_text(server->addresses[i], &address);
    return true;
}

bool accept_open(struct worker *worker, char *errbuf, size_t size)
{
    const struct nacre_server *server = worker->server;

    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    worker->listeners = calloc(server->listener_count, sizeof *worker->listeners);
    if (worker->listeners == NULL) {
        (void)snprintf(errbuf, size, "cannot start: %s", strerror(ENOMEM));
        return false;
    }
    for (size_t i = 0; i < server->listener_count; i++)
        worker->listeners[i].fd = -1;
    for (size_t i = 0; i < server->listener_count; i++)
        if (!listen_on(worker, i, server->config.listen[i], errbuf, size))
            return false;
    return true;
}

void accept_close(struct worker *worker)
{
    for (size_t i = 0; i < worker->server->listener_count && worker->listeners != NULL; i++) {
        struct listener *listener = &worker->listeners[i];

        if (listener->fd < 0)
            continue;
        (void)loop_set_timer(&worker->loop, &listener->pause, UINT64_MAX);
        (void)close(listener->fd);
        listener->fd = -1;
    }
}
