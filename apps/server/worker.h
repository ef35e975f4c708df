/* A worker: one event loop on one thread, with its listeners and connections. */
#ifndef NACRE_APPS_SERVER_WORKER_H
#define NACRE_APPS_SERVER_WORKER_H

#include "apps/server/parts.h"

/* An endpoint for sessions with these settings, which run on the worker's thread. NULL: errbuf
 * holds a sentence. */
struct nacre_endpoint *worker_endpoint(struct settings *settings, struct worker *worker,
                                       char *errbuf, size_t size);

/* Everything but its thread: loop, mailbox, endpoint, listeners. sockets: see accept_open. False:
 * errbuf holds a sentence; clear it all the same. */
bool worker_init(struct worker *worker, struct nacre_server *server, const int *sockets,
                 char *errbuf, size_t size);

/* Run until the server stops, and then until the connections have ended or the time to drain is
 * over. worker: a struct worker. Returns NULL, as a thread does. */
void *worker_run(void *worker);

/* Watch what makes a running server stop. worker_run and worker_run_once do so too. */
void worker_begin(struct worker *worker);

/* One iteration, which waits wait_ms at most (UINT32_MAX: for ever). False: it was the last one. */
bool worker_run_once(struct worker *worker, uint32_t wait_ms);

/* Close every connection at once. */
void worker_close_peers(struct worker *worker);

/* Make the calls that wait in the mailbox, and release everything. */
void worker_clear(struct worker *worker);

#endif
