#include "crypto/x25519.h"

#include <sodium.h>

bool x25519_public(uint8_t pub[X25519_LEN], const uint8_t secret[X25519_LEN])
{
    return crypto_scalarmult_curve25519_base(pub, secret) == 0;
}

bool x25519_shared(uint8_t out[X25519_LEN], const uint8_t secret[X25519_LEN],
                   const uint8_t peer[X25519_LEN])
{
    /* libsodium refuses most points of small order before it computes, and an all-zero result
     * afterwards; when it refuses, `out` may be unchanged. */
    if (crypto_scalarmult_curve25519(out, secret, peer) == 0)
        return true;
    memset(out, 0, X25519_LEN);
    return false;
}
