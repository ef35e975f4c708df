/* libcrypto is twice as fast for long messages, and libsodium is faster for short ones, so both are
 * used. README.md has the figures. */
#include "crypto/chacha20.h"

#include <limits.h>
#include <openssl/evp.h>
#include <sodium.h>

enum {
    /* Bytes from which libcrypto is faster, including the cost of setting a nonce. */
    LARGE_LEN = 128,
    /* Bytes from which a context pays off: about 700 bytes that live as long as the key. */
    WORTH_A_CONTEXT = 1024,
};

bool chacha20_init(struct chacha20 *c, const uint8_t key[CHACHA20_KEY_LEN])
{
    memcpy(c->key, key, sizeof c->key);
    c->large = NULL;
    return true;
}

/* The context for long messages; NULL when out of memory. */
static EVP_CIPHER_CTX *large_context(struct chacha20 *c)
{
    static const uint8_t no_iv[16] = {0};
    EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();

    if (evp != NULL && EVP_CipherInit_ex(evp, EVP_chacha20(), NULL, c->key, no_iv, 1) != 1) {
        EVP_CIPHER_CTX_free(evp);
        evp = NULL;
    }
    c->large = evp;
    return evp;
}

/* libcrypto's 16-byte IV is the block counter, least significant byte first, then the nonce. */
static bool xor_large(struct chacha20 *c, const uint8_t nonce[8], uint64_t counter, uint8_t *data,
                      size_t len)
{
    EVP_CIPHER_CTX *evp = c->large;
    uint8_t iv[16];
    int done;

    if (evp == NULL && len >= WORTH_A_CONTEXT)
        evp = large_context(c);
    if (evp == NULL || len > INT_MAX)
        return false;
    store_u64_le(iv, counter);
    memcpy(iv + 8, nonce, 8);
    return EVP_CipherInit_ex(evp, NULL, NULL, NULL, iv, 1) == 1 &&
           EVP_EncryptUpdate(evp, data, &done, data, (int)len) == 1;
}

bool chacha20_xor(struct chacha20 *c, uint64_t nonce_be_seq, uint64_t counter, uint8_t *data,
                  size_t len)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    store_u64(nonce, nonce_be_seq);
    if (len >= LARGE_LEN && xor_large(c, nonce, counter, data, len))
        return true;
    return crypto_stream_chacha20_xor_ic(data, data, len, nonce, counter, c->key) == 0;
}

void chacha20_clear(struct chacha20 *c)
{
    EVP_CIPHER_CTX_free(c->large); /* wipes its copy of the key */
    wipe(c, sizeof *c);
}
