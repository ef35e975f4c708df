/* Connecting to a Unix socket of this machine. unix(7). */
#ifndef NACRE_APPS_CONNECT_CONNECT_UNIX_H
#define NACRE_APPS_CONNECT_CONNECT_UNIX_H

#include "apps/session/errbuf.h"

/* Is the address "unix:PATH"? */
bool connect_is_unix(const char *address);

/* A connected, non-blocking socket. Connecting to such a socket does not wait: it fails when the
 * server's queue is full. -1: *p has a sentence. */
int connect_unix(const char *address, const struct errbuf *p);

#endif
