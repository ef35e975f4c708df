/* Listening sockets of a worker, and the connections that arrive on them. */
#ifndef NACRE_APPS_SERVER_ACCEPT_H
#define NACRE_APPS_SERVER_ACCEPT_H

#include "apps/server/parts.h"

/* Listen with duplicates of these sockets, one for each listener of the server. False: errbuf holds
 * a sentence. */
bool accept_open(struct worker *worker, const int *sockets, char *errbuf, size_t size);
void accept_close(struct worker *worker);

/* Accept what is in the queues, before accept_close: closing a socket resets the connections there.
 * Not those of sockets that the program has: another process may accept these. */
void accept_queued(struct worker *worker);

/* A connected socket from elsewhere, which belongs to the worker from now on. False, with errno: it
 * is none, or a limit refuses it (EUSERS); it is closed then. */
bool accept_adopt(struct worker *worker, int fd);

#endif
