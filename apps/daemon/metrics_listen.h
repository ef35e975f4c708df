/* The socket of --metrics. */
#ifndef NACRE_APPS_DAEMON_METRICS_LISTEN_H
#define NACRE_APPS_DAEMON_METRICS_LISTEN_H

#include "apps/session/errbuf.h"

#include <stdbool.h>

enum { METRICS_ADDRESS_MAX = 128 /* bytes */ };

/* PORT (of 127.0.0.1), ADDR:PORT or unix:PATH; every address must be written out. */
bool metrics_address_is_good(const char *address);

/* Listen there; the socket is non-blocking. The socket of a server that has ended is replaced at
 * PATH, and one that somebody listens at is not. -1: *p has a sentence. */
int metrics_listen(const char *address, const struct errbuf *p);

/* The real address of the socket, with the port that was picked. */
void metrics_address(int fd, char out[METRICS_ADDRESS_MAX]);

#endif
