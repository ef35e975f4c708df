#include "crypto/bytes.h"

#include <sodium.h>

static uint8_t folded(uint8_t c, bool fold)
{
    return fold && c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* It returns to the last star only, which is enough: what an earlier one could match, a later one
 * can too. */
bool bytes_match(struct bytes pattern, struct bytes text, bool fold)
{
    size_t p = 0, t = 0, back = 0, star = SIZE_MAX;

    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            back = t;
        } else if (p < pattern.len && (pattern.at[p] == '?' ||
                                       folded(pattern.at[p], fold) == folded(text.at[t], fold))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

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
