#include "crypto/blowfish.h"

static uint32_t f(const struct blowfish *b, uint32_t x)
{
    return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^ b->s[2][x >> 8 & 0xff]) +
           b->s[3][x & 0xff];
}

void blowfish_encrypt(const struct blowfish *b, uint32_t block[2])
{
    uint32_t left = block[0] ^ b->p[0], right = block[1];

    for (size_t i = 1; i < 17; i += 2) {
        right ^= f(b, left) ^ b->p[i];
        left ^= f(b, right) ^ b->p[i + 1];
    }
    block[0] = right ^ b->p[17];
    block[1] = left;
}

/* Encrypt the running block, after the next 64 bits of the salt were added to it, and let it
 * replace two words of the state. *at: bytes of the salt used so far */
static void replace(struct blowfish *b, uint32_t *words, uint32_t block[2], const uint8_t *salt,
                    size_t *at)
{
    if (salt != NULL) {
        block[0] ^= load_u32(salt + *at);
        block[1] ^= load_u32(salt + *at + 4);
        *at = (*at + 8) % BLOWFISH_KEY_LEN;
    }
    blowfish_encrypt(b, block);
    words[0] = block[0];
    words[1] = block[1];
}

void blowfish_expand(struct blowfish *b, const uint8_t key[BLOWFISH_KEY_LEN],
                     const uint8_t salt[BLOWFISH_KEY_LEN])
{
    uint32_t block[2] = {0, 0};
    size_t at = 0;

    for (size_t i = 0; i < 18; i++)
        b->p[i] ^= load_u32(key + 4 * i % BLOWFISH_KEY_LEN);
    for (size_t i = 0; i < 18; i += 2)
        replace(b, b->p + i, block, salt, &at);
    for (size_t s = 0; s < 4; s++)
        for (size_t i = 0; i < 256; i += 2)
            replace(b, b->s[s] + i, block, salt, &at);
    wipe(block, sizeof block);
}
