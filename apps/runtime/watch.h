/* A descriptor of the program's own on an event loop of the library: a pidfd, a pipe, a timerfd. */
#ifndef NACRE_APPS_RUNTIME_WATCH_H
#define NACRE_APPS_RUNTIME_WATCH_H

#include "transport/api.h"

struct nacre_loop;
struct nacre_watch;

/* Call ready(context) on the loop's thread whenever fd is readable, until the watch is freed.
 *
 * loop    nacre_peer_loop, nacre_client_loop or nacre_clients_loop; the watch may outlive the peer
 *         or client, but not the server or the clients
 * fd      remains the caller's
 * return  NULL, with errno: fd cannot be watched (a regular file, EPERM; not open, EBADF), ready is
 *         NULL (EINVAL), the system has no room for another, or memory is out */
NACRE_API struct nacre_watch *nacre_watch_new(struct nacre_loop *loop, int fd,
                                              void (*ready)(void *context), void *context);

/* Call it before the descriptor is closed, on the loop's thread or when the loop does not run; also
 * from inside `ready`. NULL is fine. */
NACRE_API void nacre_watch_free(struct nacre_watch *watch);

#endif
