/* A TCP connection on which every wait ends.
 *
 * It is sticky: once the connection has ended, sending does nothing and waiting returns at once, so
 * that a case needs no error paths. Times are microseconds of the monotonic clock. */
#ifndef NACRE_APPS_SPEC_CONN_H
#define NACRE_APPS_SPEC_CONN_H

#include "crypto/bytes.h"

#include <sys/socket.h>

struct pollfd;

enum { BESIDE_MAX = 3 };

/* What is served while a connection waits: the streams of a program that we started. */
struct beside {
    size_t (*put)(void *of, struct pollfd *out); /* at most BESIDE_MAX; returns how many */
    void (*serve)(void *of);                     /* one of them is ready; must not block */
    void *of;
};

struct conn {
    const struct beside *beside; /* or NULL */
    int fd;                      /* -1: closed */
    bool accepted;
    bool ended;    /* the peer closed or reset the connection, or it could not be opened */
    bool reset;    /* ... with a TCP reset */
    bool stalled;  /* ... or we gave up: it did not take what we sent within the deadline */
    bool drip;     /* send each byte in a segment of its own */
    bool corked;   /* gather what is sent until conn_uncork */
    bool deaf;     /* do not read while sending */
    uint64_t sent; /* bytes */
    uint8_t *in;   /* received: in[head] to in[tail - 1] is not consumed yet */
    size_t head, tail, in_size;
    uint8_t *out; /* gathered */
    size_t out_len, out_size;
};

uint64_t now_us(void);

/* Connect. False: refused, or not within the deadline. */
bool conn_open(struct conn *c, const struct sockaddr *address, socklen_t len, uint64_t deadline);

/* Listen on a free port of 127.0.0.1, or of another address; accept one connection; connect to such
 * a port. */
bool conn_listen(struct conn *listener, uint16_t *port);
bool conn_listen_on(struct conn *listener, uint32_t address, uint16_t *port);
bool conn_accept(const struct conn *listener, struct conn *c, uint64_t deadline);
bool conn_open_local(struct conn *c, uint16_t port, uint64_t deadline);

/* Send, and meanwhile read what arrives, so that two ends that both send cannot block each other.
 */
void conn_send(struct conn *c, struct bytes bytes, uint64_t deadline);

/* Send what was gathered in one piece. */
void conn_uncork(struct conn *c, uint64_t deadline);

/* Wait for more bytes. False: the connection has ended, or the deadline has passed. */
bool conn_wait(struct conn *c, uint64_t deadline);

/* The bytes that were received and not consumed; valid until the next call that reads. */
struct bytes conn_received(const struct conn *c);
void conn_consume(struct conn *c, size_t len);

/* End our direction only (FIN), or the connection with a reset (RST). */
void conn_finish(struct conn *c);
void conn_abort(struct conn *c);

/* Close, and release everything. */
void conn_close(struct conn *c);

#endif
