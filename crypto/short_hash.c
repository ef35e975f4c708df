#include "crypto/short_hash.h"

#include <sodium.h>

_Static_assert(SHORT_HASH_KEY == crypto_shorthash_KEYBYTES, "libsodium's default is SipHash-2-4");

uint64_t short_hash(const uint8_t key[SHORT_HASH_KEY], struct bytes data)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t hash = 0;

    crypto_shorthash(out, data.at, data.len, key);
    for (unsigned i = 0; i < sizeof out; i++)
        hash |= (uint64_t)out[i] << (8 * i);
    return hash;
}
