/* Streamlined NTRU Prime 761, the key encapsulation mechanism of the NTRU Prime submission to
 * NIST's round 3 (NTRU Prime: round 3, 2020). Constant time in all secrets.
 *
 * sntrup761.c is the mechanism; sntrup761_poly.c has the polynomials, sntrup761_inverse.c their
 * inverses, sntrup761_encode.c the byte strings, sort.c the sorting for short vectors. */
#ifndef NACRE_CRYPTO_SNTRUP761_H
#define NACRE_CRYPTO_SNTRUP761_H

#include "crypto/random.h"
#include "crypto/sntrup761_poly.h"

#define SNTRUP761_PK_LEN 1158 /* bytes of a public key: sent to the peer */
#define SNTRUP761_SK_LEN 1763 /* bytes of a secret key, which contains the public key */
#define SNTRUP761_CT_LEN 1039 /* bytes of a ciphertext: sent back */
#define SNTRUP761_SS_LEN 32   /* bytes of the shared secret */

/* Working memory, too large for a small stack. The caller lends it to each call and gets it back
 * wiped; its contents are private. */
struct sntrup761_scratch {
    union { /* never two at the same time */
        struct sntrup_product product;
        struct sntrup_inverse inverse;
        uint16_t digits[SNTRUP_PADDED];
        uint32_t words[1024];
    };
    int16_t a[SNTRUP_PADDED];
    int8_t f[SNTRUP_PADDED], g[SNTRUP_PADDED], g_inverse[SNTRUP_PADDED];
    uint8_t ct[SNTRUP761_CT_LEN]; /* the expected ciphertext */
};

/* KeyGen: a key pair. Reads, on average, a little more than twice 3044 bytes and then 191 from
 * `random`. False when a hash fails; the keys must not be used then. */
bool sntrup761_keypair(uint8_t pk[SNTRUP761_PK_LEN], uint8_t sk[SNTRUP761_SK_LEN],
                       const struct random_source *random, struct sntrup761_scratch *scratch);

/* Encap: a shared secret for the holder of `pk`. Any 1158 bytes decode to a key; for one that
 * nobody generated, nobody can compute the secret. Reads 3044 bytes from `random`. False when a
 * hash fails. */
bool sntrup761_encapsulate(uint8_t ct[SNTRUP761_CT_LEN], uint8_t ss[SNTRUP761_SS_LEN],
                           const uint8_t pk[SNTRUP761_PK_LEN], const struct random_source *random,
                           struct sntrup761_scratch *scratch);

/* Decap: the shared secret in `ct`. For a ciphertext that was not made for this key, it is a value
 * that only the holder of `sk` can compute ("implicit rejection"); neither the result nor the time
 * shows the difference. False when a hash fails. */
bool sntrup761_decapsulate(uint8_t ss[SNTRUP761_SS_LEN], const uint8_t sk[SNTRUP761_SK_LEN],
                           const uint8_t ct[SNTRUP761_CT_LEN], struct sntrup761_scratch *scratch);

#endif
