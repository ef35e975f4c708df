/* Ed25519 signatures (RFC 8032 section 5.1). Signing is constant time and needs no randomness. */
#ifndef NACRE_CRYPTO_ED25519_H
#define NACRE_CRYPTO_ED25519_H

#include "crypto/bytes.h"

#define ED25519_SEED_LEN 32      /* bytes of the private key of RFC 8032 */
#define ED25519_PUBLIC_LEN 32    /* bytes of the public key */
#define ED25519_SIGNATURE_LEN 64 /* bytes of a signature */

/* The public key of `seed` (RFC 8032 section 5.1.5). */
void ed25519_public(uint8_t pub[ED25519_PUBLIC_LEN], const uint8_t seed[ED25519_SEED_LEN]);

/* Sign `message` (RFC 8032 section 5.1.6). `pub` must be the public key of `seed` and must not come
 * from the peer: a signature made with another one would reveal the private key. Always true in
 * practice. */
bool ed25519_sign(uint8_t sig[ED25519_SIGNATURE_LEN], const uint8_t seed[ED25519_SEED_LEN],
                  const uint8_t pub[ED25519_PUBLIC_LEN], struct bytes message);

/* Is it a signature of `message` by the holder of `pub`? RFC 8032 section 5.1.7; where that leaves
 * a choice, the strict one: S at or above the group order is refused, and so are public keys that
 * are not in canonical form or have small order. */
bool ed25519_verify(const uint8_t sig[ED25519_SIGNATURE_LEN], const uint8_t pub[ED25519_PUBLIC_LEN],
                    struct bytes message);

#endif
