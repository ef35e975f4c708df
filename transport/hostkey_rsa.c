/* rsa-sha2-512, rsa-sha2-256 (RFC 8332) and, when enabled, ssh-rsa with SHA-1 (RFC 4253
 * section 6.6): one type of key, three signature algorithms. */
#include "transport/key_pair.h"

#include <string.h>

enum { MODULUS_MAX = 16384 / 8 }; /* bytes */

static void clear(struct nacre_key *key)
{
    rsa_clear(&key->secret.rsa);
}

/* RFC 4253 section 6.6: string "ssh-rsa", mpint e, mpint n */
bool private_key_rsa(struct nacre_key *key, const struct rsa_numbers *numbers)
{
    struct writer w = write_to(key->blob, sizeof key->blob);

    if (!rsa_private_init(&key->secret.rsa, numbers, RSA_KEY_BITS_MIN))
        return false;
    private_key_begin(key, signature_rsa_sha2_512.key_type, clear);
    write_text(&w, key->type);
    write_mpint(&w, numbers->e);
    write_mpint(&w, numbers->n);
    key->blob_len = (uint16_t)written(&w);
    return true;
}

/* RFC 8332 section 3: a signature may lack leading zeros, and have no other length. */
static bool verify_padded(const struct rsa_key *key, const struct hash_method *hash,
                          struct bytes signature, struct bytes data)
{
    uint8_t padded[MODULUS_MAX] = {0};

    if (signature.len == 0 || signature.len > key->len)
        return false;
    memcpy(padded + key->len - signature.len, signature.at, signature.len);
    return rsa_verify(key, hash, data, (struct bytes){padded, key->len});
}

static bool verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                   struct reader *r, struct bytes data)
{
    struct reader blob = read_from(key_blob);
    struct bytes signature = read_string(r);
    struct bytes e, n;
    struct rsa_key key;
    bool good;

    (void)read_string(&blob); /* its type */
    e = read_mpint(&blob);
    n = read_mpint(&blob);
    if (!read_done(r) || !read_done(&blob) || !rsa_public_init(&key, n, e, RSA_KEY_BITS_MIN))
        return false;
    good = verify_padded(&key, algorithm->detail, signature, data);
    rsa_clear(&key);
    return good;
}

static bool sign(const struct signature_algorithm *algorithm, const struct nacre_key *key,
                 struct bytes data, struct writer *w)
{
    uint8_t signature[MODULUS_MAX];

    if (!rsa_sign(&key->secret.rsa, algorithm->detail, data, signature))
        return false;
    write_string(w, (struct bytes){signature, key->secret.rsa.len});
    return true;
}

#define RSA(algorithm_name, digest, flags)                                                         \
    .name = (algorithm_name), .key_type = "ssh-rsa", .detail = &hash_##digest,                     \
    .agent_flags = (flags), .verified_first = true, .verify = verify, .sign = sign

const struct signature_algorithm signature_rsa_sha2_512 = {
    RSA("rsa-sha2-512", sha512, SSH_AGENT_RSA_SHA2_512)};
const struct signature_algorithm signature_rsa_sha2_256 = {
    RSA("rsa-sha2-256", sha256, SSH_AGENT_RSA_SHA2_256)};
const struct signature_algorithm signature_rsa_sha1 = {RSA("ssh-rsa", sha1, 0)};
