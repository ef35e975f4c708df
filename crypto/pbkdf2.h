/* PBKDF2 with HMAC (RFC 8018 section 5.2): the key of an encrypted private key in PKCS #8, from its
 * passphrase. Slow on purpose: call it on another thread than the event loop's. */
#ifndef NACRE_CRYPTO_PBKDF2_H
#define NACRE_CRYPTO_PBKDF2_H

#include "crypto/hash.h"

#define PBKDF2_ITERATIONS_MAX 20000000 /* some ten seconds of work */

/* What the key is made from, besides the passphrase. */
struct pbkdf2_parameters {
    const struct hash_method *hash; /* SHA-1 or SHA-2 */
    struct bytes salt;
    uint32_t iterations; /* 1 to PBKDF2_ITERATIONS_MAX */
};

/* Write `len` bytes of key, at most 64. False when a parameter is out of range, and when libcrypto
 * fails; `key` is all zero then. */
bool pbkdf2(uint8_t *key, size_t len, struct bytes passphrase, const struct pbkdf2_parameters *p);

#endif
