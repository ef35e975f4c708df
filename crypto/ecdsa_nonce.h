/* The nonce of a deterministic ECDSA signature: RFC 6979 section 3.2. Part of crypto/ecdsa.h; it
 * has its own header so that the RFC's intermediate values can be tested. */
#ifndef NACRE_CRYPTO_ECDSA_NONCE_H
#define NACRE_CRYPTO_ECDSA_NONCE_H

#include "crypto/ec_curve.h"

/* The generator of RFC 6979 section 3.2: K and V, each as long as a digest. As secret as the key.
 */
struct ecdsa_generator {
    const struct ec_curve *curve;
    const uint8_t *order; /* curve->len bytes, as all numbers here, most significant first */
    uint8_t k[HASH_MAX];
    uint8_t v[HASH_MAX];
};

/* Start it, from the private key and the digest of the message (curve->hash->len bytes). Calls of
 * these functions return false when the hash fails. */
bool ecdsa_generator_start(struct ecdsa_generator *g, const uint8_t *secret, const uint8_t *digest);

/* Steps h.2 and h.3: the next candidate for the nonce. *usable: it is between 1 and order - 1. If
 * it is not, which reveals nothing about the one that is, call ecdsa_generator_reject and this
 * again. */
bool ecdsa_generator_next(struct ecdsa_generator *g, uint8_t *nonce, unsigned *usable);
bool ecdsa_generator_reject(struct ecdsa_generator *g);

/* A number that nobody can predict and that tells nothing about the nonce: curve->hash->len bytes.
 */
bool ecdsa_generator_blind(const struct ecdsa_generator *g, uint8_t *blind);

/* The first usable nonce, as in the RFC. `secret` and `digest` as above. */
bool ecdsa_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                 const uint8_t *digest, uint8_t *nonce);

/* The same nonce in a form that does not show in the time of what is computed from it. */
struct ecdsa_safe_nonce {
    uint8_t fixed[EC_LEN_MAX + 1]; /* curve->len + 1 bytes, of ecdsa_fix_length */
    uint8_t blind[HASH_MAX];       /* curve->hash->len bytes, to multiply it with */
};

bool ecdsa_safe_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                      const uint8_t *digest, struct ecdsa_safe_nonce *nonce);

/* A number that is equal to the nonce modulo the order, and whose length in bits is always
 * curve->order_bits + 1: curve->len + 1 bytes. Constant time. */
void ecdsa_fix_length(const struct ec_curve *curve, const uint8_t *order, const uint8_t *nonce,
                      uint8_t *fixed);

#endif
