/* Private key files: the text, and the bytes that it encodes, encrypted or not; and the lines of
 * public keys. A key that was read can be used and written, also with a passphrase.
 *
 * The functions that make a key from a passphrase are replaced by fast ones. */
#include "tests/fuzz/fuzz.h"

#include "apps/files/key.h"
#include "apps/files/key_cipher.h"
#include "apps/files/key_format.h"
#include "crypto/bcrypt_pbkdf.h"
#include "crypto/pbkdf2.h"

#include <string.h>

static void fast_key(uint8_t *key, size_t len, struct bytes passphrase, struct bytes salt)
{
    for (size_t i = 0; i < len; i++)
        key[i] = (uint8_t)(i ^ passphrase.len ^ (salt.len > 0 ? salt.at[i % salt.len] : 0));
}

bool bcrypt_pbkdf(uint8_t *key, size_t len, struct bytes passphrase, struct bytes salt,
                  uint32_t rounds)
{
    require(rounds > 0 && rounds <= BCRYPT_PBKDF_ROUNDS_MAX && salt.len <= BCRYPT_PBKDF_SALT_MAX);
    fast_key(key, len, passphrase, salt);
    return passphrase.len > 0;
}

bool pbkdf2(uint8_t *key, size_t len, struct bytes passphrase, const struct pbkdf2_parameters *p)
{
    require(p->iterations > 0 && p->iterations <= PBKDF2_ITERATIONS_MAX);
    fast_key(key, len, passphrase, p->salt);
    return true;
}

static void print_and_parse(const struct nacre_key *key, const struct key_printing *how)
{
    static char text[24 * 1024];
    char errbuf[256];
    const struct errbuf p = {errbuf, sizeof errbuf};
    struct nacre_key again = {0};
    uint8_t blob[KEY_BLOB_MAX];

    require(key_print_private(key, how, text, sizeof text));
    require(key_is_encrypted(bytes_of(text)) == (how->passphrase != NULL));
    require(key_public_of(bytes_of(text), blob) == key->blob_len);
    require(key_parse(&again, bytes_of(text), how->passphrase, "again", &p) == KEY_GOOD);
    require(bytes_equal(private_key_blob(key), private_key_blob(&again)));
    require(strcmp(again.comment, how->comment) == 0);
    private_key_clear(&again);
}

static void use(struct nacre_key *key)
{
    static const char *const ciphers[] = {"aes256-ctr", "aes128-gcm@openssh.com",
                                          "chacha20-poly1305@openssh.com", "3des-cbc"};
    const char *cipher = ciphers[key->blob[key->blob_len - 1] % 4];
    char text[NACRE_PUBLIC_LINE_MAX];
    struct nacre_key *public;

    require(private_key_blob(key).len > 0);
    require(nacre_key_print_public(key, text, sizeof text));
    public = nacre_key_parse_public(text, strlen(text), NULL, 0);
    require(public != NULL && bytes_equal(private_key_blob(public), private_key_blob(key)));
    nacre_key_free(public);
    print_and_parse(key, &(struct key_printing){.comment = key->comment, .check = 7});
    print_and_parse(key, &(struct key_printing){.comment = key->comment,
                                                .passphrase = "passphrase",
                                                .cipher = key_cipher_find(bytes_of(cipher))});
}

static void parse_text(struct bytes text, const char *passphrase)
{
    char errbuf[256] = "";
    const struct errbuf p = {errbuf, sizeof errbuf};
    struct nacre_key key = {0}, *public;
    uint8_t blob[KEY_BLOB_MAX];

    (void)key_is_encrypted(text);
    (void)key_public_of(text, blob);
    if (key_parse(&key, text, passphrase, "file", &p) == KEY_GOOD) {
        use(&key);
        private_key_clear(&key);
    } else {
        require(errbuf[0] != 0);
    }
    public = nacre_key_parse_public((const char *)text.at, text.len, errbuf, sizeof errbuf);
    require(public != NULL || errbuf[0] != 0);
    nacre_key_free(public);
}

static enum key_result decrypt_openssh(struct nacre_key *key, struct bytes data)
{
    return key_decrypt_openssh(key, data, bytes_of("secret"));
}

static enum key_result decrypt_pkcs8(struct nacre_key *key, struct bytes data)
{
    return key_decrypt_pkcs8(key, data, bytes_of("secret"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static enum key_result (*const parsers[])(struct nacre_key *, struct bytes) = {
        key_parse_openssh, key_parse_pkcs8, key_parse_pkcs1,
        key_parse_sec1,    decrypt_openssh, decrypt_pkcs8};
    struct nacre_key key = {0};

    if (len == 0 || data[0] >= sizeof parsers / sizeof parsers[0]) {
        parse_text((struct bytes){data, len}, NULL);
        parse_text((struct bytes){data, len}, "secret");
        return 0;
    }
    if (parsers[data[0]](&key, (struct bytes){data + 1, len - 1}) == KEY_GOOD)
        use(&key);
    private_key_clear(&key);
    return 0;
}
