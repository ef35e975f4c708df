/* One connection of the server: a socket and its session. */
#ifndef NACRE_APPS_SERVER_PEER_H
#define NACRE_APPS_SERVER_PEER_H

#include "apps/server/parts.h"

/* Take over a connected, non-blocking socket; closes it when memory is out. */
void peer_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                const struct ticket *ticket);

/* End its session as shutting down. */
void peer_shut_down(struct nacre_peer *peer);

/* Close the socket and free the peer at once. */
void peer_close(struct nacre_peer *peer);

/* Set the callbacks of the endpoint's sessions, and the server's observer. policy receives a copy
 * of the server's policy that also notes failed logins; the endpoint copies it in turn. */
void peer_callbacks(struct nacre_endpoint_config *config, struct nacre_auth_policy *policy,
                    struct settings *settings);

#endif
