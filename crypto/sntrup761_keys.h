/* The two halves of key generation. Part of crypto/sntrup761.h; separate so that the constant-time
 * test can allow the one secret-dependent branch between them, which is harmless, and no other. */
#ifndef NACRE_CRYPTO_SNTRUP761_KEYS_H
#define NACRE_CRYPTO_SNTRUP761_KEYS_H

#include "crypto/sntrup761.h"

/* Generate g and compute its inverse. Returns 1 when there is one, else 0: call it again then. */
int sntrup761_generate_g(const struct random_source *random, struct sntrup761_scratch *s);

/* Generate the rest and write the keys. Leaves secrets in the scratch. */
bool sntrup761_finish_keys(uint8_t pk[SNTRUP761_PK_LEN], uint8_t sk[SNTRUP761_SK_LEN],
                           const struct random_source *random, struct sntrup761_scratch *s);

#endif
