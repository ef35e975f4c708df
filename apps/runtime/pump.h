/* One session on one socket: bytes moved both ways, its deadlines kept, and both seen off at the
 * end. */
#ifndef NACRE_APPS_RUNTIME_PUMP_H
#define NACRE_APPS_RUNTIME_PUMP_H

#include "apps/runtime/loop.h"
#include "apps/session/session.h"

/* Embedded in what it belongs to. */
struct pump {
    struct source source;
    struct timer timer;
    struct task task;
    struct nacre_loop *loop;
    struct nacre_session *session; /* NULL while only the socket lingers */
    int fd;
    bool readable;                   /* there may be bytes to receive */
    bool hung_up;                    /* the other side has closed: read on to the end */
    bool sendable;                   /* the socket may take bytes */
    bool finishing;                  /* the session has ended: its last bytes are on their way */
    bool shared;                     /* by several channels: the kernel's buffer is kept short */
    bool lingering;                  /* all is sent; waits for the other side to close */
    uint8_t quick_acks;              /* that are left: see acknowledge */
    void (*over)(struct pump *pump); /* session and socket are gone: the owner may free it */
};

/* What a pump wants of its socket: no delay, and to hear of a machine that is gone. Those that a
 * listening socket accepts inherit it. */
void pump_set_options(int fd);

/* For a connected, non-blocking socket, which is the pump's from now on; `over` is called once, at
 * the end. */
void pump_init(struct pump *pump, struct nacre_loop *loop, int fd, void (*over)(struct pump *pump));

/* Begin, in the next turn. The session is the pump's from now on. False: session is NULL, or the
 * loop cannot watch the socket; then close the pump. */
bool pump_start(struct pump *pump, struct nacre_session *session);

/* Look at the session in the next turn: it said `wake`. */
void pump_wake(struct pump *pump);

/* Free the session and close the socket at once; `over` is called. Never from inside a callback of
 * the session. */
void pump_close(struct pump *pump);

#endif
