/* The application of nacre-serve: a session is a process. */
#ifndef NACRE_APPS_SERVE_H
#define NACRE_APPS_SERVE_H

#include "apps/daemon/channel_events.h"

/* Set once, before the server runs. */
struct serve_config {
    char **command; /* argv; the first word is a path */
    bool exec;      /* a client's own command is passed on, in SSH_ORIGINAL_COMMAND */
    const struct channel_events *events;
};

void serve_configure(const struct serve_config *config);

/* When the server no longer runs: forget the children that have not ended. */
void serve_over(void);

extern const struct nacre_channel_app serve_app;

#endif
