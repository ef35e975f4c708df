/* PKCS #8 with a passphrase: EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2 and PBKDF2
 * (RFC 8018 section 6.2 and appendix A), as ssh-keygen and openssl write it. */
#include "apps/files/key_format.h"

#include "apps/files/der.h"
#include "apps/files/key_cipher.h"
#include "crypto/pbkdf2.h"

#include <stdlib.h>

/* RFC 8018 appendices A.4, A.2 and B.1.2, B.2 */
/* clang-format off */
static const struct der_oid oid_pbes2  = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d}};
static const struct der_oid oid_pbkdf2 = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c}};

static const struct {
    struct der_oid oid;
    const struct hash_method *hash;
} hashes[] = {
    {{8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07}}, &hash_sha1},
    {{8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09}}, &hash_sha256},
    {{8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a}}, &hash_sha384},
    {{8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b}}, &hash_sha512},
};

static const struct {
    struct der_oid oid;
    const char *name;
} ciphers[] = {
    {{9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02}}, "aes128-cbc"},
    {{9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16}}, "aes192-cbc"},
    {{9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a}}, "aes256-cbc"},
    {{8, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07}},       "3des-cbc"},
};
/* clang-format on */

/* How the key is protected. */
struct protection {
    struct pbkdf2_parameters kdf;
    const struct key_cipher *cipher;
    struct bytes iv, text;
};

/* RFC 8018 appendix A.2: SEQUENCE { OID, NULL } OPTIONAL, by default HMAC with SHA-1 */
static const struct hash_method *read_prf(struct reader *r)
{
    bool present, has_null;
    struct reader prf = read_from(der_read_optional(r, DER_SEQUENCE, &present));
    struct bytes oid;

    if (!present)
        return &hash_sha1;
    oid = der_read_value(&prf, DER_OID);
    (void)der_read_optional(&prf, DER_NULL, &has_null);
    r->bad |= !read_done(&prf);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (der_is_oid(oid, &hashes[i].oid))
            return hashes[i].hash;
    return NULL;
}

static uint32_t small_number(struct bytes number)
{
    uint32_t value = 0;

    for (size_t i = 0; i < number.len; i++)
        value = value > UINT32_MAX >> 8 ? UINT32_MAX : value << 8 | number.at[i];
    return value;
}

/* SEQUENCE { OID pbkdf2, SEQUENCE { OCTET STRING salt, INTEGER iterations, INTEGER length OPTIONAL,
 * prf } } */
static enum key_result read_kdf(struct protection *p, struct reader kdf)
{
    struct bytes oid = der_read_value(&kdf, DER_OID);
    struct reader r;
    bool has_len;

    if (!der_is_oid(oid, &oid_pbkdf2))
        return KEY_OTHER_CIPHER; /* scrypt, for instance */
    r = read_from(der_read_value(&kdf, DER_SEQUENCE));
    p->kdf.salt = der_read_value(&r, DER_OCTET_STRING);
    p->kdf.iterations = small_number(der_read_number(&r));
    (void)der_read_optional(&r, DER_INTEGER, &has_len);
    p->kdf.hash = read_prf(&r);
    if (!read_done(&r) || !read_done(&kdf) || p->kdf.iterations == 0)
        return KEY_MALFORMED;
    if (p->kdf.hash == NULL)
        return KEY_OTHER_CIPHER;
    return p->kdf.iterations > PBKDF2_ITERATIONS_MAX ? KEY_TOO_SLOW : KEY_GOOD;
}

/* SEQUENCE { OID cipher, OCTET STRING iv } */
static enum key_result read_cipher(struct protection *p, struct reader r)
{
    struct bytes oid = der_read_value(&r, DER_OID);

    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++)
        if (der_is_oid(oid, &ciphers[i].oid))
            p->cipher = key_cipher_find(bytes_of(ciphers[i].name));
    if (p->cipher == NULL)
        return r.bad ? KEY_MALFORMED : KEY_OTHER_CIPHER;
    p->iv = der_read_value(&r, DER_OCTET_STRING);
    return read_done(&r) && p->iv.len == p->cipher->iv_len ? KEY_GOOD : KEY_MALFORMED;
}

/* SEQUENCE { SEQUENCE { OID pbes2, SEQUENCE { kdf, cipher } }, OCTET STRING } */
static enum key_result read_protection(struct protection *p, struct bytes der)
{
    struct reader whole = read_from(der);
    struct reader r = read_from(der_read_value(&whole, DER_SEQUENCE));
    struct reader algorithm = read_from(der_read_value(&r, DER_SEQUENCE));
    struct bytes oid = der_read_value(&algorithm, DER_OID);
    struct reader parameters = read_from(der_read_value(&algorithm, DER_SEQUENCE));
    struct reader kdf, cipher;
    enum key_result result;

    p->text = der_read_value(&r, DER_OCTET_STRING);
    if (!read_done(&whole) || !read_done(&r) || !read_done(&algorithm))
        return KEY_MALFORMED;
    if (!der_is_oid(oid, &oid_pbes2))
        return KEY_OTHER_CIPHER;
    kdf = read_from(der_read_value(&parameters, DER_SEQUENCE));
    cipher = read_from(der_read_value(&parameters, DER_SEQUENCE));
    if (!read_done(&parameters))
        return KEY_MALFORMED;
    result = read_kdf(p, kdf);
    return result == KEY_GOOD ? read_cipher(p, cipher) : result;
}

static enum key_result parse_plain(struct nacre_key *key, uint8_t *plain, size_t len, size_t block)
{
    enum key_result result;

    if (!key_remove_padding(plain, &len, block))
        return KEY_WRONG_PASSPHRASE;
    result = key_parse_pkcs8(key, (struct bytes){plain, len});
    return result == KEY_MALFORMED ? KEY_WRONG_PASSPHRASE : result;
}

enum key_result key_decrypt_pkcs8(struct nacre_key *key, struct bytes der, struct bytes passphrase)
{
    struct protection p = {.cipher = NULL};
    uint8_t secret[KEY_CIPHER_SECRET_MAX], *plain = NULL;
    size_t len;
    enum key_result result = read_protection(&p, der);

    if (result != KEY_GOOD)
        return result;
    if (passphrase.at == NULL)
        return KEY_ENCRYPTED;
    if (pbkdf2(secret, p.cipher->key_len, passphrase, &p.kdf)) {
        memcpy(secret + p.cipher->key_len, p.iv.at, p.iv.len);
        plain = key_cipher_decrypt(p.cipher, secret, p.text, &len);
    }
    wipe(secret, sizeof secret);
    if (plain == NULL)
        return KEY_WRONG_PASSPHRASE;
    result = parse_plain(key, plain, len, p.cipher->block);
    wipe(plain, len);
    free(plain);
    return result;
}
