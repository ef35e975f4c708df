/* Another configuration for a server that may be running. */
#ifndef NACRE_APPS_SERVER_RECONFIGURE_H
#define NACRE_APPS_SERVER_RECONFIGURE_H

#include "apps/server/parts.h"

/* The number of descriptors that the process may have; 0: no limit. */
uint64_t reconfigure_descriptors(void);

/* The limits on connections, with no more connections than descriptors allow. Accepting more would
 * starve existing sessions. */
struct nacre_admission reconfigure_admission(const struct nacre_server *server,
                                             const struct nacre_server_config *config);

/* Settings with an endpoint for each worker. NULL: errbuf holds a sentence. */
struct settings *reconfigure_settings(struct nacre_server *server,
                                      const struct nacre_server_config *config, char *errbuf,
                                      size_t size);

#endif
