#include "apps/runtime/pump.h"

#include "apps/session/container_of.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    QUICK_ACKS = 16,      /* more than a login needs */
    SHARE = 64 * 1024,    /* bytes that a session may send per loop iteration */
    UNSENT = 32 * 1024,   /* bytes the kernel may hold unsent while channels share the socket */
    LINGER_MS = 2 * 1000, /* for the other side to read our last bytes */
    FLUSH_MS = 5 * 1000,  /* ... and, before that, to accept them */
};

/* Serve it soon. First key exchanges go before later ones, with which a peer could keep the thread
 * busy while others wait for their login. */
static void serve_later(struct pump *pump)
{
    if (pump->session != NULL && nacre_session_is_rekeying(pump->session))
        loop_defer(pump->loop, &pump->task);
    else
        loop_later(pump->loop, &pump->task);
}

/* ---- the end ---- */

/* Once the session is gone. Removes the socket from epoll before closing it: a child process that
 * another thread has just forked may still have a copy of the descriptor, which would keep events
 * coming for freed memory. */
static void close_socket(struct pump *pump)
{
    (void)loop_set_timer(pump->loop, &pump->timer, UINT64_MAX);
    loop_forget(pump->loop, &pump->task);
    loop_unwatch(pump->loop, pump->fd, &pump->source);
    (void)close(pump->fd);
    pump->fd = -1;
    pump->over(pump);
}

static void free_session(struct pump *pump)
{
    if (pump->freeing)
        return;
    pump->freeing = true;
    nacre_session_free(pump->session);
}

void pump_close(struct pump *pump)
{
    if (pump->closing)
        return;
    pump->closing = true;
    if (pump->session != NULL)
        free_session(pump);
    else
        close_socket(pump);
}

/* If the application freed the session itself, a function of the pump may be using it further up
 * the stack: the task closes the pump then. */
void pump_session_freed(struct pump *pump)
{
    pump->session = NULL;
    if (pump->closing)
        close_socket(pump);
    else if (!pump->lingering)
        loop_later(pump->loop, &pump->task);
}

/* Everything is sent: shut the socket down, and wait a little for the other side to read. Closing
 * at once could make its kernel drop our DISCONNECT. */
static void linger(struct pump *pump)
{
    pump->lingering = true;
    free_session(pump);
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

static bool has_output(const struct pump *pump)
{
    size_t len;

    (void)nacre_session_output(pump->session, &len);
    return len > 0;
}

/* The session has ended: send its last bytes. A peer that sent DISCONNECT does not read them. */
static void finish(struct pump *pump)
{
    struct nacre_loop *loop = pump->loop;
    const struct nacre_end *why = nacre_session_ended(pump->session);

    if (pump->broken || (!has_output(pump) && why != NULL && why->cause == NACRE_DISCONNECTED)) {
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
        serve_later(pump);
}

/* ---- sending ---- */

/* From the second channel on, one may wait for bytes that another has sent: the kernel then gets no
 * more than it can soon put on the wire. A single channel would only be woken up more often. */
static void limit_unsent(struct pump *pump)
{
    const int unsent = UNSENT;

    pump->shared = true;
    (void)setsockopt(pump->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

/* The peer has closed its socket. What it sent before that may still wait here, such as the end of
 * a command's output: receive all of it before the session is lost. */
static void stop_sending(struct pump *pump)
{
    pump->broken = pump->hung_up = pump->readable = true;
}

/* Send these bytes, or the first of them. False: the session is gone. */
static bool send_some(struct pump *pump, const uint8_t *at, size_t len)
{
    uint64_t now = pump->loop->now_ms;
    ssize_t n = send(pump->fd, at, len, MSG_NOSIGNAL);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno != EAGAIN)
        stop_sending(pump);
    pump->sendable = n >= 0 && (size_t)n == len;
    if (n > 0)
        nacre_session_sent(pump->session, (size_t)n, now);
    if (!pump->sendable && pump->session != NULL)
        nacre_session_sent(pump->session, 0, now);
    return pump->session != NULL;
}

/* Send the session's share. The session shows its output in small pieces, so that a keystroke does
 * not queue after a bulk transfer. False: the session is gone. */
static bool flush(struct pump *pump)
{
    size_t len, sent = 0;
    const uint8_t *at = nacre_session_output(pump->session, &len);

    while (len > 0 && pump->sendable && sent < SHARE) {
        if (!send_some(pump, at, len))
            return false;
        sent += len;
        at = nacre_session_output(pump->session, &len);
    }
    return true;
}

/* ---- receiving ---- */

/* Some messages of a login have no answer, NEWKEYS for one. While Nagle's algorithm is on at the
 * peer, it sends nothing more until they are acknowledged, which TCP delays by 40 ms. */
static void acknowledge(struct pump *pump)
{
    const int on = 1;

    pump->quick_acks--;
    (void)setsockopt(pump->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* The other side has closed: work through the input that was received before. */
static void work_off_input(struct pump *pump)
{
    uint64_t now = pump->loop->now_ms;

    do
        nacre_session_tick(pump->session, now);
    while (pump->session != NULL && nacre_session_deadline(pump->session) <= now);
}

/* Receive once. False: the other side has closed, or the session is gone. */
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
        nacre_session_received(pump->session, 0, now); /* returns the space */
        return pump->session != NULL;
    }
    if (n <= 0) {
        work_off_input(pump);
        return false;
    }
    nacre_session_received(pump->session, (size_t)n, now);
    if (pump->session == NULL)
        return false;
    if (pump->quick_acks > 0 && !has_output(pump) && nacre_session_ended(pump->session) == NULL)
        acknowledge(pump);
    pump->readable = pump->hung_up || (size_t)n == room;
    return true;
}

static bool may_receive(const struct pump *pump)
{
    size_t room;

    if (!pump->readable)
        return false;
    (void)nacre_session_input(pump->session, &room);
    return room > 0;
}

/* ---- the loop ---- */

/* A deadline that moved to later needs nothing: the timer asks again when it fires. False: out of
 * memory; a session without deadlines could stay for ever. */
static bool set_timer(struct pump *pump, uint64_t deadline)
{
    return (pump->timer.place != 0 && deadline >= pump->timer.at_ms) ||
           loop_set_timer(pump->loop, &pump->timer, deadline);
}

/* Send once, receive once, and send what that produced. What remains is done in the next iteration,
 * after the other sessions. The share of a bulk sender is two packets of the largest size that
 * channels send. */
static void serve(struct pump *pump)
{
    struct nacre_loop *loop = pump->loop;
    bool alive = flush(pump);
    uint64_t deadline;

    if (alive && pump->readable && nacre_session_ended(pump->session) == NULL)
        alive = receive(pump) && flush(pump);
    if (alive && pump->broken && !may_receive(pump)) {
        work_off_input(pump);
        alive = false;
    }
    if (!alive) {
        pump_close(pump);
        return;
    }
    if (nacre_session_ended(pump->session) != NULL) {
        finish(pump);
        return;
    }
    if (!pump->shared && nacre_session_channel_count(pump->session) > 1)
        limit_unsent(pump);
    deadline = nacre_session_deadline(pump->session);
    if ((pump->sendable && has_output(pump)) || may_receive(pump) || deadline <= loop->now_ms)
        serve_later(pump);
    else if (!set_timer(pump, deadline))
        pump_close(pump);
}

static void tick_and_serve(struct pump *pump)
{
    if (pump->session != NULL)
        nacre_session_tick(pump->session, pump->loop->now_ms);
    if (pump->session != NULL)
        serve(pump);
    else
        pump_close(pump); /* the application has freed the session */
}

/* A session that is likely to do little, such as handle a keystroke, is served at once. */
static void on_ready(struct source *source, uint32_t events)
{
    struct pump *pump = container_of(source, struct pump, source);

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        pump->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        pump->hung_up = true;
    if (events & EPOLLOUT)
        pump->sendable = true;
    if (pump->closing || pump->task.queued) /* it is served soon anyway */
        return;
    if (pump->lingering)
        read_to_the_end(pump);
    else if (has_output(pump) || nacre_session_is_long_running(pump->session))
        serve_later(pump);
    else
        serve(pump);
}

static void on_task(struct task *task)
{
    struct pump *pump = container_of(task, struct pump, task);

    if (pump->closing)
        return;
    if (pump->lingering)
        read_to_the_end(pump);
    else
        tick_and_serve(pump);
}

static void on_timer(struct timer *timer)
{
    struct pump *pump = container_of(timer, struct pump, timer);

    if (pump->lingering || pump->finishing) /* for too long */
        pump_close(pump);
    else if (!pump->closing && pump->session != NULL && nacre_session_is_rekeying(pump->session))
        serve_later(pump);
    else if (!pump->closing)
        tick_and_serve(pump);
}

/* ---- the beginning ---- */

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
    if (!pump->closing)
        serve_later(pump);
}
