/* The options that set limits: one table of names, values and what they are. SECURITY.md explains
 * them. */
#ifndef NACRE_APPS_LIMIT_OPTIONS_H
#define NACRE_APPS_LIMIT_OPTIONS_H

#include "apps/server/server.h"

#include <getopt.h>

enum { LIMIT_OPTIONS = 15 };

/* As nacre_server_config wants them; zero: the default. */
struct chosen_limits {
    struct nacre_limits limits;
    struct nacre_admission admission;
    uint32_t channels_max, login_grace_ms;
};

/* Rows for getopt_long, the i-th with the value first + i. */
void limit_options(struct option rows[LIMIT_OPTIONS], int first);

/* Take the i-th. NULL, or what it wants: "--max-auth-tries wants a number from 1 to 100". */
const char *limit_take(struct chosen_limits *chosen, int i, const char *value);

/* Their lines of --help, on standard output. */
void limit_put_help(void);

#endif
