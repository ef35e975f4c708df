/* Elliptic curve Diffie-Hellman on the NIST curves: RFC 5656 section 4, SEC 1 section 3.3.1.
 * Operations with the secret are constant time. */
#ifndef NACRE_CRYPTO_ECDH_H
#define NACRE_CRYPTO_ECDH_H

#include "crypto/ec_curve.h"
#include "crypto/random.h"

/* One side's ephemeral key. Owned by the caller; holds a secret until ecdh_clear. */
struct ecdh {
    const struct ec_curve *curve;
    void *group;                /* libcrypto's; NULL without a key */
    uint8_t secret[EC_LEN_MAX]; /* the scalar, most significant byte first; curve->len bytes */
};

/* Generate a key from `random` and write its public point, curve->point_len bytes, to `pub`. False
 * when out of memory; there is nothing to clear then. */
bool ecdh_generate(struct ecdh *e, const struct ec_curve *curve, const struct random_source *random,
                   uint8_t *pub);

/* The same with a given secret of curve->len bytes, for known-answer tests. False also when the
 * secret is not between 1 and the group order - 1. */
bool ecdh_from_secret(struct ecdh *e, const struct ec_curve *curve, const uint8_t *secret,
                      uint8_t *pub);

/* The shared secret with the holder of `peer`, a point from the wire: its x coordinate in
 * curve->len bytes, most significant first. False, with zeros in `out`, unless `peer` is a point on
 * the curve in uncompressed form, other than the point at infinity (RFC 5656 section 4 requires the
 * validation). All three curves have cofactor 1, so there is no small subgroup to check. */
bool ecdh_shared(const struct ecdh *e, struct bytes peer, uint8_t *out);

/* Wipe the secret. Harmless when called twice, or on zeros. */
void ecdh_clear(struct ecdh *e);

#endif
