/* What a program adds to an event loop of the library: descriptors (a pidfd, a pipe, a socket),
 * timers, and calls from other threads.
 *
 * A loop is nacre_server_loop, nacre_peer_loop, nacre_clients_loop or nacre_client_loop; it lives
 * as long as the server or the clients, and so may watches and timers. Functions are called on the
 * loop's thread, or when the loop does not run, unless they say otherwise. The context of a
 * function that a watch, a timer or a call makes must live as long as that. */
#ifndef NACRE_APPS_RUNTIME_WATCH_H
#define NACRE_APPS_RUNTIME_WATCH_H

#include "transport/api.h"

/* An event loop, on one thread. Lives as long as the server or the clients that it is of. */
struct nacre_loop;

/* A timer. Lives until nacre_timer_free, or as long as its loop. */
struct nacre_timer;

/* A descriptor that is watched. Lives until nacre_watch_free, or as long as its loop. */
struct nacre_watch;

/* Call ready(context) on the loop's thread whenever fd is readable, until the watch is freed.
 *
 * fd      remains the caller's
 * context must stay valid until nacre_watch_free
 * return  NULL, with errno: fd cannot be watched (a regular file, EPERM; not open, EBADF), ready is
 *         NULL (EINVAL), the system has no room for another, or memory is out */
NACRE_API struct nacre_watch *nacre_watch_new(struct nacre_loop *loop, int fd,
                                              void (*ready)(void *context), void *context);

enum {
    NACRE_WATCH_READ = 1,  /* readable, or the other side has closed */
    NACRE_WATCH_WRITE = 2, /* writable, or a connection is made */
};

/* Wait for these instead: any of them, or 0. An error or hang-up of fd calls ready too. False, with
 * errno, and nothing has changed. */
NACRE_API bool nacre_watch_set(struct nacre_watch *watch, unsigned events);

/* Call it before the descriptor is closed; also from inside `ready`. NULL is fine. */
NACRE_API void nacre_watch_free(struct nacre_watch *watch);

/* A timer that is not set yet. The context must live until nacre_timer_free. NULL: memory is out,
 * or fire is NULL. */
NACRE_API struct nacre_timer *nacre_timer_new(struct nacre_loop *loop, void (*fire)(void *context),
                                              void *context);

/* Call fire(context) once, in so many milliseconds from now; UINT32_MAX: never. It replaces what
 * was set before. False: memory is out, and it is not set. */
NACRE_API bool nacre_timer_set(struct nacre_timer *timer, uint32_t ms);

/* Also from inside `fire`. NULL is fine. */
NACRE_API void nacre_timer_free(struct nacre_timer *timer);

/* Have call(argument) made on the loop's thread, soon; calls of one thread are made in order. From
 * any thread, and also before the loop runs. What argument points to must live until the call. The
 * loop must not be freed meanwhile; calls that still wait when it is freed are made then. False:
 * memory is out. */
NACRE_API bool nacre_loop_post(struct nacre_loop *loop, void (*call)(void *argument),
                               void *argument);

#endif
