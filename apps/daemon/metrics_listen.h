/* The socket of --metrics. */
#ifndef NACRE_APPS_DAEMON_METRICS_LISTEN_H
#define NACRE_APPS_DAEMON_METRICS_LISTEN_H

#include "apps/session/errbuf.h"

#include <stdbool.h>

/* PORT (of 127.0.0.1), or an address as for --listen; every address must be written out. False: *p
 * has a sentence, or none if it is nothing of the kind. */
bool metrics_address_is_good(const char *address, const struct errbuf *p);

/* Listen there; the socket is non-blocking. -1: *p has a sentence. */
int metrics_listen(const char *address, const struct errbuf *p);

/* Can metrics be served with this socket, which another process has opened? It is a stream socket
 * that listens; it becomes non-blocking. False: *p has a sentence. */
bool metrics_adopt(int fd, const struct errbuf *p);

#endif
