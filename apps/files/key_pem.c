/* Encrypted PEM as OpenSSL has always written it: RFC 1421's headers, and a key that is the MD5
 * digest of passphrase and salt (EVP_BytesToKey). */
#include "apps/files/key_format.h"

#include "apps/files/key_cipher.h"
#include "crypto/hash.h"

#include <stdlib.h>

enum { MD5_LEN = 16, SALT_LEN = 8 };

static const struct {
    const char *pem, *name;
} names[] = {
    {"AES-128-CBC", "aes128-cbc"},
    {"AES-192-CBC", "aes192-cbc"},
    {"AES-256-CBC", "aes256-cbc"},
    {"DES-EDE3-CBC", "3des-cbc"},
};

static const struct key_cipher *find_cipher(struct bytes pem)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bytes_are(pem, names[i].pem))
            return key_cipher_find(bytes_of(names[i].name));
    return NULL;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(uint8_t *out, size_t len, struct bytes hex)
{
    if (hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = digit(hex.at[2 * i]), low = digit(hex.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Each digest is that of the one before, the passphrase and the salt. */
static bool derive(uint8_t *key, size_t len, struct bytes passphrase, const uint8_t *salt)
{
    uint8_t digest[MD5_LEN];
    bool good = true;
    struct hash h;

    for (size_t at = 0; good && at < len; at += MD5_LEN) {
        hash_start(&h, &hash_md5);
        if (at > 0)
            hash_update(&h, (struct bytes){digest, sizeof digest});
        hash_update(&h, passphrase);
        hash_update(&h, (struct bytes){salt, SALT_LEN});
        good = hash_finish(&h, digest);
        memcpy(key + at, digest, len - at < MD5_LEN ? len - at : MD5_LEN);
    }
    wipe(digest, sizeof digest);
    return good;
}

bool key_remove_padding(const uint8_t *plain, size_t *len, size_t block)
{
    size_t n = *len > 0 ? plain[*len - 1] : 0;

    if (n == 0 || n > block || n > *len)
        return false;
    for (size_t i = 1; i <= n; i++)
        if (plain[*len - i] != n)
            return false;
    *len -= n;
    return true;
}

enum key_result key_decrypt_pem(struct bytes dek_info, struct bytes passphrase, struct bytes text,
                                uint8_t **plain, size_t *len)
{
    const uint8_t *comma = dek_info.len > 0 ? memchr(dek_info.at, ',', dek_info.len) : NULL;
    size_t name_len = comma != NULL ? (size_t)(comma - dek_info.at) : dek_info.len;
    const struct key_cipher *c = find_cipher((struct bytes){dek_info.at, name_len});
    uint8_t secret[KEY_CIPHER_SECRET_MAX];
    size_t whole;

    if (c == NULL)
        return KEY_OTHER_CIPHER;
    if (comma == NULL ||
        !read_hex(secret + c->key_len, c->iv_len, bytes_from(dek_info, name_len + 1)))
        return KEY_MALFORMED;
    *plain = NULL;
    if (derive(secret, c->key_len, passphrase, secret + c->key_len))
        *plain = key_cipher_decrypt(c, secret, text, &whole);
    wipe(secret, sizeof secret);
    if (*plain == NULL)
        return KEY_WRONG_PASSPHRASE;
    *len = whole;
    if (key_remove_padding(*plain, len, c->block))
        return KEY_GOOD;
    wipe(*plain, whole);
    free(*plain);
    return KEY_WRONG_PASSPHRASE;
}
