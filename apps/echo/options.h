/* The command line of nacre-echo. */
#ifndef NACRE_APPS_ECHO_OPTIONS_H
#define NACRE_APPS_ECHO_OPTIONS_H

#include "apps/options/options.h"

extern const struct command_line echo_command_line; /* fills a struct server_options */

#endif
