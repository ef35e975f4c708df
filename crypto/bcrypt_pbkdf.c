#include "crypto/bcrypt_pbkdf.h"

#include "crypto/blowfish.h"
#include "crypto/hash.h"

enum {
    HASH_LEN = 32,  /* bytes that one call of bcrypt yields */
    EXPENSIVE = 64, /* times that the key schedule is repeated: a cost of 6 */
    ENCRYPTED = 64, /* times that the text is encrypted */
};

_Static_assert(BLOWFISH_KEY_LEN == HASH_MAX, "keys and salts are digests of SHA-512");

/* What bcrypt encrypts. */
static const uint8_t text[HASH_LEN + 1] = "OxychromaticBlowfishSwatDynamite";

/* bcrypt with digests as password and salt. Unlike in bcrypt itself the salt comes first in the
 * schedule, and words are written least significant byte first. */
static void bcrypt(uint8_t out[HASH_LEN], const uint8_t password[HASH_MAX],
                   const uint8_t salt[HASH_MAX])
{
    struct blowfish b = blowfish_initial;

    blowfish_expand(&b, password, salt);
    for (size_t i = 0; i < EXPENSIVE; i++) {
        blowfish_expand(&b, salt, NULL);
        blowfish_expand(&b, password, NULL);
    }
    for (size_t at = 0; at < HASH_LEN; at += 8) {
        uint32_t block[2] = {load_u32(text + at), load_u32(text + at + 4)};

        for (size_t i = 0; i < ENCRYPTED; i++)
            blowfish_encrypt(&b, block);
        store_u32_le(out + at, block[0]);
        store_u32_le(out + at + 4, block[1]);
    }
    wipe(&b, sizeof b);
}

/* RFC 8018 section 5.2, step 3: T_i is the sum of U_1 = PRF(P, S || INT(i)), U_2 = PRF(P, U_1)...
 * number: i, from 1 */
static bool derive_block(uint8_t sum[HASH_LEN], const uint8_t password[HASH_MAX], struct bytes salt,
                         uint32_t number, uint32_t rounds)
{
    uint8_t counter[4], salt_digest[HASH_MAX], u[HASH_LEN];
    struct hash h;
    bool good;

    store_u32(counter, number);
    hash_start(&h, &hash_sha512);
    hash_update(&h, salt);
    hash_update(&h, (struct bytes){counter, sizeof counter});
    good = hash_finish(&h, salt_digest);
    memset(sum, 0, HASH_LEN);
    for (uint32_t round = 0; good && round < rounds; round++) {
        if (round > 0)
            good = hash_of(&hash_sha512, (struct bytes){u, sizeof u}, salt_digest);
        bcrypt(u, password, salt_digest);
        for (size_t i = 0; i < HASH_LEN; i++)
            sum[i] ^= u[i];
    }
    wipe(salt_digest, sizeof salt_digest);
    wipe(u, sizeof u);
    return good;
}

bool bcrypt_pbkdf(uint8_t *key, size_t len, struct bytes passphrase, struct bytes salt,
                  uint32_t rounds)
{
    uint32_t blocks = (uint32_t)((len + HASH_LEN - 1) / HASH_LEN);
    uint8_t password[HASH_MAX], sum[HASH_LEN];
    bool good = passphrase.len > 0 && salt.len > 0 && salt.len <= BCRYPT_PBKDF_SALT_MAX &&
                len > 0 && len <= BCRYPT_PBKDF_KEY_MAX && rounds > 0 &&
                rounds <= BCRYPT_PBKDF_ROUNDS_MAX && hash_of(&hash_sha512, passphrase, password);

    for (uint32_t i = 0; good && i < blocks; i++) {
        good = derive_block(sum, password, salt, i + 1, rounds);
        /* Byte j of block i is byte j * blocks + i of the key. */
        for (size_t at = i, j = 0; at < len && j < HASH_LEN; at += blocks, j++)
            key[at] = sum[j];
    }
    if (!good)
        wipe(key, len);
    wipe(password, sizeof password);
    wipe(sum, sizeof sum);
    return good;
}
