/* Places where we listen, and a channel to the peer for each connection. RFC 4254 section 7.2,
 * PROTOCOL section 2.4. */
#ifndef NACRE_APPS_FORWARD_LISTENER_H
#define NACRE_APPS_FORWARD_LISTENER_H

#include "apps/forward/parts.h"

struct listener_config {
    const char *type;           /* of the channels */
    struct nacre_target where;  /* to listen at */
    struct nacre_target target; /* what the channels carry besides their originator */
    enum nacre_gateway_ports gateway;
    bool for_peer; /* the peer asked for it: the channels carry where we listen */
};

/* NULL: *failure is a sentence. */
struct nacre_forward_listener *
listener_open(struct nacre_forwards *f, const struct listener_config *config, const char **failure);

/* The one that the peer asked for at that place; NULL: there is none. */
struct nacre_forward_listener *listener_find(const struct nacre_forwards *f,
                                             const struct nacre_target *where);

#endif
