#include "apps/runtime/pump.h"

#include "apps/runtime/container_of.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    QUICK_ACKS = 16,      /* more than a login takes */
    LOAD = 64 * 1024,     /* bytes out that are a session's share of a turn of the loop */
    UNSENT = 32 * 1024,   /* bytes the kernel may hold unsent while channels share the socket */
    LINGER_MS = 2 * 1000, /* how long we wait for the other side to read our last words */
    FLUSH_MS = 5 * 1000,  /* ... and to take what is left when a session has ended */
};

void pump_close(struct pump *pump)
{
    if (pump->session != NULL)
        nacre_session_free(pump->session);
    pump->session = NULL;
    (void)loop_set_timer(pump->loop, &pump->timer, UINT64_MAX);
    loop_forget(pump->loop, &pump->task);
    /* Closing would take it out of the epoll too, but not while a process that another thread has
     * just started still has a copy of the descriptor: then events would come for freed memory. */
    loop_unwatch(pump->loop, pump->fd, &pump->source);
    (void)close(pump->fd);
    pump->fd = -1;
    pump->over(pump);
}

/* All is said: tell the other side so, and wait a little for it to read. Closing at once could make
 * its kernel drop our DISCONNECT. */
static void linger(struct pump *pump)
{
    nacre_session_free(pump->session);
    pump->session = NULL;
    pump->lingering = true;
    (void)shutdown(pump->fd, SHUT_WR);
    if (!loop_set_timer(pump->loop, &pump->timer, pump->loop->now_ms + LINGER_MS))
        pump_close(pump);
}

static void read_to_the_end(struct pump *pump)
{
    char dropped[4096];
    ssize_t n = recv(pump->fd, dropped, sizeof dropped, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        pump_close(pump);
    else if (n > 0 || errno == EINTR)
        loop_later(pump->loop, &pump->task);
}

/* From the second channel on one may wait for what another one has sent: the kernel then takes no
 * more than it can soon put on the wire. For one alone that would be wakeups for nothing. */
static void share(struct pump *pump)
{
    const int unsent = UNSENT;

    pump->shared = true;
    (void)setsockopt(pump->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

/* Send what there is now, `len` bytes. False: the connection broke. */
static bool send_some(struct pump *pump, const uint8_t *at, size_t len)
{
    uint64_t now = pump->loop->now_ms;
    ssize_t n = send(pump->fd, at, len, MSG_NOSIGNAL);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno != EAGAIN)
        return false;
    pump->sendable = n >= 0 && (size_t)n == len;
    if (n > 0)
        nacre_session_sent(pump->session, (size_t)n, now);
    if (!pump->sendable)
        nacre_session_sent(pump->session, 0, now);
    return true;
}

/* Send one load, which the session hands out in pieces: what it shows is never much, so that a key
 * does not queue behind it. False: the connection broke. */
static bool flush(struct pump *pump)
{
    size_t len, load = 0;
    const uint8_t *at = nacre_session_output(pump->session, &len);

    while (len > 0 && pump->sendable && load < LOAD) {
        if (!send_some(pump, at, len))
            return false;
        load += len;
        at = nacre_session_output(pump->session, &len);
    }
    return true;
}

static bool has_output(struct pump *pump)
{
    size_t len;

    (void)nacre_session_output(pump->session, &len);
    return len > 0;
}

/* Some of what a peer says during a login has no answer, its NEWKEYS for one. While Nagle's
 * algorithm is on at its end it says nothing more until that is acknowledged, which TCP delays by
 * 40 ms. */
static void acknowledge(struct pump *pump)
{
    const int on = 1;

    pump->quick_acks--;
    (void)setsockopt(pump->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* Receive one load. False: the other side is gone. */
static bool receive(struct pump *pump)
{
    uint64_t now = pump->loop->now_ms;
    size_t room;
    uint8_t *at = nacre_session_input(pump->session, &room);
    ssize_t n;

    if (room == 0)
        return true;
    n = recv(pump->fd, at, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        pump->readable = errno == EINTR;
        nacre_session_received(pump->session, 0, now); /* gives the room back */
        return true;
    }
    if (n <= 0) { /* what was read before still counts */
        do
            nacre_session_tick(pump->session, now);
        while (nacre_session_deadline(pump->session) <= now);
        return false;
    }
    nacre_session_received(pump->session, (size_t)n, now);
    if (pump->quick_acks > 0 && !has_output(pump) && !nacre_session_ended(pump->session, NULL))
        acknowledge(pump);
    pump->readable = pump->hung_up || (size_t)n == room;
    return true;
}

static bool may_receive(struct pump *pump)
{
    size_t room;

    if (!pump->readable)
        return false;
    (void)nacre_session_input(pump->session, &room);
    return room > 0;
}

/* The session is over: see its last bytes off. A peer that said DISCONNECT does not read ours. */
static void finish(struct pump *pump)
{
    struct nacre_loop *loop = pump->loop;
    struct nacre_end why;

    (void)nacre_session_ended(pump->session, &why);
    if (!has_output(pump) && why.cause == NACRE_DISCONNECTED) {
        pump_close(pump);
        return;
    }
    if (!has_output(pump)) {
        linger(pump);
        return;
    }
    if (!pump->finishing && !loop_set_timer(loop, &pump->timer, loop->now_ms + FLUSH_MS)) {
        pump_close(pump);
        return;
    }
    pump->finishing = true;
    if (pump->sendable)
        loop_later(loop, &pump->task);
}

/* A deadline that moved away needs nothing: the timer asks again when it fires. False: no memory
 * for it, and a session without its deadlines could stay for ever. */
static bool set_timer(struct pump *pump, uint64_t deadline)
{
    return (pump->timer.place != 0 && deadline >= pump->timer.at_ms) ||
           loop_set_timer(pump->loop, &pump->timer, deadline);
}

/* One load out, one in, and what it makes out; the rest in the next turn, after the others had
 * theirs. That is a bulk sender's share: two of the largest packets that channels carry. */
static void serve(struct pump *pump)
{
    struct nacre_loop *loop = pump->loop;
    bool alive = flush(pump);
    uint64_t deadline;

    if (alive && pump->readable && !nacre_session_ended(pump->session, NULL))
        alive = receive(pump) && flush(pump);
    if (!alive) {
        pump_close(pump);
        return;
    }
    if (nacre_session_ended(pump->session, NULL)) {
        finish(pump);
        return;
    }
    if (!pump->shared && nacre_session_channels(pump->session) > 1)
        share(pump);
    deadline = nacre_session_deadline(pump->session);
    if ((pump->sendable && has_output(pump)) || may_receive(pump) || deadline <= loop->now_ms)
        loop_later(loop, &pump->task);
    else if (!set_timer(pump, deadline))
        pump_close(pump);
}

/* A session of which little is to be expected, a key perhaps, does not wait for the others. */
static void on_ready(struct source *source, uint32_t events)
{
    struct pump *pump = container_of(source, struct pump, source);

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        pump->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        pump->hung_up = true;
    if (events & EPOLLOUT)
        pump->sendable = true;
    if (pump->lingering)
        read_to_the_end(pump);
    else if (has_output(pump) || nacre_session_is_heavy(pump->session))
        loop_later(pump->loop, &pump->task);
    else if (!pump->task.queued) /* or it has a turn coming already */
        serve(pump);
}

static void on_task(struct task *task)
{
    struct pump *pump = container_of(task, struct pump, task);

    if (pump->lingering) {
        read_to_the_end(pump);
        return;
    }
    nacre_session_tick(pump->session, pump->loop->now_ms);
    serve(pump);
}

static void on_timer(struct timer *timer)
{
    struct pump *pump = container_of(timer, struct pump, timer);

    if (pump->lingering || pump->finishing) { /* that was its time for it */
        pump_close(pump);
        return;
    }
    nacre_session_tick(pump->session, pump->loop->now_ms);
    serve(pump);
}

void pump_set_options(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void pump_init(struct pump *pump, struct nacre_loop *loop, int fd, void (*over)(struct pump *pump))
{
    *pump = (struct pump){.source = {on_ready},
                          .task = {.run = on_task},
                          .timer = {.fire = on_timer},
                          .loop = loop,
                          .fd = fd,
                          .sendable = true,
                          .quick_acks = QUICK_ACKS,
                          .over = over};
}

bool pump_start(struct pump *pump, struct nacre_session *session)
{
    pump->session = session;
    if (session == NULL ||
        !loop_watch(pump->loop, pump->fd, &pump->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
        return false;
    loop_later(pump->loop, &pump->task);
    return true;
}

void pump_wake(struct pump *pump)
{
    loop_later(pump->loop, &pump->task);
}
