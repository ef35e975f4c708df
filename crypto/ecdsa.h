/* ECDSA on the NIST curves (FIPS 186-4 section 6, RFC 5656 section 3), each with its own hash.
 *
 * Signatures are deterministic (RFC 6979): a weak source of randomness cannot reveal the key, and
 * the same session gives the same bytes. Operations with the private key are constant time. */
#ifndef NACRE_CRYPTO_ECDSA_H
#define NACRE_CRYPTO_ECDSA_H

#include "crypto/ec_curve.h"

/* A public key, optionally with its private key. Owned by the caller; may be moved; several threads
 * may use it at once, except for ecdsa_clear. */
struct ecdsa_key {
    const struct ec_curve *curve;
    void *key; /* libcrypto's; NULL without a key */
};

/* A public key from its uncompressed point. False when that is not a point on the curve, and when
 * out of memory; there is nothing to clear then. */
bool ecdsa_public_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes point);

/* A private key from its scalar, most significant byte first; leading zeros are ignored. `point` is
 * the public key if the caller has it, else empty. False when the scalar is not between 1 and the
 * group order - 1, when the point is not its public key, and when out of memory. */
bool ecdsa_private_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes scalar,
                        struct bytes point);

/* Write the public key, curve->point_len bytes uncompressed. False without a key. */
bool ecdsa_public(const struct ecdsa_key *k, uint8_t *point);

/* Write the secret scalar, curve->len bytes, most significant first, which the caller wipes. False
 * without a private key. */
bool ecdsa_scalar(const struct ecdsa_key *k, uint8_t *scalar);

/* Sign `message`, which is hashed here with curve->hash: r and s, curve->len bytes each, most
 * significant first. False without a private key and when out of memory. */
bool ecdsa_sign(const struct ecdsa_key *k, struct bytes message, uint8_t *r, uint8_t *s);

/* Is (r, s) a signature of `message`? Both are unsigned, most significant byte first; leading zeros
 * are ignored. False for values that are 0 or not below the group order. */
bool ecdsa_verify(const struct ecdsa_key *k, struct bytes message, struct bytes r, struct bytes s);

/* Wipe and free the key. Harmless when called twice, or on zeros. */
void ecdsa_clear(struct ecdsa_key *k);

#endif
