/* The configuration of an endpoint: what a caller may have got wrong. */
#ifndef NACRE_APPS_SESSION_CHECK_H
#define NACRE_APPS_SESSION_CHECK_H

#include "apps/session/errbuf.h"
#include "apps/session/session.h"

/* Everything except the lists of algorithms, which are checked when they are applied. False: *p has
 * a sentence. */
bool endpoint_check(const struct nacre_endpoint_config *config, const struct errbuf *p);

#endif
