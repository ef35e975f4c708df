/* The keys of RFC 4253 section 7.2, and what they become when something is done differently. */
#ifndef NACRE_APPS_TRACE_DERIVE_H
#define NACRE_APPS_TRACE_DERIVE_H

#include "apps/trace/exchange.h"

/* What enters the derivation; all may be set to something wrong. */
struct derivation {
    const struct hash_method *hash;
    struct bytes k, h, session_id;
    char letter;           /* 'A' to 'F'; 0: none is hashed */
    bool repeats, forgets; /* K2 is made like K1; K3 is made from K2 only */
};

/* The right derivation of an exchange's key i, with that H. */
struct derivation derivation_of(const struct exchange *x, struct bytes h, size_t i);

/* `need` bytes, at most EXCHANGE_KEY_MAX. False: the crypto library failed. */
bool derive_key(const struct derivation *d, uint8_t *out, size_t need);

/* The bytes of key i that the cipher takes, perhaps none; EXCHANGE_KEY_MAX when the trace does not
 * say. */
size_t derive_length(const struct exchange *x, size_t i);

/* "initial IV, client to server" */
const char *derive_about(size_t i);

#endif
