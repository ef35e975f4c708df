/* Places where the server listens for us. RFC 4254 section 7.1; PROTOCOL section 2.4. */
#ifndef NACRE_APPS_FORWARD_REMOTE_H
#define NACRE_APPS_FORWARD_REMOTE_H

#include "apps/forward/parts.h"

/* Where to connect to for what the server accepted there; NULL: we did not ask for it. */
const struct nacre_target *remote_find(const struct nacre_forwards *f,
                                       const struct nacre_target *at);

void remote_free_all(struct nacre_forwards *f);

#endif
