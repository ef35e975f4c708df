/* What a service manager learns from a server: sd_notify(3), without a library. Each notice is a
 * datagram to the socket that NOTIFY_SOCKET names.
 *
 * Under --supervise the parent is the process that the manager listens to. The child sends its
 * notices to the parent, as numbers rather than text, and the parent says them in its place: a
 * child that has been taken over cannot make it say anything else.
 *
 * On the main thread, but for notify_stopping. */
#ifndef NACRE_APPS_DAEMON_NOTIFY_H
#define NACRE_APPS_DAEMON_NOTIFY_H

#include "apps/session/errbuf.h"

#include <stdint.h>

struct nacre_loop;

enum notice {
    NOTIFY_READY, /* the server listens, or a reload has taken effect */
    NOTIFY_RELOADING,
    NOTIFY_RELOAD_FAILED, /* the server goes on as before */
    NOTIFY_STOPPING,
    NOTIFY_DRAINING, /* the number is that of the connections left */
    NOTIFY_ALIVE,    /* for the watchdog */
    NOTICES,
};

/* A notice on its way from a child to its parent */
struct notify_message {
    uint32_t notice, number;
};

/* Connect to the manager, if there is one, and remove its variables, so that programs that this one
 * starts do not inherit them. Call it before the process gives anything up. False: *p has a
 * sentence, and nobody is told anything; the server can run all the same. */
bool notify_open(const struct errbuf *p);

/* Send notices to the parent instead, through this socket, which now belongs to this module. */
void notify_through(int fd);

/* In a child of a supervisor, before it executes the program: the watchdog is meant for it. */
void notify_pass_on_watchdog(void);

/* Tell whoever listens. The number counts for NOTIFY_DRAINING only. */
void notify_say(enum notice notice, uint32_t number);

/* The same as NOTIFY_STOPPING; from a signal handler too. */
void notify_stopping(void);

/* If the manager has a watchdog, say twice in its interval that this loop is alive, for as long as
 * the loop runs. Under --supervise, call orphaned once when the parent listens no more: it has been
 * killed, or another child has taken over. False: memory is out. Call notify_unwatch before the
 * loop is freed. */
bool notify_watch(struct nacre_loop *loop, void (*orphaned)(void));
void notify_unwatch(void);

#endif
