/* The nonce of a deterministic ECDSA signature: RFC 6979 section 3.2. Part of crypto/ecdsa.h; it
 * has its own header so that the RFC's intermediate values can be tested. */
#ifndef NACRE_CRYPTO_ECDSA_NONCE_H
#define NACRE_CRYPTO_ECDSA_NONCE_H

#include "crypto/ec_curve.h"

/* Derive the nonce k from the private key and the digest of the message (curve->hash->len bytes).
 * `order`, `secret` and `nonce` are curve->len bytes each, most significant first. The result is
 * between 1 and order - 1, and as secret as the key. False when the hash fails. */
bool ecdsa_nonce(const struct ec_curve *curve, const uint8_t *order, const uint8_t *secret,
                 const uint8_t *digest, uint8_t *nonce);

#endif
