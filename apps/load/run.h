/* A run of nacre-load. */
#ifndef NACRE_APPS_LOAD_RUN_H
#define NACRE_APPS_LOAD_RUN_H

#include "apps/load/options.h"

/* Load the server until the run is over, or SIGINT or SIGTERM ends it, and print the report.
 * Returns the exit status. */
int load_run(const struct load_options *o);

#endif
