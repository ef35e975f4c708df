/* A program's configuration with all members, whatever version of the headers it was compiled with:
 * transport/growth.h. */
#ifndef NACRE_APPS_SERVER_COMPLETE_H
#define NACRE_APPS_SERVER_COMPLETE_H

#include "apps/server/server.h"
#include "apps/session/errbuf.h"

/* What a configuration leads to. */
struct complete {
    struct nacre_auth_policy auth;
    struct nacre_forwarding forwarding;
    struct nacre_server_events events;
    struct nacre_observer observer;
    struct nacre_memory memory, secrets;
    struct nacre_limits limits;
    struct nacre_admission admission;
};

/* Copy a program's configuration to *config, which then leads to *parts. False: its version is
 * missing or unknown, and *p has a sentence. */
bool complete_config(struct nacre_server_config *config, struct complete *parts,
                     const struct nacre_server_config *given, const struct errbuf *p);

#endif
