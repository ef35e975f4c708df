#include "crypto/cbc.h"

#include <openssl/evp.h>

enum {
    LEN_MAX = 1 << 30, /* bytes: libcrypto's lengths are int */
    AES_BLOCK = 16,
    DES_BLOCK = 8,
    DES_KEY_LEN = 24,
};

/* The context has its cipher, key and IV. */
static bool update(EVP_CIPHER_CTX *context, uint8_t *data, size_t len)
{
    int done = 0;

    return EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
           (len == 0 || EVP_CipherUpdate(context, data, &done, data, (int)len) == 1) &&
           (size_t)done == len;
}

static const EVP_CIPHER *aes_for(size_t key_len)
{
    switch (key_len) {
    case 16:
        return EVP_aes_128_cbc();
    case 24:
        return EVP_aes_192_cbc();
    case 32:
        return EVP_aes_256_cbc();
    default:
        return NULL;
    }
}

bool cbc_aes(struct bytes key, const uint8_t *iv, uint8_t *data, size_t len, bool encrypt)
{
    const EVP_CIPHER *cipher = aes_for(key.len);
    EVP_CIPHER_CTX *context;
    bool done;

    if (cipher == NULL || len % AES_BLOCK != 0 || len > LEN_MAX)
        return false;
    context = EVP_CIPHER_CTX_new();
    done = context != NULL && EVP_CipherInit_ex(context, cipher, NULL, key.at, iv, encrypt) == 1 &&
           update(context, data, len);
    EVP_CIPHER_CTX_free(context); /* wipes the key schedule */
    return done;
}

bool cbc_3des(struct bytes key, const uint8_t *iv, uint8_t *data, size_t len, bool encrypt)
{
    EVP_CIPHER_CTX *context;
    bool done;

    if (key.len != DES_KEY_LEN || len % DES_BLOCK != 0 || len > LEN_MAX)
        return false;
    context = EVP_CIPHER_CTX_new();
    done = context != NULL &&
           EVP_CipherInit_ex(context, EVP_des_ede3_cbc(), NULL, key.at, iv, encrypt) == 1 &&
           update(context, data, len);
    EVP_CIPHER_CTX_free(context);
    return done;
}
