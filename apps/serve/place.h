/* Places of a client's sessions and forwarded connections, in the quota of its user. */
#ifndef NACRE_APPS_SERVE_PLACE_H
#define NACRE_APPS_SERVE_PLACE_H

#include "apps/serve/quota.h"
#include "apps/server/server.h"

/* NULL: taken, until quota_return. Otherwise a sentence for the client; the first of several
 * refusals in a row is logged. */
const char *place_take(struct quota_place *place, const struct nacre_peer *peer);

#endif
