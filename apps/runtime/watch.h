/* A descriptor of the program's own on the event loop of a connection: a pidfd, a pipe, a timerfd.
 */
#ifndef NACRE_APPS_WATCH_H
#define NACRE_APPS_WATCH_H

#include "apps/server/server.h"

struct nacre_watch;

/* Call ready(context) on the thread of the peer's event loop whenever fd can be read from, until
 * the watch is freed. It may outlive the peer, not the server. The descriptor stays the caller's.
 * NULL, with errno: the system or memory does not give it. */
NACRE_API struct nacre_watch *nacre_watch_new(struct nacre_peer *peer, int fd,
                                              void (*ready)(void *context), void *context);

/* Before the descriptor is closed, on the loop's thread or when nacre_server_run has returned; also
 * from inside `ready`. NULL is fine. */
NACRE_API void nacre_watch_free(struct nacre_watch *watch);

#endif
