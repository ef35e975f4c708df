/* ML-KEM on top of K-PKE: FIPS 203 section 6. Not compiled where libcrypto has ML-KEM: see
 * mlkem768_openssl.c. */
#include <openssl/opensslv.h>

#include "crypto/mlkem768.h"

#if OPENSSL_VERSION_NUMBER < 0x30500000L

#include "crypto/mlkem768_pke.h"

/* The parts of dk: the decryption key, ek, H(ek), z (algorithm 16 line 3). */
enum {
    EK_AT = MLKEM768_PKE_DK_LEN,
    HASH_AT = EK_AT + MLKEM768_EK_LEN,
    Z_AT = HASH_AT + MLKEM768_SS_LEN,
};

_Static_assert(Z_AT + MLKEM768_SS_LEN == MLKEM768_DK_LEN, "parts of dk");

/* H: SHA3-256 of the encapsulation key. */
static void hash_key(uint8_t out[32], const uint8_t ek[MLKEM768_EK_LEN])
{
    const struct bytes part = {ek, MLKEM768_EK_LEN};

    keccak_of(&keccak_sha3_256, &part, 1, out, 32);
}

/* G: SHA3-512 of two parts; the output is two values of 32 bytes. */
static void expand(uint8_t out[64], struct bytes first, struct bytes second)
{
    const struct bytes parts[] = {first, second};

    keccak_of(&keccak_sha3_512, parts, 2, out, 64);
}

/* J: SHAKE256(z || ct), the secret for a rejected ciphertext. */
static void reject(uint8_t out[32], const uint8_t *z, const uint8_t ct[MLKEM768_CT_LEN])
{
    const struct bytes parts[] = {{z, 32}, {ct, MLKEM768_CT_LEN}};

    keccak_of(&keccak_shake256, parts, 2, out, 32);
}

bool mlkem768_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN],
                      const uint8_t d[MLKEM768_SS_LEN], const uint8_t z[MLKEM768_SS_LEN],
                      struct mlkem768_scratch *scratch)
{
    static const uint8_t k = 3; /* the number of polynomials in a vector, part of the seed */
    uint8_t rho_sigma[64];

    expand(rho_sigma, (struct bytes){d, 32}, (struct bytes){&k, 1});
    pke_keypair(ek, dk, rho_sigma, rho_sigma + 32, scratch);
    memcpy(dk + EK_AT, ek, MLKEM768_EK_LEN);
    hash_key(dk + HASH_AT, ek);
    memcpy(dk + Z_AT, z, 32);
    wipe(rho_sigma, sizeof rho_sigma);
    wipe(scratch, sizeof *scratch);
    return true;
}

bool mlkem768_encapsulate(uint8_t ct[MLKEM768_CT_LEN], uint8_t ss[MLKEM768_SS_LEN],
                          const uint8_t ek[MLKEM768_EK_LEN], const uint8_t m[MLKEM768_SS_LEN],
                          struct mlkem768_scratch *scratch)
{
    uint8_t hash[32], key_r[64]; /* key_r: the shared secret, then the randomness for encrypting */
    bool valid;

    hash_key(hash, ek);
    expand(key_r, (struct bytes){m, 32}, (struct bytes){hash, 32});
    valid = pke_encrypt(ct, ek, m, key_r + 32, scratch);
    memcpy(ss, key_r, 32);
    if (!valid) {
        wipe(ct, MLKEM768_CT_LEN);
        wipe(ss, MLKEM768_SS_LEN);
    }
    wipe(key_r, sizeof key_r);
    wipe(scratch, sizeof *scratch);
    return valid;
}

bool mlkem768_decapsulate(uint8_t ss[MLKEM768_SS_LEN], const uint8_t dk[MLKEM768_DK_LEN],
                          const uint8_t ct[MLKEM768_CT_LEN], struct mlkem768_scratch *scratch)
{
    const uint8_t *ek = dk + EK_AT;
    uint8_t m[32], key_r[64], rejected[32];
    bool same;

    pke_decrypt(m, dk, ct, scratch);
    expand(key_r, (struct bytes){m, 32}, (struct bytes){dk + HASH_AT, 32});
    reject(rejected, dk + Z_AT, ct);
    (void)pke_encrypt(scratch->ct, ek, m, key_r + 32, scratch); /* our own ek is valid */
    same = secrets_equal(ct, scratch->ct, MLKEM768_CT_LEN);
    secrets_choose(ss, same, key_r, rejected, MLKEM768_SS_LEN);
    wipe(m, sizeof m);
    wipe(key_r, sizeof key_r);
    wipe(rejected, sizeof rejected);
    wipe(scratch, sizeof *scratch);
    return true;
}

#else

/* C does not allow an empty file. */
extern const int nacre_mlkem768_is_in_libcrypto;

#endif
