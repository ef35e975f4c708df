/* ML-KEM-768, the key encapsulation mechanism of FIPS 203. Constant time in all secrets.
 *
 * One of two implementations is compiled: libcrypto's where it has one (OpenSSL 3.5), else ours,
 * which is mlkem768.c with mlkem768_pke.c (the inner encryption scheme, section 5) and
 * mlkem768_poly.c (polynomials, section 4). The caller supplies all randomness. */
#ifndef NACRE_CRYPTO_MLKEM768_H
#define NACRE_CRYPTO_MLKEM768_H

#include "crypto/keccak4.h"

#define MLKEM768_EK_LEN 1184 /* bytes of an encapsulation key: sent to the peer */
#define MLKEM768_DK_LEN 2400 /* bytes of a secret decapsulation key; ends with ek, H(ek) and z */
#define MLKEM768_CT_LEN 1088 /* bytes of a ciphertext: sent back */
#define MLKEM768_SS_LEN 32   /* bytes of the shared secret, and of the seeds d, z and m */

/* Working memory (11 KiB), too large for a small stack. The caller lends it to each call and gets
 * it back wiped; its contents are private. */
struct mlkem768_scratch {
    int16_t secret[3][256];   /* the vector s or y, NTT */
    int16_t products[3][128]; /* its prepared products, see poly_prepare */
    int16_t noise[4][256];    /* the vector e, or e1 and then e2 */
    int16_t row[3][256];      /* one row of the matrix A or its transpose, or the vector t or u */
    int16_t result[256];      /* one polynomial of the result */
    int32_t sum[256];         /* of products, not reduced yet */
    struct keccak4 sponges;
    uint8_t streams[KECCAK_WAYS][SHAKE128_RATE];
    uint8_t ct[MLKEM768_CT_LEN]; /* the expected ciphertext */
};

/* ML-KEM.KeyGen_internal (algorithm 16): a key pair from two random seeds, which are as secret as
 * dk. False when out of memory (only with libcrypto's implementation). */
bool mlkem768_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN],
                      const uint8_t d[MLKEM768_SS_LEN], const uint8_t z[MLKEM768_SS_LEN],
                      struct mlkem768_scratch *scratch);

/* ML-KEM.Encaps (algorithms 20 and 17): a shared secret for the holder of `ek` from 32 random bytes
 * `m`. False when `ek` fails the modulus check of section 7.2, which no generated key does; `ct`
 * and `ss` are zeros then. */
bool mlkem768_encapsulate(uint8_t ct[MLKEM768_CT_LEN], uint8_t ss[MLKEM768_SS_LEN],
                          const uint8_t ek[MLKEM768_EK_LEN], const uint8_t m[MLKEM768_SS_LEN],
                          struct mlkem768_scratch *scratch);

/* ML-KEM.Decaps_internal (algorithm 18): the shared secret in `ct`. For a ciphertext that was not
 * made for this key, it is a value that only the holder of `dk` can compute ("implicit rejection");
 * neither the result nor the time shows the difference. `dk` must come from mlkem768_keypair. False
 * when out of memory (only with libcrypto's implementation). */
bool mlkem768_decapsulate(uint8_t ss[MLKEM768_SS_LEN], const uint8_t dk[MLKEM768_DK_LEN],
                          const uint8_t ct[MLKEM768_CT_LEN], struct mlkem768_scratch *scratch);

#endif
