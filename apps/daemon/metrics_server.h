/* Metrics and health over HTTP/1.1, for --metrics: GET /metrics and GET /healthz, one request per
 * connection, on the event loop of the server's first worker.
 *
 * Bounded: METRICS_READERS_MAX connections, of which the oldest makes place for the next one, and
 * METRICS_READER_MS for each. No call waits for a reader. */
#ifndef NACRE_APPS_DAEMON_METRICS_SERVER_H
#define NACRE_APPS_DAEMON_METRICS_SERVER_H

#include "apps/server/server.h"

enum {
    METRICS_READERS_MAX = 16,
    METRICS_READER_MS = 5000,
    METRICS_REQUEST_MAX = 4096, /* bytes */
    METRICS_HEADER_MAX = 256,   /* bytes of a response's header */
};

struct metrics_server;

/* Serve on a socket from metrics_listen or metrics_adopt, which belongs to the result, and log its
 * address. Before the server runs. is_draining: answer /healthz with 503. NULL, with errno: the
 * socket is closed. */
struct metrics_server *metrics_server_new(struct nacre_server *server, int fd,
                                          bool (*is_draining)(void));

/* Close the socket: another process serves there now, or is going to. Readers that have connected
 * get their answers. On the server's first thread; NULL is fine. */
void metrics_server_retire(struct metrics_server *m);

/* When the server does not run any more, and before it is freed. NULL is fine. */
void metrics_server_free(struct metrics_server *m);

#endif
