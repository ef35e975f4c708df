/* What may be wrong with the configuration of clients, or of one of them. */
#ifndef NACRE_APPS_CONNECT_CHECK_H
#define NACRE_APPS_CONNECT_CHECK_H

#include "apps/connect/client.h"
#include "apps/session/errbuf.h"

/* False: *p has a sentence. The endpoint checks the rest. */
bool check_clients(const struct nacre_client_config *config, const struct errbuf *p);

/* The same for one connection of these clients. */
bool check_connection(const struct nacre_client_config *clients,
                      const struct nacre_connection_config *config, const struct errbuf *p);

#endif
