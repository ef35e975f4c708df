/* Draining a worker: it accepts no connection, and its sessions go on until they end or the time is
 * over. */
#ifndef NACRE_APPS_SERVER_DRAIN_H
#define NACRE_APPS_SERVER_DRAIN_H

#include "apps/server/parts.h"

/* Call it in each iteration of the worker's loop. True: the server drains, and nothing is left to
 * wait for. When the time is over, the server stops. */
bool drain_step(struct worker *worker);

#endif
