/* libcrypto is three times as fast for long messages, and libsodium is faster for short ones, so
 * both are used. README.md has the figures. */
#include "crypto/poly1305.h"

#include <openssl/evp.h>
#include <sodium.h>

enum {
    /* Bytes from which libcrypto is faster, including the cost of setting a key. */
    LARGE_LEN = 192,
    /* Bytes from which a context pays off: about 600 bytes that live as long as the connection. */
    WORTH_A_CONTEXT = 1024,
};

bool poly1305_init(struct poly1305 *p)
{
    p->large = NULL;
    return true;
}

/* The context for long messages; NULL when out of memory. */
static EVP_MAC_CTX *large_context(struct poly1305 *p)
{
    EVP_MAC *method = EVP_MAC_fetch(NULL, "POLY1305", NULL);

    if (method != NULL)
        p->large = EVP_MAC_CTX_new(method);
    EVP_MAC_free(method); /* the context holds its own reference */
    return p->large;
}

static bool tag_large(struct poly1305 *p, uint8_t tag[POLY1305_TAG_LEN],
                      const uint8_t key[POLY1305_KEY_LEN], struct bytes data)
{
    EVP_MAC_CTX *evp = p->large;
    size_t tag_len;

    if (evp == NULL && data.len >= WORTH_A_CONTEXT)
        evp = large_context(p);
    return evp != NULL && EVP_MAC_init(evp, key, POLY1305_KEY_LEN, NULL) == 1 &&
           EVP_MAC_update(evp, data.at, data.len) == 1 &&
           EVP_MAC_final(evp, tag, &tag_len, POLY1305_TAG_LEN) == 1;
}

bool poly1305(struct poly1305 *p, uint8_t tag[POLY1305_TAG_LEN],
              const uint8_t key[POLY1305_KEY_LEN], struct bytes data)
{
    if (data.len >= LARGE_LEN && tag_large(p, tag, key, data))
        return true;
    return crypto_onetimeauth_poly1305(tag, data.at, data.len, key) == 0;
}

void poly1305_clear(struct poly1305 *p)
{
    EVP_MAC_CTX_free(p->large);
    p->large = NULL;
}
