/* Connections of load balancers until their header of the PROXY protocol has come: they are
 * admitted as connections from the address that it names. */
#ifndef NACRE_APPS_SERVER_PROXIED_H
#define NACRE_APPS_SERVER_PROXIED_H

#include "apps/server/parts.h"

/* What becomes of them; both take the socket over. */
struct proxied_calls {
    void (*admit)(struct worker *worker, int fd, const struct sockaddr_storage *address);
    void (*refuse)(struct worker *worker, int fd, const struct sockaddr_storage *address,
                   enum nacre_limit limit);
};

/* Does proxy_from have the address of this connection? */
bool proxied_expected(const struct worker *worker, int fd, const struct sockaddr_storage *address);

/* Take over a connected, non-blocking socket. The header has the deadline of an identification,
 * which is that of the handshake. A balancer that leaves before its header is complete has
 * checked our health: it is forgotten without a word. */
void proxied_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                   const struct proxied_calls *calls);

/* Close those whose header has not come. */
void proxied_close_all(struct worker *worker);

#endif
