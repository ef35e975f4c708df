/* The environment of a served program. */
#ifndef NACRE_APPS_SERVE_ENVIRONMENT_H
#define NACRE_APPS_SERVE_ENVIRONMENT_H

#include "apps/server/server.h"

enum {
    ENVIRONMENT_MAX = 1280,      /* variables; a key may have 1024 */
    ENVIRONMENT_CLIENT_MAX = 96, /* variables from which on a client may not set another one */
};

struct environment {
    char *list[ENVIRONMENT_MAX + 1]; /* NAME=VALUE, NULL-terminated, for execve */
    size_t count;
};

/* Begin with variables of the server's own environment: PATH, HOME and the like, and the locale. */
void environment_begin(struct environment *e);

/* Set or replace a variable. False: too many, or out of memory. */
bool environment_set(struct environment *e, const char *name, const char *value);

/* May a client set this variable (request "env")? TERM and the locale only, nothing that changes
 * how programs run. */
bool environment_is_clients(const char *name, const char *value);

/* Set SSH_CONNECTION: address and port of the client, then of the server. */
bool environment_set_connection(struct environment *e, struct nacre_peer *peer);

void environment_clear(struct environment *e);

#endif
