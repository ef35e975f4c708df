#include "apps/spec/oaep.h"

enum { HASH_LEN = 32 };

/* ---- arithmetic modulo n, in numbers of n.len bytes, most significant first ---- */

/* a = a - n, if carry or a >= n */
static void reduce(uint8_t *a, struct bytes n, unsigned carry)
{
    int borrow = 0;

    if (carry == 0 && memcmp(a, n.at, n.len) < 0)
        return;
    for (size_t i = n.len; i-- > 0;) {
        int difference = a[i] - n.at[i] - borrow;

        borrow = difference < 0;
        a[i] = (uint8_t)difference;
    }
}

static void add(uint8_t *a, const uint8_t *b, struct bytes n)
{
    unsigned carry = 0;

    for (size_t i = n.len; i-- > 0;) {
        carry += (unsigned)a[i] + b[i];
        a[i] = (uint8_t)carry;
        carry >>= 8;
    }
    reduce(a, n, carry);
}

/* a = a * b: double and add, from the first bit on. */
static void multiply(uint8_t *a, const uint8_t *b, struct bytes n)
{
    uint8_t sum[OAEP_MODULUS_MAX] = {0};

    for (size_t i = 0; i < 8 * n.len; i++) {
        add(sum, sum, n);
        if (b[i / 8] >> (7 - i % 8) & 1)
            add(sum, a, n);
    }
    memcpy(a, sum, n.len);
}

/* out = out ^ e: square and multiply. RFC 8017 section 5.1.1 */
static void power(uint8_t *out, struct bytes e, struct bytes n)
{
    uint8_t base[OAEP_MODULUS_MAX], square[OAEP_MODULUS_MAX];

    memcpy(base, out, n.len);
    memset(out, 0, n.len);
    out[n.len - 1] = 1;
    for (size_t i = 0; i < 8 * e.len; i++) {
        memcpy(square, out, n.len);
        multiply(out, square, n);
        if (e.at[i / 8] >> (7 - i % 8) & 1)
            multiply(out, base, n);
    }
}

/* ---- the encoding ---- */

/* MGF1, RFC 8017 appendix B.2.1: xor `to` with Hash(seed || counter)... */
static bool mask(uint8_t *to, size_t len, const uint8_t *seed, size_t seed_len)
{
    uint8_t text[OAEP_MODULUS_MAX + 4], block[HASH_LEN];
    bool good = true;

    memcpy(text, seed, seed_len);
    for (size_t at = 0; good && at < len; at += HASH_LEN) {
        store_u32(text + seed_len, (uint32_t)(at / HASH_LEN));
        good = hash_of(&hash_sha256, (struct bytes){text, seed_len + 4}, block);
        for (size_t i = 0; i < HASH_LEN && at + i < len; i++)
            to[at + i] ^= block[i];
    }
    return good;
}

/* RFC 8017 section 7.1.1:
 *     EM = 0x00 || maskedSeed || maskedDB
 *     DB = lHash || PS || 0x01 || M                                            */
bool oaep_encrypt(struct bytes n, struct bytes e, struct bytes message,
                  const uint8_t seed[OAEP_SEED_LEN], uint8_t *out)
{
    uint8_t *masked = out + 1, *block = masked + HASH_LEN;
    size_t len = n.len - 1 - HASH_LEN;

    if (n.len > OAEP_MODULUS_MAX || n.len < 2 * HASH_LEN + 2 ||
        message.len > n.len - 2 * HASH_LEN - 2)
        return false;
    memset(out, 0, n.len);
    memcpy(masked, seed, HASH_LEN);
    if (!hash_of(&hash_sha256, (struct bytes){NULL, 0}, block))
        return false;
    block[len - message.len - 1] = 1;
    memcpy(block + len - message.len, message.at, message.len);
    if (!mask(block, len, masked, HASH_LEN) || !mask(masked, HASH_LEN, block, len))
        return false;
    power(out, e, n);
    return true;
}
