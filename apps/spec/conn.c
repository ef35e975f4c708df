#include "apps/spec/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_SIZE = 65536,
    RECEIVED_MAX = 256 << 20, /* bytes that nobody consumes: the peer floods us */
};

uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int ms_until(uint64_t deadline)
{
    uint64_t now = now_us();

    if (now >= deadline)
        return 0;
    return deadline - now > 1000000000 ? 1000000 : (int)((deadline - now + 999) / 1000);
}

/* Wait for these events. Returns those that occurred; 0: the deadline has passed. */
static short wait_for(const struct conn *c, short events, uint64_t deadline)
{
    struct pollfd p[1 + BESIDE_MAX] = {{.fd = c->fd, .events = events}};
    int n;

    do {
        nfds_t count = 1;

        p[0].revents = 0;
        if (c->beside != NULL)
            count += c->beside->put(c->beside->of, p + 1);
        n = poll(p, count, ms_until(deadline));
        if (n > 0 && count > 1)
            c->beside->serve(c->beside->of);
    } while ((n < 0 && errno == EINTR) || (p[0].revents == 0 && now_us() < deadline));
    return p[0].revents;
}

static bool fail(struct conn *c)
{
    c->reset = c->reset || errno == ECONNRESET;
    c->ended = true;
    return false;
}

bool conn_open(struct conn *c, const struct sockaddr *address, socklen_t len, uint64_t deadline)
{
    const int on = 1;
    int failure = 0;
    socklen_t size = sizeof failure;

    c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return fail(c);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, address, len) == 0)
        return true;
    if (errno != EINPROGRESS || wait_for(c, POLLOUT, deadline) == 0 ||
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0) {
        (void)close(c->fd);
        c->fd = -1;
        return fail(c);
    }
    return true;
}

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

bool conn_open_local(struct conn *c, uint16_t port, uint64_t deadline)
{
    struct sockaddr_in address = address_of(INADDR_LOOPBACK, port);
    bool good;

    *c = (struct conn){.fd = -1};
    good = conn_open(c, (const struct sockaddr *)&address, sizeof address, deadline);
    if (!good)
        conn_close(c);
    return good;
}

bool conn_listen(struct conn *listener, uint16_t *port)
{
    return conn_listen_on(listener, INADDR_LOOPBACK, port);
}

bool conn_listen_on(struct conn *listener, uint32_t where, uint16_t *port)
{
    struct sockaddr_in address = address_of(where, 0);
    socklen_t len = sizeof address;

    *listener = (struct conn){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (listener->fd < 0 || bind(listener->fd, (const struct sockaddr *)&address, len) != 0 ||
        listen(listener->fd, 8) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0) {
        conn_close(listener);
        return false;
    }
    *port = ntohs(address.sin_port);
    return true;
}

bool conn_accept(const struct conn *listener, struct conn *c, uint64_t deadline)
{
    *c = (struct conn){.fd = -1, .ended = true, .beside = listener->beside};
    if (listener->fd < 0 || wait_for(listener, POLLIN, deadline) == 0)
        return false;
    c->fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    c->ended = c->fd < 0;
    c->accepted = true;
    if (c->fd >= 0)
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(const int){1}, sizeof(int));
    return !c->ended;
}

/* Room for `more` bytes after the first `used` of a block. */
static bool grow(uint8_t **block, size_t *size, size_t used, size_t more)
{
    size_t wanted = *size == 0 ? READ_SIZE : *size;
    uint8_t *bigger;

    while (wanted - used < more)
        wanted *= 2;
    if (wanted == *size)
        return true;
    bigger = realloc(*block, wanted);
    if (bigger == NULL)
        return false;
    *block = bigger;
    *size = wanted;
    return true;
}

/* Read what has arrived. False: the connection has ended. */
static bool read_some(struct conn *c)
{
    ssize_t n;

    if (c->head > 0 && c->head >= c->tail - c->head) { /* what is left moves to the front */
        memcpy(c->in, c->in + c->head, c->tail - c->head);
        c->tail -= c->head;
        c->head = 0;
    }
    if (c->tail > RECEIVED_MAX || !grow(&c->in, &c->in_size, c->tail, READ_SIZE))
        return fail(c);
    n = recv(c->fd, c->in + c->tail, READ_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return n == 0 ? (errno = 0, fail(c)) : fail(c);
    c->tail += (size_t)n;
    if (c->accepted) /* many clients wait for our ACK before they send more (Nagle) */
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &(const int){1}, sizeof(int));
    return true;
}

/* Send some bytes; returns how many. */
static size_t send_some(struct conn *c, struct bytes bytes, uint64_t deadline)
{
    short events = wait_for(c, c->deaf ? POLLOUT : POLLIN | POLLOUT, deadline);
    ssize_t n;

    if (events == 0)
        return (void)(c->stalled = true, errno = ETIMEDOUT, fail(c)), 0;
    if (!(events & POLLOUT))
        return (void)read_some(c), 0;
    n = send(c->fd, bytes.at, c->drip ? 1 : bytes.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return (void)fail(c), 0;
    c->sent += n < 0 ? 0 : (uint64_t)n;
    return n < 0 ? 0 : (size_t)n;
}

void conn_send(struct conn *c, struct bytes bytes, uint64_t deadline)
{
    if (c->corked && grow(&c->out, &c->out_size, c->out_len, bytes.len)) {
        memcpy(c->out + c->out_len, bytes.at, bytes.len);
        c->out_len += bytes.len;
        return;
    }
    while (bytes.len > 0 && !c->ended)
        bytes = bytes_from(bytes, send_some(c, bytes, deadline));
}

void conn_uncork(struct conn *c, uint64_t deadline)
{
    c->corked = false;
    conn_send(c, (struct bytes){c->out, c->out_len}, deadline);
    c->out_len = 0;
}

bool conn_wait(struct conn *c, uint64_t deadline)
{
    size_t before = c->tail - c->head;

    while (!c->ended && c->tail - c->head == before) {
        if (wait_for(c, POLLIN, deadline) == 0)
            return false;
        (void)read_some(c);
    }
    return c->tail - c->head > before;
}

struct bytes conn_received(const struct conn *c)
{
    return (struct bytes){c->in == NULL ? NULL : c->in + c->head, c->tail - c->head};
}

void conn_consume(struct conn *c, size_t len)
{
    c->head += len;
}

void conn_finish(struct conn *c)
{
    if (c->fd >= 0)
        (void)shutdown(c->fd, SHUT_WR);
}

void conn_abort(struct conn *c)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (c->fd >= 0) {
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void)close(c->fd);
    }
    c->fd = -1;
    c->ended = true;
}

void conn_close(struct conn *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    free(c->in);
    free(c->out);
    *c = (struct conn){.fd = -1, .ended = true};
}
