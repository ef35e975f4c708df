#include "crypto/pbkdf2.h"

#include <openssl/evp.h>

enum {
    KEY_MAX = 64,
    INPUT_MAX = 1 << 20, /* bytes of a passphrase or salt: libcrypto's lengths are int */
};

static const EVP_MD *digest_of(const struct hash_method *hash)
{
    if (hash == &hash_sha1)
        return EVP_sha1();
    if (hash == &hash_sha256)
        return EVP_sha256();
    if (hash == &hash_sha384)
        return EVP_sha384();
    return hash == &hash_sha512 ? EVP_sha512() : NULL;
}

bool pbkdf2(uint8_t *key, size_t len, struct bytes passphrase, const struct pbkdf2_parameters *p)
{
    const EVP_MD *digest = digest_of(p->hash);
    bool good = digest != NULL && len > 0 && len <= KEY_MAX && passphrase.len <= INPUT_MAX &&
                p->salt.len <= INPUT_MAX && p->iterations > 0 &&
                p->iterations <= PBKDF2_ITERATIONS_MAX &&
                PKCS5_PBKDF2_HMAC((const char *)passphrase.at, (int)passphrase.len, p->salt.at,
                                  (int)p->salt.len, (int)p->iterations, digest, (int)len, key) == 1;

    if (!good)
        wipe(key, len);
    return good;
}
