/* OpenSSH's format for private keys: PROTOCOL.key. */
#include "apps/files/key_format.h"

#include "apps/files/key_cipher.h"
#include "crypto/bcrypt_pbkdf.h"
#include "transport/text.h"

#include <stdlib.h>

static const uint8_t magic[] = "openssh-key-v1"; /* its NUL is part of it */

/* draft-ietf-sshm-ssh-agent section 3.2.3: string ENC(A), string k || ENC(A) */
static enum key_result read_ed25519(struct nacre_key *key, struct reader *r)
{
    struct bytes public = read_string(r);
    struct bytes secret = read_string(r);

    if (r->bad || public.len != 32 || secret.len != 64)
        return KEY_MALFORMED;
    if (memcmp(secret.at + 32, public.at, 32) != 0 || !private_key_ed25519(key, secret.at) ||
        memcmp(key->blob + key->blob_len - 32, public.at, 32) != 0)
        return KEY_MISMATCH;
    return KEY_GOOD;
}

/* Section 3.2.2: string ecdsa_curve_name, string Q, mpint d */
static enum key_result read_ecdsa(struct nacre_key *key, struct reader *r,
                                  const struct ec_curve *curve)
{
    struct bytes name = read_string(r);
    struct bytes point = read_string(r);
    struct bytes scalar = read_mpint(r);

    if (r->bad || !bytes_are(name, curve->name) || point.len != curve->point_len)
        return KEY_MALFORMED;
    return private_key_ecdsa(key, curve, scalar, point) ? KEY_GOOD : KEY_MISMATCH;
}

static enum key_result read_nistp256(struct nacre_key *key, struct reader *r)
{
    return read_ecdsa(key, r, &ec_nistp256);
}

static enum key_result read_nistp384(struct nacre_key *key, struct reader *r)
{
    return read_ecdsa(key, r, &ec_nistp384);
}

static enum key_result read_nistp521(struct nacre_key *key, struct reader *r)
{
    return read_ecdsa(key, r, &ec_nistp521);
}

static size_t bits_of(struct bytes number)
{
    size_t bits = 8 * number.len;

    for (uint8_t top = 0x80; number.len > 0 && top > 0 && !(number.at[0] & top); top >>= 1)
        bits--;
    return bits;
}

enum key_result key_from_rsa(struct nacre_key *key, const struct rsa_numbers *numbers)
{
    size_t bits = bits_of(bytes_without_zeros(numbers->n));

    if (bits < RSA_KEY_BITS_MIN)
        return KEY_TOO_SHORT;
    if (bits > RSA_BITS_MOST)
        return KEY_TOO_LONG;
    return private_key_rsa(key, numbers) ? KEY_GOOD : KEY_MISMATCH;
}

/* Section 3.2.4: mpint n, mpint e, mpint d, mpint iqmp, mpint p, mpint q */
static enum key_result read_rsa(struct nacre_key *key, struct reader *r)
{
    struct rsa_numbers numbers = {.dmp1 = {NULL, 0}};

    numbers.n = read_mpint(r);
    numbers.e = read_mpint(r);
    numbers.d = read_mpint(r);
    numbers.iqmp = read_mpint(r);
    numbers.p = read_mpint(r);
    numbers.q = read_mpint(r);
    return r->bad ? KEY_MALFORMED : key_from_rsa(key, &numbers);
}

/* The types of key that are supported, and how to read each after its name. */
static const struct key_type {
    const char *name;
    enum key_result (*read)(struct nacre_key *key, struct reader *r);
} key_types[] = {
    {"ssh-ed25519", read_ed25519},
    {"ecdsa-sha2-nistp256", read_nistp256},
    {"ecdsa-sha2-nistp384", read_nistp384},
    {"ecdsa-sha2-nistp521", read_nistp521},
    {"ssh-rsa", read_rsa},
    {NULL, NULL},
};

static const struct key_type *find_type(struct bytes name)
{
    for (const struct key_type *type = key_types; type->name != NULL; type++)
        if (bytes_are(name, type->name))
            return type;
    return NULL;
}

/* The private section is padded to a whole block with the bytes 1, 2, 3... */
static bool padding_is_good(struct bytes padding)
{
    for (size_t i = 0; i < padding.len; i++)
        if (padding.at[i] != (uint8_t)(i + 1))
            return false;
    return padding.len < 256;
}

/* uint32 checkint, uint32 checkint, string type, the key, string comment, byte[] padding */
static enum key_result read_private_section(struct nacre_key *key, struct bytes section,
                                            struct bytes public)
{
    struct reader r = read_from(section);
    uint32_t check = read_u32(&r);
    bool same = check == read_u32(&r);
    struct bytes type_name = read_string(&r);
    const struct key_type *type = find_type(type_name);
    enum key_result result;
    struct bytes comment;

    if (r.bad || !same || section.len % 8 != 0 || !bytes_equal(type_name, key_blob_type(public)))
        return KEY_MALFORMED;
    if (type == NULL)
        return KEY_OTHER_TYPE;
    result = type->read(key, &r);
    if (result != KEY_GOOD)
        return result;
    comment = read_string(&r);
    if (r.bad || !padding_is_good(read_rest(&r)))
        return KEY_MALFORMED;
    (void)clean_text(key->comment, sizeof key->comment, comment);
    return bytes_equal(private_key_blob(key), public) ? KEY_GOOD : KEY_MISMATCH;
}

/* What comes before the private section: PROTOCOL.key section 1. */
struct envelope {
    struct bytes cipher, kdf, kdf_options;
    struct bytes public;
    struct bytes section; /* with the cipher's tag, if it is encrypted */
};

/* byte[] magic, string ciphername, string kdfname, string kdfoptions, uint32 number of keys, string
 * public key, string private section, byte[] tag */
static enum key_result read_envelope(struct envelope *e, struct bytes data)
{
    struct reader r = read_from(data);
    struct bytes begin = read_bytes(&r, sizeof magic);
    const struct key_cipher *cipher;
    uint32_t keys, len;

    e->cipher = read_string(&r);
    e->kdf = read_string(&r);
    e->kdf_options = read_string(&r);
    keys = read_u32(&r);
    if (r.bad || !bytes_equal(begin, (struct bytes){magic, sizeof magic}))
        return KEY_MALFORMED;
    if (keys != 1)
        return KEY_SEVERAL;
    cipher = key_cipher_find(e->cipher);
    e->public = read_string(&r);
    len = read_u32(&r);
    e->section = read_bytes(&r, (size_t)len + (cipher != NULL ? cipher->tag_len : 0));
    if (!bytes_are(e->cipher, "none") && cipher == NULL)
        return KEY_OTHER_CIPHER;
    return read_done(&r) ? KEY_GOOD : KEY_MALFORMED;
}

struct bytes key_public_openssh(struct bytes data)
{
    struct envelope e;

    return read_envelope(&e, data) == KEY_GOOD ? e.public : (struct bytes){NULL, 0};
}

/* PROTOCOL.key section 2: the options of bcrypt are string salt, uint32 rounds. */
static enum key_result derive(uint8_t *secret, size_t len, const struct envelope *e,
                              struct bytes passphrase)
{
    struct reader r = read_from(e->kdf_options);
    struct bytes salt = read_string(&r);
    uint32_t rounds = read_u32(&r);

    if (!bytes_are(e->kdf, "bcrypt"))
        return KEY_OTHER_CIPHER;
    if (!read_done(&r) || salt.len == 0 || salt.len > BCRYPT_PBKDF_SALT_MAX || rounds == 0)
        return KEY_MALFORMED;
    if (rounds > BCRYPT_PBKDF_ROUNDS_MAX)
        return KEY_TOO_SLOW;
    return bcrypt_pbkdf(secret, len, passphrase, salt, rounds) ? KEY_GOOD : KEY_WRONG_PASSPHRASE;
}

/* A wrong passphrase shows in the tag or, without one, in the two check numbers. */
static enum key_result decrypt_section(struct nacre_key *key, const struct envelope *e,
                                       const uint8_t *secret)
{
    const struct key_cipher *cipher = key_cipher_find(e->cipher);
    enum key_result result = KEY_WRONG_PASSPHRASE;
    size_t len;
    uint8_t *plain = key_cipher_decrypt(cipher, secret, e->section, &len);

    if (plain == NULL)
        return result;
    if (len >= 8 && load_u32(plain) == load_u32(plain + 4))
        result = read_private_section(key, (struct bytes){plain, len}, e->public);
    wipe(plain, len);
    free(plain);
    return result;
}

enum key_result key_decrypt_openssh(struct nacre_key *key, struct bytes data,
                                    struct bytes passphrase)
{
    uint8_t secret[KEY_CIPHER_SECRET_MAX];
    const struct key_cipher *cipher;
    struct envelope e;
    enum key_result result = read_envelope(&e, data);

    if (result != KEY_GOOD)
        return result;
    if (bytes_are(e.cipher, "none")) {
        if (!bytes_are(e.kdf, "none") || e.kdf_options.len != 0)
            return KEY_MALFORMED;
        return read_private_section(key, e.section, e.public);
    }
    if (passphrase.at == NULL)
        return KEY_ENCRYPTED;
    cipher = key_cipher_find(e.cipher);
    result = derive(secret, (size_t)cipher->key_len + cipher->iv_len, &e, passphrase);
    if (result == KEY_GOOD)
        result = decrypt_section(key, &e, secret);
    wipe(secret, sizeof secret);
    return result;
}

enum key_result key_parse_openssh(struct nacre_key *key, struct bytes data)
{
    return key_decrypt_openssh(key, data, (struct bytes){NULL, 0});
}
