/* AES in counter mode (NIST SP 800-38A section 6.5) as RFC 4344 section 4 uses it: one keystream
 * from the first packet to the last. Constant time on CPUs with AES instructions. */
#ifndef NACRE_CRYPTO_AES_CTR_H
#define NACRE_CRYPTO_AES_CTR_H

#include "crypto/bytes.h"

#define AES_CTR_IV_LEN 16 /* bytes: the first value of the 128-bit big-endian counter */

/* A cipher with its key, for one direction. Owned by the caller; may be moved; one thread at a
 * time; holds a secret until aes_ctr_clear. */
struct aes_ctr {
    void *context; /* libcrypto's; NULL without a key */
};

/* Set a key of 16, 24 or 32 bytes. False for other lengths and when out of memory; there is nothing
 * to clear then. */
bool aes_ctr_init(struct aes_ctr *c, struct bytes key, const uint8_t iv[AES_CTR_IV_LEN]);

/* Xor `len` bytes at `data`, in place, with the next bytes of the keystream: encrypts and decrypts.
 * Any `len` up to 2^30, not only whole blocks. False without a key or when the library fails. */
bool aes_ctr_xor(struct aes_ctr *c, uint8_t *data, size_t len);

/* Wipe the key and release the context. Harmless when called twice, or on zeros. */
void aes_ctr_clear(struct aes_ctr *c);

#endif
