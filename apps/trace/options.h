/* The command line of nacre-trace. */
#ifndef NACRE_APPS_TRACE_OPTIONS_H
#define NACRE_APPS_TRACE_OPTIONS_H

#include "apps/options/options.h"

struct trace_options {
    uint64_t conn; /* 0: every connection */
    bool whole;    /* diff: what follows the handshake too */

    /* hash */
    const char *against; /* a file of what somebody hashed, or NULL */
    uint64_t exchange;   /* of a connection, from 1; 0: every one */
};

extern const struct command_line trace_command_line;

#endif
