/* The application of nacre-serve: a session is a process. */
#ifndef NACRE_APPS_SERVE_SERVE_H
#define NACRE_APPS_SERVE_SERVE_H

#include "apps/daemon/channel_events.h"

/* Set once, before the server runs. */
struct serve_config {
    char **command;                /* argv; the first word is a path; NULL: none, only subsystems */
    bool exec;                     /* run it also for a client that asks for a command of its own */
    bool key_environment;          /* environment= of a key in authorized_keys has its effect */
    const char *const *subsystems; /* "NAME=COMMAND", NULL-terminated */
    const char *const *environment; /* "NAME=VALUE", the same */
    const char *const *accepted;    /* patterns of variables that a client may set, the same */
    const char *folder;             /* where programs start; NULL: where the server was started */
    bool agent_forwarding;          /* of a client whose key allows it */
    const struct channel_events *events;
};

void serve_configure(const struct serve_config *config);

extern const struct nacre_channel_app serve_app;

#endif
