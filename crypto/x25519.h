/* X25519, the Diffie-Hellman function of RFC 7748. Constant time. */
#ifndef NACRE_CRYPTO_X25519_H
#define NACRE_CRYPTO_X25519_H

#include "crypto/bytes.h"

#define X25519_LEN 32 /* bytes of a secret, of a public value and of a shared secret */

/* The public value of `secret`, which is any 32 random bytes; clamping happens inside (RFC 7748
 * section 5). Always true: kept as a result so that callers treat all key agreements alike. */
bool x25519_public(uint8_t pub[X25519_LEN], const uint8_t secret[X25519_LEN]);

/* The secret shared with the holder of `peer`. False when it is all zero, that is when `peer` has
 * small order: RFC 7748 section 6.1, and RFC 8731 section 3 demands the check. `out` is all zero
 * then. The top bit of `peer` is ignored, as RFC 7748 section 5 demands. */
bool x25519_shared(uint8_t out[X25519_LEN], const uint8_t secret[X25519_LEN],
                   const uint8_t peer[X25519_LEN]);

#endif
