/* One session from the connection to its end. */
#ifndef NACRE_APPS_CLIENT_RUN_H
#define NACRE_APPS_CLIENT_RUN_H

#include "apps/client/options.h"

/* Connect, run the command, wait for its end. Returns the exit status, unless a signal
 * ends the program. */
int run_session(const struct client_options *o);

#endif
