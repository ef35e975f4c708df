/* One session on one socket: moves bytes both ways, keeps the deadlines, and closes both at the
 * end. */
#ifndef NACRE_APPS_RUNTIME_PUMP_H
#define NACRE_APPS_RUNTIME_PUMP_H

#include "apps/runtime/loop.h"
#include "apps/session/session.h"

/* Embedded in its owner. */
struct pump {
    struct source source;
    struct timer timer;
    struct task task;
    struct nacre_loop *loop;
    struct nacre_session *session; /* NULL once it has been freed */
    int fd;
    bool readable;      /* there may be bytes to receive */
    bool hung_up;       /* the other side has closed: read everything up to the end */
    bool sendable;      /* the socket may accept bytes */
    bool broken;        /* it never will again, but may hold bytes to receive */
    bool finishing;     /* the session has ended, its last bytes are being sent */
    bool shared;        /* by several channels: the kernel's send buffer is kept short */
    bool lingering;     /* everything is sent: waits for the other side to close */
    bool freeing;       /* nacre_session_free was called */
    bool closing;       /* close the socket as soon as the session has been freed */
    uint8_t quick_acks; /* that remain: see acknowledge */
    void (*over)(struct pump *pump); /* session and socket are gone: the owner may free the pump */
};

/* Options of the socket: no delay, and notice when the other machine is gone. A listening socket
 * passes them on to those that it accepts. */
void pump_set_options(int fd);

/* For a connected, non-blocking socket, which belongs to the pump from now on. `over` is called
 * once, at the end. */
void pump_init(struct pump *pump, struct nacre_loop *loop, int fd, void (*over)(struct pump *pump));

/* Start in the next iteration of the loop. The session belongs to the pump from now on; its owner
 * passes the endpoint's `wake` and `freed` to the two functions below. False: session is NULL, or
 * the loop cannot watch the socket; close the pump then. */
bool pump_start(struct pump *pump, struct nacre_session *session);

/* `wake`: serve the session in the next iteration. */
void pump_wake(struct pump *pump);

/* `freed`: the session is gone, by pump_close or by the application's own nacre_session_free. */
void pump_session_freed(struct pump *pump);

/* Free the session and close the socket, then call `over`: at once, or, from inside a callback of
 * the session, when the session has been freed. */
void pump_close(struct pump *pump);

#endif
