#include "transport/key_pair.h"

#include "crypto/base64.h"
#include "crypto/hash.h"

#include <string.h>

struct bytes private_key_blob(const struct nacre_key *key)
{
    return (struct bytes){key->blob, key->blob_len};
}

void private_key_clear(struct nacre_key *key)
{
    if (key->clear != NULL)
        key->clear(key);
    wipe(key, sizeof *key);
}

struct bytes key_blob_type(struct bytes blob)
{
    struct reader r = read_from(blob);

    return read_string(&r);
}

void key_blob_fingerprint(struct bytes blob, char out[FINGERPRINT_MAX])
{
    static const char prefix[] = "SHA256:";
    uint8_t digest[32];
    char text[BASE64_MAX(sizeof digest)];

    (void)hash_of(&hash_sha256, blob, digest);
    (void)base64_encode(text, (struct bytes){digest, sizeof digest});
    memcpy(out, prefix, sizeof prefix - 1);
    memcpy(out + sizeof prefix - 1, text, FINGERPRINT_MAX - sizeof prefix);
    out[FINGERPRINT_MAX - 1] = '\0'; /* in place of the padding */
}

bool key_blob_fits(const struct signature_algorithm *algorithm, struct bytes blob)
{
    return blob.len <= KEY_BLOB_MAX && bytes_are(key_blob_type(blob), algorithm->key_type);
}

/* RFC 4253 section 6.6: string "ssh-rsa", mpint e, mpint n */
enum key_length key_blob_length(struct bytes blob)
{
    struct reader r = read_from(blob);
    size_t bits;
    struct bytes n;

    if (!bytes_are(read_string(&r), signature_rsa_sha2_512.key_type))
        return KEY_LENGTH_GOOD;
    (void)read_mpint(&r);
    n = read_mpint(&r);
    if (!read_done(&r) || n.len == 0)
        return KEY_LENGTH_GOOD;
    bits = 8 * n.len;
    for (unsigned top = n.at[0]; top < 0x80; top <<= 1)
        bits--;
    if (bits < RSA_KEY_BITS_MIN)
        return KEY_LENGTH_SHORT;
    return bits > RSA_BITS_MOST ? KEY_LENGTH_LONG : KEY_LENGTH_GOOD;
}

bool key_can_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm)
{
    return strcmp(key->type, algorithm->key_type) == 0 && !key->is_public &&
           (key_is_elsewhere(key) || algorithm->sign != NULL);
}

bool key_is_elsewhere(const struct nacre_key *key)
{
    return key->sign != NULL || key->ask != NULL;
}

bool key_is_public(const struct nacre_key *key)
{
    return key->is_public;
}

/* Those that need a security key are not verified: whether it must be touched is up to the server.
 */
static bool is_verified_first(const struct nacre_key *key,
                              const struct signature_algorithm *algorithm)
{
    return algorithm->sign != NULL && (algorithm->verified_first || key_is_elsewhere(key));
}

static bool make_signature(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                           struct bytes data, struct writer *w)
{
    if (key->sign != NULL)
        return key->sign(key, algorithm, data, w) && !w->bad;
    if (key->ask != NULL)
        return false;
    write_text(w, algorithm->name);
    return algorithm->sign(algorithm, key, data, w) && !w->bad;
}

static bool sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                 struct bytes data, struct writer *w, bool verified)
{
    const uint8_t *begin = w->at;

    if (!key_can_sign(key, algorithm) || !make_signature(key, algorithm, data, w))
        return false;
    return !verified || key_verify(algorithm, private_key_blob(key),
                                   (struct bytes){begin, (size_t)(w->at - begin)}, data);
}

bool key_sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
              struct bytes data, struct writer *w)
{
    return sign(key, algorithm, data, w, is_verified_first(key, algorithm));
}

bool key_signed_elsewhere(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                          struct bytes data, struct bytes signature_blob)
{
    return !is_verified_first(key, algorithm) ||
           key_verify(algorithm, private_key_blob(key), signature_blob, data);
}

bool key_sign_repeatable(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                         struct bytes data, struct writer *w)
{
    return sign(key, algorithm, data, w, true);
}

bool key_verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                struct bytes signature_blob, struct bytes data)
{
    struct reader r = read_from(signature_blob);
    struct bytes name = read_string(&r);

    return !r.bad && bytes_are(name, algorithm->name) && key_blob_fits(algorithm, key_blob) &&
           algorithm->verify(algorithm, key_blob, &r, data);
}
