/* Channels that make us connect. RFC 4254 section 7.2, PROTOCOL section 2.4. */
#ifndef NACRE_APPS_FORWARD_CONNECT_H
#define NACRE_APPS_FORWARD_CONNECT_H

#include "apps/forward/parts.h"

/* What `open` of such a channel returns: it is granted once we are connected. */
enum nacre_answer connect_channel(struct nacre_forwards *f, struct nacre_channel *ch,
                                  const struct nacre_target *target);

#endif
