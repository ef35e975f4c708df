/* ECDSA on the NIST curves (FIPS 186-4 section 6, RFC 5656 section 3), each with its own hash.
 *
 * Signatures are deterministic (RFC 6979): a weak source of randomness cannot give the key away,
 * and the same session gives the same bytes. Operations with the private key are constant time. */
#ifndef NACRE_CRYPTO_ECDSA_H
#define NACRE_CRYPTO_ECDSA_H

#include "crypto/ec_curve.h"

/* A public key, perhaps with its private key. Belongs to the caller; may be moved; may be used by
 * several threads at once, but for ecdsa_clear. */
struct ecdsa_key {
    const struct ec_curve *curve;
    void *key; /* libcrypto's; NULL when there is none */
};

/* A public key from its uncompressed point. False when that is not a point on the curve, and when
 * there is no memory; there is nothing to clear then. */
bool ecdsa_public_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes point);

/* A private key from its scalar, most significant byte first; zeros in front do not count. `point`
 * is the public key if the caller has it, else empty. False when the scalar is not between 1 and
 * the group order - 1, when the point is not its public key, and when there is no memory. */
bool ecdsa_private_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes scalar,
                        struct bytes point);

/* Write the public key, curve->point_len bytes uncompressed. False without a key. */
bool ecdsa_public(const struct ecdsa_key *k, uint8_t *point);

/* Sign `message`, which is hashed here with curve->hash: r and s, curve->len bytes each, most
 * significant first. False without a private key or memory. */
bool ecdsa_sign(const struct ecdsa_key *k, struct bytes message, uint8_t *r, uint8_t *s);

/* Is (r, s) a signature of `message`? Both unsigned, most significant byte first; zeros in front do
 * not count. False for values that are 0 or not below the group order. */
bool ecdsa_verify(const struct ecdsa_key *k, struct bytes message, struct bytes r, struct bytes s);

/* Wipe and release the key. Harmless when called twice, or on zeros. */
void ecdsa_clear(struct ecdsa_key *k);

#endif
