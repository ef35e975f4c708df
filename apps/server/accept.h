/* Listening sockets of a worker, and the connections that arrive on them. */
#ifndef NACRE_APPS_SERVER_ACCEPT_H
#define NACRE_APPS_SERVER_ACCEPT_H

#include "apps/server/parts.h"

/* Listen on all addresses. The first worker determines the ports, the others share them. False:
 * errbuf holds a sentence. */
bool accept_open(struct worker *worker, char *errbuf, size_t size);
void accept_close(struct worker *worker);

#endif
