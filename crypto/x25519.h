/* X25519, the Diffie-Hellman function of RFC 7748. Constant time. */
#ifndef NACRE_CRYPTO_X25519_H
#define NACRE_CRYPTO_X25519_H

#include "crypto/bytes.h"

#define X25519_LEN 32 /* bytes of a secret, of a public value and of a shared secret */

/* The public value of `secret`, any 32 random bytes; it is clamped here (RFC 7748 section 5).
 * Always true; the result is there so that callers treat all key agreements alike. */
bool x25519_public(uint8_t pub[X25519_LEN], const uint8_t secret[X25519_LEN]);

/* The secret shared with the holder of `peer`. False, with zeros in `out`, when it is all zero,
 * that is, when `peer` has small order: RFC 7748 section 6.1; RFC 8731 section 3 requires the
 * check. The top bit of `peer` is ignored, as RFC 7748 section 5 requires. */
bool x25519_shared(uint8_t out[X25519_LEN], const uint8_t secret[X25519_LEN],
                   const uint8_t peer[X25519_LEN]);

#endif
