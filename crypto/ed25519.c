#include "crypto/ed25519.h"

#include <sodium.h>

/* libsodium's secret key is the seed followed by the public key. */
_Static_assert(crypto_sign_ed25519_SECRETKEYBYTES == ED25519_SEED_LEN + ED25519_PUBLIC_LEN,
               "the secret key is not the seed and the public key");

void ed25519_public(uint8_t pub[ED25519_PUBLIC_LEN], const uint8_t seed[ED25519_SEED_LEN])
{
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];

    (void)crypto_sign_ed25519_seed_keypair(pub, secret, seed); /* cannot fail */
    wipe(secret, sizeof secret);
}

bool ed25519_sign(uint8_t sig[ED25519_SIGNATURE_LEN], const uint8_t seed[ED25519_SEED_LEN],
                  const uint8_t pub[ED25519_PUBLIC_LEN], struct bytes message)
{
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    bool done;

    memcpy(secret, seed, ED25519_SEED_LEN);
    memcpy(secret + ED25519_SEED_LEN, pub, ED25519_PUBLIC_LEN);
    done = crypto_sign_ed25519_detached(sig, NULL, message.at, message.len, secret) == 0;
    wipe(secret, sizeof secret);
    return done;
}

bool ed25519_verify(const uint8_t sig[ED25519_SIGNATURE_LEN], const uint8_t pub[ED25519_PUBLIC_LEN],
                    struct bytes message)
{
    return crypto_sign_ed25519_verify_detached(sig, message.at, message.len, pub) == 0;
}
