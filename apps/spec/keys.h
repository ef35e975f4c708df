/* H and the six keys, from RFC 4253 sections 7.2 and 8 once more. */
#ifndef NACRE_APPS_SPEC_KEYS_H
#define NACRE_APPS_SPEC_KEYS_H

#include "apps/spec/peer.h"

/* H over the exchange, with the peer's share. The first H is the session identifier too. */
bool compute_hash(struct peer *p, struct bytes theirs);

/* Derive the keys of one direction and use them from the next packet on. With strict kex the
 * sequence number restarts at 0. */
bool take_keys(struct peer *p, bool sending);

#endif
