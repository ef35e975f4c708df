/* Blowfish (Schneier, 1993), with the expensive key schedule of bcrypt (Provos and Mazieres, "A
 * Future-Adaptable Password Scheme", 1999): only what bcrypt_pbkdf needs.
 *
 * Not constant time: table look-ups depend on the key, in every implementation. */
#ifndef NACRE_CRYPTO_BLOWFISH_H
#define NACRE_CRYPTO_BLOWFISH_H

#include "crypto/bytes.h"

#define BLOWFISH_KEY_LEN 64 /* bytes of a key or a salt here: a SHA-512 digest */

/* A key that has been expanded. Owned by the caller, who wipes it; may be copied. */
struct blowfish {
    uint32_t p[18];
    uint32_t s[4][256];
};

/* The digits of pi, from which every key schedule starts. In blowfish_pi.c. */
extern const struct blowfish blowfish_initial;

/* Mix a key into the state, and a salt unless it is NULL: ExpandKey of the paper. */
void blowfish_expand(struct blowfish *b, const uint8_t key[BLOWFISH_KEY_LEN],
                     const uint8_t salt[BLOWFISH_KEY_LEN]);

/* Encrypt one block of 64 bits, in place. */
void blowfish_encrypt(const struct blowfish *b, uint32_t block[2]);

#endif
