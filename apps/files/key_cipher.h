/* The ciphers that protect private keys, under their names in OpenSSH's format: PROTOCOL.key. */
#ifndef NACRE_APPS_FILES_KEY_CIPHER_H
#define NACRE_APPS_FILES_KEY_CIPHER_H

#include "crypto/bytes.h"

enum {
    KEY_CIPHER_SECRET_MAX = 64, /* bytes of a key and an IV together */
    KEY_CIPHER_TAG_MAX = 16,
};

struct key_cipher {
    const char *name;
    uint8_t block;           /* the plaintext is a multiple of this many bytes */
    uint8_t key_len, iv_len; /* bytes */
    uint8_t tag_len;         /* bytes after the ciphertext; 0: a wrong key is not noticed */
    /* secret: the key, then the IV. data: `len` bytes, and space for the tag, in place. False: the
     * tag is wrong, or libcrypto failed. */
    bool (*run)(const struct key_cipher *c, const uint8_t *secret, uint8_t *data, size_t len,
                bool encrypt);
};

/* What new keys are encrypted with: ssh-keygen's default. */
extern const struct key_cipher *const key_cipher_default;

/* The cipher of that name; NULL: not supported. */
const struct key_cipher *key_cipher_find(struct bytes name);

/* Decrypt the ciphertext, which its tag follows, into memory as long as the ciphertext, which the
 * caller wipes and frees. NULL: a wrong key, a length that does not fit, or out of memory. */
uint8_t *key_cipher_decrypt(const struct key_cipher *c, const uint8_t *secret, struct bytes text,
                            size_t *len);

#endif
