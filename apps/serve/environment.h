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

/* Does the name say how programs are found, loaded or started, or what the server says about the
 * login? No client may set such a variable. */
bool environment_is_reserved(const char *name);

/* May a client set this variable (request "env")? TERM, the locale, and what the patterns allow
 * (NULL-terminated, with * and ?), unless it is reserved. */
bool environment_is_clients(const char *name, const char *value, const char *const *patterns);

/* Set a variable from "NAME=VALUE". */
bool environment_set_pair(struct environment *e, const char *pair);

/* Set REMOTE_USER, the name that the client has logged in with, and SSH_KEY_FINGERPRINT, if that
 * was with a key. */
bool environment_set_login(struct environment *e, const struct nacre_peer *peer);

/* Set SSH_CONNECTION: address and port of the client, then of the server. */
bool environment_set_connection(struct environment *e, struct nacre_peer *peer);

void environment_clear(struct environment *e);

#endif
