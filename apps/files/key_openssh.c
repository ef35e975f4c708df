/* OpenSSH's format for private keys: PROTOCOL.key. */
#include "apps/files/key_format.h"

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

    if (r.bad || !same || section.len % 8 != 0 || !bytes_equal(type_name, key_blob_type(public)))
        return KEY_MALFORMED;
    if (type == NULL)
        return KEY_OTHER_TYPE;
    result = type->read(key, &r);
    if (result != KEY_GOOD)
        return result;
    read_string(&r); /* comment */
    if (r.bad || !padding_is_good(read_rest(&r)))
        return KEY_MALFORMED;
    return bytes_equal(private_key_blob(key), public) ? KEY_GOOD : KEY_MISMATCH;
}

enum key_result key_parse_openssh(struct nacre_key *key, struct bytes data)
{
    struct reader r = read_from(data);
    struct bytes begin = read_bytes(&r, sizeof magic);
    struct bytes cipher = read_string(&r);
    struct bytes kdf = read_string(&r);
    struct bytes kdf_options = read_string(&r);
    uint32_t keys = read_u32(&r);
    struct bytes public, section;

    if (r.bad || !bytes_equal(begin, (struct bytes){magic, sizeof magic}))
        return KEY_MALFORMED;
    if (!bytes_are(cipher, "none"))
        return KEY_ENCRYPTED;
    if (keys != 1)
        return KEY_SEVERAL;
    public = read_string(&r);
    section = read_string(&r);
    if (!read_done(&r) || !bytes_are(kdf, "none") || kdf_options.len != 0)
        return KEY_MALFORMED;
    return read_private_section(key, section, public);
}
