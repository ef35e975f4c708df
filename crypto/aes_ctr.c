#include "crypto/aes_ctr.h"

#include <openssl/evp.h>

enum {
    LEN_MAX = 1 << 30, /* bytes: libcrypto's lengths are int; far more than any packet */
};

static const EVP_CIPHER *cipher_for(size_t key_len)
{
    switch (key_len) {
    case 16:
        return EVP_aes_128_ctr();
    case 24:
        return EVP_aes_192_ctr();
    case 32:
        return EVP_aes_256_ctr();
    default:
        return NULL;
    }
}

bool aes_ctr_init(struct aes_ctr *c, struct bytes key, const uint8_t iv[AES_CTR_IV_LEN])
{
    const EVP_CIPHER *cipher = cipher_for(key.len);

    c->context = NULL;
    if (cipher == NULL)
        return false;
    c->context = EVP_CIPHER_CTX_new();
    /* Encrypting and decrypting are the same: both encrypt the counter. */
    if (c->context != NULL && EVP_CipherInit_ex(c->context, cipher, NULL, key.at, iv, 1) == 1)
        return true;
    aes_ctr_clear(c);
    return false;
}

bool aes_ctr_xor(struct aes_ctr *c, uint8_t *data, size_t len)
{
    int done;

    if (c->context == NULL || len > LEN_MAX)
        return false;
    return len == 0 || EVP_EncryptUpdate(c->context, data, &done, data, (int)len) == 1;
}

void aes_ctr_clear(struct aes_ctr *c)
{
    EVP_CIPHER_CTX_free(c->context); /* wipes the key schedule */
    c->context = NULL;
}
