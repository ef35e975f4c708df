/* Listening on a Unix socket: the file that names it, its owner and mode, and what was there
 * before. unix(7). */
#ifndef NACRE_APPS_SERVER_LISTEN_UNIX_H
#define NACRE_APPS_SERVER_LISTEN_UNIX_H

#include "apps/server/listen_address.h"

/* A listening, non-blocking socket. It replaces one that no process listens at any more; of two
 * starters, one wins. A socket that is in use, and a file that is no socket, stay; so does this
 * one's file when it is closed, since another process may have it too. -1: *p has a sentence. */
int listen_unix(const struct listen_address *address, int backlog, const struct errbuf *p);

/* Could it, as far as the file and its folder tell? False: *p has a sentence. */
bool listen_unix_check(const struct listen_address *address, const struct errbuf *p);

#endif
