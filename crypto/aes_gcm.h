/* AES-GCM (NIST SP 800-38D) with 96-bit IVs and 128-bit tags, as RFC 5647 uses it. Constant time
 * on CPUs with AES and carry-less multiplication, which is every x86-64 of the last decade. */
#ifndef NACRE_CRYPTO_AES_GCM_H
#define NACRE_CRYPTO_AES_GCM_H

#include "crypto/bytes.h"

#define AES_GCM_IV_LEN 12  /* bytes; must never repeat under one key */
#define AES_GCM_TAG_LEN 16 /* bytes */

/* A cipher with its key, for one direction. Owned by the caller; may be moved; one thread at a
 * time; holds a secret until aes_gcm_clear. */
struct aes_gcm {
    void *context; /* libcrypto's; NULL without a key */
};

/* Set a key of 16 bytes (AES-128) or 32 (AES-256), for sealing or for opening. False for other
 * lengths and when out of memory; there is nothing to clear then. */
bool aes_gcm_init(struct aes_gcm *g, struct bytes key, bool seal);

/* Encrypt `len` bytes at `data` in place, at most 2^30, and write the tag over `aad` and the
 * ciphertext. False without a key for sealing or when the library fails: send nothing then. */
bool aes_gcm_seal(struct aes_gcm *g, const uint8_t iv[AES_GCM_IV_LEN], struct bytes aad,
                  uint8_t *data, size_t len, uint8_t tag[AES_GCM_TAG_LEN]);

/* Verify the tag and decrypt in place. False when the tag is wrong, without a key for opening or
 * when the library fails: `data` is all zero then and must not be used. */
bool aes_gcm_open(struct aes_gcm *g, const uint8_t iv[AES_GCM_IV_LEN], struct bytes aad,
                  uint8_t *data, size_t len, const uint8_t tag[AES_GCM_TAG_LEN]);

/* Wipe the key and release the context. Harmless when called twice, or on zeros. */
void aes_gcm_clear(struct aes_gcm *g);

#endif
