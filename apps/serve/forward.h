/* What clients of nacre-serve may forward (forwarding.h): within what the options and the client's
 * key permit, and within the quota of its user. Each connection and each place where the server
 * listens for a client counts as one session. */
#ifndef NACRE_APPS_SERVE_FORWARD_H
#define NACRE_APPS_SERVE_FORWARD_H

#include "apps/forward/forwarding.h"
#include "apps/serve/permit.h"
#include "apps/server/server.h"

struct forward_config {
    struct permit permit;
    uint32_t gateway_ports; /* an enum nacre_gateway_ports */
    bool agent;             /* the socket of a client's agent */
};

/* Call it once, before the server runs. The policy for the server; NULL: nothing is permitted. */
const struct nacre_forwarding *forward_configure(const struct forward_config *config);

/* Listen on the path for the client's agent. NULL: that is not possible, and logged. */
struct nacre_forward_listener *forward_agent(struct nacre_peer *peer, const char *path);

#endif
