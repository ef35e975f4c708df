/* ecdsa-sha2-nistp256, -nistp384, -nistp521. RFC 5656 section 3. */
#include "transport/key_pair.h"

static const struct signature_algorithm *algorithm_of(const struct ec_curve *curve)
{
    if (curve == &ec_nistp256)
        return &signature_nistp256;
    return curve == &ec_nistp384 ? &signature_nistp384 : &signature_nistp521;
}

static void clear(struct nacre_key *key)
{
    ecdsa_clear(&key->secret.ecdsa);
}

/* RFC 5656 section 3.1: string "ecdsa-sha2-[identifier]", string [identifier], string Q */
bool private_key_ecdsa(struct nacre_key *key, const struct ec_curve *curve, struct bytes scalar,
                       struct bytes point)
{
    uint8_t q[EC_POINT_LEN_MAX];
    struct writer w = write_to(key->blob, sizeof key->blob);

    if (!ecdsa_private_init(&key->secret.ecdsa, curve, scalar, point))
        return false;
    if (!ecdsa_public(&key->secret.ecdsa, q)) {
        ecdsa_clear(&key->secret.ecdsa);
        return false;
    }
    private_key_begin(key, algorithm_of(curve)->key_type, clear);
    write_text(&w, key->type);
    write_text(&w, curve->name);
    write_string(&w, (struct bytes){q, curve->point_len});
    key->blob_len = (uint16_t)written(&w);
    return true;
}

/* RFC 5656 section 3.1.2: the signature is mpint r, mpint s. Superfluous zeros (RFC 4251 section 5)
 * are accepted, as by OpenSSH: some signers write numbers of a fixed length, and zeros do not make
 * another signature true. */
bool ecdsa_blob_verify(const struct ec_curve *curve, struct reader *blob, struct bytes signature,
                       struct bytes data)
{
    struct bytes identifier = read_string(blob);
    struct bytes point = read_string(blob);
    struct reader numbers = read_from(signature);
    struct bytes r = read_padded_mpint(&numbers);
    struct bytes s = read_padded_mpint(&numbers);
    struct ecdsa_key key;
    bool good;

    if (blob->bad || !read_done(&numbers) || !bytes_are(identifier, curve->name) ||
        !ecdsa_public_init(&key, curve, point))
        return false;
    good = ecdsa_verify(&key, data, r, s);
    ecdsa_clear(&key);
    return good;
}

static bool verify(const struct signature_algorithm *algorithm, struct bytes key_blob,
                   struct reader *r, struct bytes data)
{
    struct reader blob = read_from(key_blob);
    struct bytes signature = read_string(r);

    (void)read_string(&blob); /* its type */
    return read_done(r) && ecdsa_blob_verify(algorithm->detail, &blob, signature, data) &&
           read_done(&blob);
}

static bool sign(const struct signature_algorithm *algorithm, const struct nacre_key *key,
                 struct bytes data, struct writer *w)
{
    const struct ec_curve *curve = algorithm->detail;
    uint8_t r[EC_LEN_MAX], s[EC_LEN_MAX];
    uint8_t *begin;

    if (!ecdsa_sign(&key->secret.ecdsa, data, r, s))
        return false;
    begin = write_string_begin(w);
    write_mpint(w, (struct bytes){r, curve->len});
    write_mpint(w, (struct bytes){s, curve->len});
    write_string_end(w, begin);
    return true;
}

#define NISTP(bits)                                                                                \
    .name = "ecdsa-sha2-nistp" #bits, .key_type = "ecdsa-sha2-nistp" #bits,                        \
    .detail = &ec_nistp##bits, .verify = verify, .sign = sign

const struct signature_algorithm signature_nistp256 = {NISTP(256)};
const struct signature_algorithm signature_nistp384 = {NISTP(384)};
const struct signature_algorithm signature_nistp521 = {NISTP(521)};
