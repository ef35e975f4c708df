/* --test-config: everything that can be checked without listening. */
#ifndef NACRE_APPS_DAEMON_CHECK_H
#define NACRE_APPS_DAEMON_CHECK_H

#include "apps/daemon/program.h"

/* Check the configuration and the files that it names, and print each problem on a line of standard
 * error: "FILE:LINE: SENTENCE" if a line of a configuration file is the reason. Needs no network.
 * Returns whether the server could start. */
bool check_program(const struct server_program *program, const struct server_options *o);

#endif
