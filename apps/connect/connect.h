/* One client from its address to its session: what client.c uses of it. */
#ifndef NACRE_APPS_CONNECT_CONNECT_H
#define NACRE_APPS_CONNECT_CONNECT_H

#include "apps/connect/parts.h"

/* The host and port under which known_hosts has the server. False: *p has a sentence. */
bool client_known_as(const struct nacre_client *client, char host[HOST_MAX], uint16_t *port,
                     const struct errbuf *p);

/* The `ask` of a session: passes the question to the client's own. */
void client_on_ask(void *client, const struct nacre_ask *ask);

#endif
