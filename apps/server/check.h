/* The configuration of a server: what a caller may have got wrong, beside what endpoint_check and
 * the opening of the listeners find. */
#ifndef NACRE_APPS_SERVER_CHECK_H
#define NACRE_APPS_SERVER_CHECK_H

#include "apps/server/server.h"
#include "apps/session/errbuf.h"

/* False: *p has a sentence. */
bool server_check(const struct nacre_server_config *config, const struct errbuf *p);

#endif
