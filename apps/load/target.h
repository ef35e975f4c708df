/* The server that nacre-load drives. */
#ifndef NACRE_APPS_LOAD_TARGET_H
#define NACRE_APPS_LOAD_TARGET_H

#include "apps/load/options.h"

/* Set target and known_as from `where`, HOST:PORT, or if that is NULL from the port of this
 * machine. Returns 0, or the exit status with a sentence in errbuf: 2 if `where` makes no sense or
 * is another machine without --yes-remote, 1 if the host is not found. */
int target_find(struct load_options *o, const char *where, const struct errbuf *p);

/* Put the host key types that known_hosts has for the target before the others. */
void target_prefer_known(struct load_options *o);

#endif
