/* The command line of nacre-trace. */
#ifndef NACRE_APPS_TRACE_OPTIONS_H
#define NACRE_APPS_TRACE_OPTIONS_H

#include "apps/options/options.h"

struct trace_options {
    uint64_t conn; /* 0: every connection */
};

extern const struct command_line trace_command_line;

#endif
