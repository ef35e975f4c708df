/* K-PKE, the encryption scheme inside ML-KEM-768: FIPS 203 section 5. Part of crypto/mlkem768.h;
 * not secure on its own. Constant time, except for what depends on rho, which is public. */
#ifndef NACRE_CRYPTO_MLKEM768_PKE_H
#define NACRE_CRYPTO_MLKEM768_PKE_H

#include "crypto/mlkem768.h"

#define MLKEM768_PKE_DK_LEN 1152 /* bytes of the decryption key: three polynomials */

/* K-PKE.KeyGen, algorithm 13 from line 2: the keys for rho (32 bytes, public) and sigma (32 bytes,
 * secret). Leaves secrets in the scratch. */
void pke_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_PKE_DK_LEN],
                 const uint8_t rho[32], const uint8_t sigma[32], struct mlkem768_scratch *scratch);

/* K-PKE.Encrypt, algorithm 14: encrypt the message m (32 bytes) with the randomness r (32 bytes).
 * False when a coefficient of `ek` is not below q; `ct` must not be used then. Leaves secrets in
 * the scratch. `ct` may be scratch->ct. */
bool pke_encrypt(uint8_t ct[MLKEM768_CT_LEN], const uint8_t ek[MLKEM768_EK_LEN],
                 const uint8_t m[32], const uint8_t r[32], struct mlkem768_scratch *scratch);

/* K-PKE.Decrypt, algorithm 15: the message in `ct`. Leaves secrets in the scratch. */
void pke_decrypt(uint8_t m[32], const uint8_t dk[MLKEM768_PKE_DK_LEN],
                 const uint8_t ct[MLKEM768_CT_LEN], struct mlkem768_scratch *scratch);

#endif
