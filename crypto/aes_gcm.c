#include "crypto/aes_gcm.h"

#include <openssl/evp.h>

enum {
    LEN_MAX = 1 << 30, /* bytes: libcrypto's lengths are int; far more than any packet */
};

static const EVP_CIPHER *cipher_for(size_t key_len)
{
    switch (key_len) {
    case 16:
        return EVP_aes_128_gcm();
    case 32:
        return EVP_aes_256_gcm();
    default:
        return NULL;
    }
}

bool aes_gcm_init(struct aes_gcm *g, struct bytes key, bool seal)
{
    const EVP_CIPHER *cipher = cipher_for(key.len);

    g->context = NULL;
    if (cipher == NULL)
        return false;
    g->context = EVP_CIPHER_CTX_new();
    if (g->context != NULL &&
        EVP_CipherInit_ex(g->context, cipher, NULL, key.at, NULL, seal ? 1 : 0) == 1)
        return true;
    aes_gcm_clear(g);
    return false;
}

/* Set the IV, authenticate the associated data and pass `data` through the cipher, in the direction
 * that aes_gcm_init has set. */
static bool run(EVP_CIPHER_CTX *evp, const uint8_t *iv, struct bytes aad, uint8_t *data, size_t len)
{
    int done;

    if (len > LEN_MAX || aad.len > LEN_MAX || EVP_CipherInit_ex(evp, NULL, NULL, NULL, iv, -1) != 1)
        return false;
    if (aad.len > 0 && EVP_CipherUpdate(evp, NULL, &done, aad.at, (int)aad.len) != 1)
        return false;
    return len == 0 || EVP_CipherUpdate(evp, data, &done, data, (int)len) == 1;
}

bool aes_gcm_seal(struct aes_gcm *g, const uint8_t iv[AES_GCM_IV_LEN], struct bytes aad,
                  uint8_t *data, size_t len, uint8_t tag[AES_GCM_TAG_LEN])
{
    EVP_CIPHER_CTX *evp = g->context;
    uint8_t nothing[AES_GCM_TAG_LEN];
    int done;

    return evp != NULL && EVP_CIPHER_CTX_is_encrypting(evp) && run(evp, iv, aad, data, len) &&
           EVP_CipherFinal_ex(evp, nothing, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, AES_GCM_TAG_LEN, tag) == 1;
}

bool aes_gcm_open(struct aes_gcm *g, const uint8_t iv[AES_GCM_IV_LEN], struct bytes aad,
                  uint8_t *data, size_t len, const uint8_t tag[AES_GCM_TAG_LEN])
{
    EVP_CIPHER_CTX *evp = g->context;
    uint8_t expected[AES_GCM_TAG_LEN]; /* a copy: the library's parameter is not const */
    uint8_t nothing[AES_GCM_TAG_LEN];
    int done;

    memcpy(expected, tag, sizeof expected);
    if (evp != NULL && !EVP_CIPHER_CTX_is_encrypting(evp) && run(evp, iv, aad, data, len) &&
        EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, AES_GCM_TAG_LEN, expected) == 1 &&
        EVP_CipherFinal_ex(evp, nothing, &done) == 1)
        return true;
    if (len > 0)
        wipe(data, len);
    return false;
}

void aes_gcm_clear(struct aes_gcm *g)
{
    EVP_CIPHER_CTX_free(g->context); /* wipes the key schedule */
    g->context = NULL;
}
