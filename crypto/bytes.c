#include "crypto/bytes.h"

#include <sodium.h>

void wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}

bool secrets_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void secrets_choose(uint8_t *out, bool first, const uint8_t *a, const uint8_t *b, size_t len)
{
    int mask = opaque(-(int)first);

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(b[i] ^ (mask & (a[i] ^ b[i])));
}
