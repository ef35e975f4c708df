/* The environment of a served program. */
#ifndef NACRE_APPS_SERVE_ENVIRONMENT_H
#define NACRE_APPS_SERVE_ENVIRONMENT_H

#include "apps/server/server.h"

enum {
    ENVIRONMENT_MAX = 256,       /* variables, */
    ENVIRONMENT_CLIENT_MAX = 96, /* ... of which a client sets no more once there are so many */
};

struct environment {
    char *list[ENVIRONMENT_MAX + 1]; /* NAME=VALUE, NULL-terminated: as execve takes it */
    size_t count;
};

/* What a program finds that nobody said anything about: PATH, HOME, the like and the locale, from
 * our own. */
void environment_begin(struct environment *e);

/* Set, or replace. False: too many, or out of memory. */
bool environment_set(struct environment *e, const char *name, const char *value);

/* May a client set it (request "env")? The locale, nothing that changes how programs are run. */
bool environment_is_clients(const char *name, const char *value);

/* SSH_CONNECTION: the two addresses and ports of the connection. */
bool environment_set_connection(struct environment *e, struct nacre_peer *peer);

void environment_clear(struct environment *e);

#endif
