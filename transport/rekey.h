/* When a key exchange is due, and how long one may take. RFC 4253 section 9, RFC 4344 section 3. */
#ifndef NACRE_TRANSPORT_REKEY_H
#define NACRE_TRANSPORT_REKEY_H

#include <stdint.h>

struct transport;

/* Begin an exchange if one is due, and set the deadline of one that has none. Called in the owner's
 * calls only, as it needs the time. */
void rekey_if_due(struct transport *t);

/* Time passed. */
void rekey_tick(struct transport *t);
/* When rekey_tick must be called at the latest; UINT64_MAX for never. */
uint64_t rekey_deadline(const struct transport *t);

#endif
