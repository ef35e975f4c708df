/* HMAC (RFC 2104) over any hash of crypto/hash.h.
 *
 * The key is set once. After that, every MAC starts from two stored states, so the key is not
 * hashed again and nothing is allocated. */
#ifndef NACRE_CRYPTO_HMAC_H
#define NACRE_CRYPTO_HMAC_H

#include "crypto/hash.h"

/* An HMAC with its key. Owned by the caller; may be moved; holds a secret until hmac_clear. */
struct hmac {
    struct hash inner; /* has seen the key xor ipad */
    struct hash outer; /* has seen the key xor opad */
};

/* Set the key, of any length, also 0; one longer than a block is hashed first, as the RFC
 * specifies. False when the library fails; hmac_compute fails then too. */
bool hmac_init(struct hmac *m, const struct hash_method *method, struct bytes key);

/* The MAC of the `n` parts, one after the other: method->len bytes to `out`. May be called any
 * number of times, and from several threads at once. False, with zeros in `out`, on failure. */
bool hmac_compute(const struct hmac *m, const struct bytes *parts, size_t n, uint8_t *out);

/* Wipe the key. Harmless when called twice, or on a struct of zeros. */
void hmac_clear(struct hmac *m);

#endif
