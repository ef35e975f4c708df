#include "apps/server/accept.h"

#include "apps/server/listen.h"
#include "apps/server/peer.h"
#include "apps/server/proxied.h"
#include "apps/session/errbuf.h"
#include "transport/rate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 64,     /* of the only worker; several leave something to the others */
    LAST_TURNS = 64,         /* so that 4096 are accepted, as many as Linux queues by default */
    PAUSE_MS = 200,          /* of a listener that can accept nothing */
    SHEDDING_MS = 10 * 1000, /* without shedding; after that it is reported again */
    REFUSED_BURST = 100,     /* `refused` events at once, */
    REFUSED_MINUTE = 1200,   /* ... and per minute; the others are only counted */
};

struct listener {
    struct source source;
    struct timer pause;
    struct worker *worker;
    int fd;
};

/* ---- refused by a limit ---- */

/* RFC 4253 section 4.2 allows a server to send lines before its identification. These are sshd's.
 */
static const char *farewell(enum nacre_limit limit)
{
    switch (limit) {
    case NACRE_LIMIT_PENALTY:
        return "Not allowed at this time\r\n";
    case NACRE_LIMIT_PROXY_HEADER:
        return "Expected a header of the PROXY protocol\r\n";
    default:
        return "Exceeded MaxStartups\r\n";
    }
}

static void count_refusal(struct worker *worker, enum nacre_limit limit, const char *address)
{
    const struct nacre_rate most = {REFUSED_BURST, REFUSED_MINUTE};
    struct nacre_server *server = worker->server;
    uint64_t before = worker->refusals;

    (void)atomic_fetch_add(&server->limited[limit], 1);
    if (server->parts.events.refused == NULL)
        return;
    if (rate_take(&worker->refusals, most, worker->loop.now_ms) != 0) {
        worker->refusals = before;
        worker->unlogged++;
        return;
    }
    server->parts.events.refused(worker->settings->config.context, address, limit,
                                 worker->unlogged);
    worker->unlogged = 0;
}

static void refuse(struct worker *worker, int fd, const struct sockaddr_storage *address,
                   enum nacre_limit limit)
{
    const char *text = farewell(limit);
    char from[ADDRESS_MAX];

    (void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    address_text(from, address, fd);
    count_refusal(worker, limit, from); /* before the client can know of it */
    (void)close(fd);
}

static bool admit(struct worker *worker, int fd, const struct sockaddr_storage *address)
{
    struct ticket ticket;
    enum nacre_limit limit;
    bool good =
        admission_enter(worker->server->admission, address, worker->loop.now_ms, &ticket, &limit);

    if (good)
        peer_start(worker, fd, address, &ticket);
    else
        refuse(worker, fd, address, limit);
    return good;
}

/* A Unix socket has no address that tells clients apart, even if the client has given it a name. */
static struct sockaddr_storage only_source(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET || address->ss_family == AF_INET6)
        return *address;
    return (struct sockaddr_storage){.ss_family = AF_UNIX};
}

bool accept_adopt(struct worker *worker, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    int flags = fcntl(fd, F_GETFL), failure;

    if (getpeername(fd, (struct sockaddr *)&address, &len) != 0 || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        failure = errno;
        (void)close(fd);
        errno = failure;
        return false;
    }
    address = only_source(&address);
    pump_set_options(fd);
    if (!worker->loop.running)
        loop_update_clock(&worker->loop);
    if (admit(worker, fd, &address))
        return true;
    errno = EUSERS;
    return false;
}

static void admit_proxied(struct worker *worker, int fd, const struct sockaddr_storage *address)
{
    (void)admit(worker, fd, address);
}

static void on_accepted(struct worker *worker, int fd, const struct sockaddr_storage *from)
{
    static const struct proxied_calls calls = {admit_proxied, refuse};
    const struct sockaddr_storage address = only_source(from);

    if (proxied_expected(worker, fd, &address))
        proxied_start(worker, fd, &address, &calls);
    else
        (void)admit(worker, fd, &address);
}

/* ---- out of descriptors ---- */

static void note_shed(struct worker *worker)
{
    (void)atomic_fetch_add(&worker->server->limited[NACRE_LIMIT_DESCRIPTORS], 1);
    if (worker->loop.now_ms >= worker->shedding_until_ms)
        server_trouble(worker->server, worker->settings->config.context,
                       "out of file descriptors or memory: new connections are "
                       "refused until existing ones end");
    worker->shedding_until_ms = worker->loop.now_ms + SHEDDING_MS;
}

/* All workers share the socket, as may other processes; one of them is woken. A socket for each
 * worker (SO_REUSEPORT) is no faster, and when one of those is closed, the connections in its queue
 * are reset: README.md. */
static bool watch(struct listener *listener)
{
    return loop_watch(&listener->worker->loop, listener->fd, &listener->source,
                      EPOLLIN | EPOLLEXCLUSIVE);
}

static void end_pause(struct timer *timer)
{
    struct listener *listener = container_of(timer, struct listener, pause);
    struct nacre_loop *loop = &listener->worker->loop;

    if (!watch(listener))
        (void)loop_set_timer(loop, &listener->pause, loop->now_ms + PAUSE_MS);
}

/* Give up the spare descriptor to accept the new connection and close it: otherwise the listener
 * would stay ready for ever. If another thread has taken the spare one meanwhile, the listener
 * pauses. False: it does, or there is no new connection. */
static bool shed(struct listener *listener)
{
    struct worker *worker = listener->worker;
    struct nacre_loop *loop = &worker->loop;
    bool none;
    int fd;

    if (worker->spare >= 0)
        (void)close(worker->spare);
    fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    none = fd < 0 && errno == EAGAIN; /* accept4 allocates the descriptor before it checks */
    if (fd >= 0)
        (void)close(fd);
    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (none)
        return false;
    note_shed(worker);
    if (fd >= 0 && worker->spare >= 0)
        return true;
    loop_unwatch(loop, listener->fd, &listener->source);
    (void)loop_set_timer(loop, &listener->pause, loop->now_ms + PAUSE_MS);
    return false;
}

/* The kernel wakes the idle worker that has watched the socket for longest: always the same one,
 * unless those that have accepted go to the end of the queue. */
static void let_others(struct listener *listener)
{
    struct nacre_loop *loop = &listener->worker->loop;

    if (listener->worker->server->worker_count == 1)
        return;
    loop_unwatch(loop, listener->fd, &listener->source);
    if (!watch(listener))
        (void)loop_set_timer(loop, &listener->pause, loop->now_ms + PAUSE_MS);
}

/* False: no connection is left, or none can be accepted. */
static bool accept_some(struct listener *listener, int most)
{
    bool more = true;

    for (int i = 0; i < most && more; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof address;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0 && i == 0)
            let_others(listener); /* before the client can know that it is served */
        if (fd >= 0)
            on_accepted(listener->worker, fd, &address);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            more = shed(listener);
        else
            more = errno == ECONNABORTED || errno == EINTR;
    }
    return more;
}

static void on_connection(struct source *source, uint32_t events)
{
    struct listener *listener = container_of(source, struct listener, source);

    (void)events;
    (void)accept_some(listener, listener->worker->server->worker_count > 1 ? 1 : ACCEPTS_A_TURN);
}

/* ---- listening ---- */

/* A duplicate of the server's socket, or of one that the program has. */
static bool listen_with(struct worker *worker, size_t i, int fd, const struct errbuf *p)
{
    struct listener *listener = &worker->listeners[i];

    listener->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return (listener->fd >= 0 && watch(listener)) ||
           errbuf_say(p, "cannot listen with descriptor %d: %s", fd, strerror(errno));
}

bool accept_open(struct worker *worker, const int *sockets, char *errbuf, size_t size)
{
    const struct nacre_server *server = worker->server;
    struct errbuf p = errbuf_in(errbuf, size);

    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    worker->listeners = calloc(server->listener_count, sizeof *worker->listeners);
    if (worker->listeners == NULL)
        return errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
    for (size_t i = 0; i < server->listener_count; i++)
        worker->listeners[i] = (struct listener){
            .worker = worker, .source.ready = on_connection, .pause.fire = end_pause, .fd = -1};
    for (size_t i = 0; i < server->listener_count; i++)
        if (!listen_with(worker, i, sockets[i], &p))
            return false;
    return true;
}

/* With an end, since clients may go on connecting. */
void accept_queued(struct worker *worker)
{
    const struct nacre_server *server = worker->server;

    for (size_t i = 0; i < server->listener_count && server->config.socket_count == 0; i++)
        for (int turn = 0; turn < LAST_TURNS; turn++)
            if (worker->listeners[i].fd < 0 || !accept_some(&worker->listeners[i], ACCEPTS_A_TURN))
                break;
}

void accept_close(struct worker *worker)
{
    for (size_t i = 0; i < worker->server->listener_count && worker->listeners != NULL; i++) {
        struct listener *listener = &worker->listeners[i];

        if (listener->fd < 0)
            continue;
        (void)loop_set_timer(&worker->loop, &listener->pause, UINT64_MAX);
        loop_unwatch(&worker->loop, listener->fd, &listener->source);
        (void)close(listener->fd);
        listener->fd = -1;
    }
}
