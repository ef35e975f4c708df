/* What a case does in either role: as a client towards a server, as a server towards a client. */
#ifndef NACRE_APPS_SPEC_EITHER_H
#define NACRE_APPS_SPEC_EITHER_H

#include "apps/spec/exchange.h"
#include "apps/spec/serve.h"

/* The parts of an exchange: both shares and the signature; both NEWKEYS; all of these. False: it
 * failed. */
bool exchange_shares(struct peer *p);
void exchange_newkeys(struct peer *p);
void finish_exchange(struct peer *p);

/* A copy of our correct share of a method. As a server this waits for the client's first. */
struct bytes own_share(struct peer *p, const struct kex_method *method);

/* Send these bytes in place of our share. As a server with a signature over H as a client computes
 * it that accepts them: K is 0 for points of small order, and the share itself near 0. */
void send_share_bytes(struct peer *p, struct bytes share);

/* The client's share in the message that was received last, or the server's. */
struct bytes their_share(const struct peer *p);

#endif
