/* Private keys in DER: PKCS #8, PKCS #1, SEC 1. */
#include "apps/files/key_format.h"

#include "apps/files/der.h"

/* RFC 8410 section 3, RFC 5480 section 2.1.1, RFC 8017 appendix C */
/* clang-format off */
static const struct der_oid oid_ed25519  = {3, {0x2b, 0x65, 0x70}};
static const struct der_oid oid_ec       = {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}};
static const struct der_oid oid_prime    = {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01}};
static const struct der_oid oid_nistp256 = {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}};
static const struct der_oid oid_nistp384 = {5, {0x2b, 0x81, 0x04, 0x00, 0x22}};
static const struct der_oid oid_nistp521 = {5, {0x2b, 0x81, 0x04, 0x00, 0x23}};
static const struct der_oid oid_rsa      = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}};
/* clang-format on */

static bool read_version(struct reader *r, uint8_t expected)
{
    struct bytes version = der_read_value(r, DER_INTEGER);

    return version.len == 1 && version.at[0] == expected;
}

/* BIT STRING: the number of unused bits, here 0, then the bytes. */
static struct bytes whole_bytes(struct reader *r, struct bytes bit_string)
{
    if (bit_string.len < 1 || bit_string.at[0] != 0) {
        r->bad = true;
        return (struct bytes){NULL, 0};
    }
    return (struct bytes){bit_string.at + 1, bit_string.len - 1};
}

static const struct ec_curve *find_curve(struct bytes oid)
{
    if (der_is_oid(oid, &oid_nistp256))
        return &ec_nistp256;
    if (der_is_oid(oid, &oid_nistp384))
        return &ec_nistp384;
    return der_is_oid(oid, &oid_nistp521) ? &ec_nistp521 : NULL;
}

/* SEC 1 appendix C.2: SEQUENCE { INTEGER version, SEQUENCE { OID prime-field, INTEGER p },
 * SEQUENCE { OCTET STRING a, OCTET STRING b, BIT STRING seed OPTIONAL }, OCTET STRING generator,
 * INTEGER order, INTEGER cofactor OPTIONAL }. NULL: no curve that has a name. */
static const struct ec_curve *read_explicit_curve(struct reader r)
{
    struct bytes version = der_read_value(&r, DER_INTEGER);
    struct reader field = read_from(der_read_value(&r, DER_SEQUENCE));
    struct bytes field_type = der_read_value(&field, DER_OID), cofactor;
    struct ec_parameters e = {.p = der_read_number(&field)};
    struct reader curve = read_from(der_read_value(&r, DER_SEQUENCE));
    bool has_seed, has_cofactor;

    e.a = bytes_without_zeros(der_read_value(&curve, DER_OCTET_STRING));
    e.b = bytes_without_zeros(der_read_value(&curve, DER_OCTET_STRING));
    (void)der_read_optional(&curve, DER_BIT_STRING, &has_seed);
    e.generator = der_read_value(&r, DER_OCTET_STRING);
    e.order = der_read_number(&r);
    cofactor = der_read_optional(&r, DER_INTEGER, &has_cofactor);
    if (!read_done(&r) || !read_done(&field) || !read_done(&curve) || version.len != 1 ||
        !der_is_oid(field_type, &oid_prime) ||
        (has_cofactor && (cofactor.len != 1 || cofactor.at[0] != 1)))
        return NULL;
    return ec_curve_find(&e);
}

/* RFC 5480 section 2.1.1: OID of a curve. The parameters of a curve that has one are accepted, as
 * in OpenSSL; those of another curve could be weak on purpose (CVE-2020-0601). NULL: unsupported.
 */
static const struct ec_curve *read_curve(struct reader *r)
{
    if (!r->bad && r->at < r->end && *r->at == DER_SEQUENCE)
        return read_explicit_curve(read_from(der_read_value(r, DER_SEQUENCE)));
    return find_curve(der_read_value(r, DER_OID));
}

/* Is it this key's public point? The point may also be compressed, or both (hybrid): SEC 1
 * section 2.3.3. */
static bool is_point_of(const struct nacre_key *key, const struct ec_curve *curve,
                        struct bytes point)
{
    const uint8_t *own = key->blob + key->blob_len - curve->point_len; /* EC_UNCOMPRESSED, x, y */
    uint8_t odd = own[curve->point_len - 1] & 1;
    size_t x_end = 1 + curve->len;

    if (point.len < x_end || memcmp(point.at + 1, own + 1, curve->len) != 0)
        return false;
    if (point.len == x_end)
        return point.at[0] == (2 | odd);
    return point.len == curve->point_len &&
           (point.at[0] == EC_UNCOMPRESSED || point.at[0] == (6 | odd)) &&
           memcmp(point.at + x_end, own + x_end, curve->len) == 0;
}

static enum key_result make_ec_key(struct nacre_key *key, const struct ec_curve *curve,
                                   struct bytes scalar, struct bytes point)
{
    if (curve == NULL)
        return KEY_OTHER_TYPE;
    if (bytes_without_zeros(scalar).len > curve->len)
        return KEY_MALFORMED;
    if (!private_key_ecdsa(key, curve, scalar, (struct bytes){NULL, 0}))
        return KEY_MISMATCH;
    return point.at == NULL || is_point_of(key, curve, point) ? KEY_GOOD : KEY_MISMATCH;
}

/* RFC 5915 section 3: SEQUENCE { INTEGER 1, OCTET STRING d, [0] { curve } OPTIONAL,
 * [1] { BIT STRING Q } OPTIONAL }. `curve` is the enclosing structure's, or NULL. */
static enum key_result read_ec_key(struct nacre_key *key, struct bytes der,
                                   const struct ec_curve *curve)
{
    struct reader whole = read_from(der);
    struct reader r = read_from(der_read_value(&whole, DER_SEQUENCE));
    bool good = read_version(&r, 1), has_curve, has_point;
    struct bytes scalar = der_read_value(&r, DER_OCTET_STRING), point = {NULL, 0};
    struct bytes parameters = der_read_optional(&r, DER_0, &has_curve);
    struct bytes point_value = der_read_optional(&r, DER_1, &has_point);

    if (has_curve) {
        struct reader inside = read_from(parameters);
        const struct ec_curve *own = read_curve(&inside);

        good &= read_done(&inside) && (curve == NULL || own == curve);
        curve = own;
    }
    if (has_point) {
        struct reader inside = read_from(point_value);

        point = whole_bytes(&inside, der_read_value(&inside, DER_BIT_STRING));
        good &= read_done(&inside);
    }
    if (!good || !read_done(&whole) || !read_done(&r))
        return KEY_MALFORMED;
    return make_ec_key(key, curve, scalar, point);
}

enum key_result key_parse_sec1(struct nacre_key *key, struct bytes der)
{
    return read_ec_key(key, der, NULL);
}

/* SEQUENCE { INTEGER 0, n, e, d, p, q, d mod (p-1), d mod (q-1), 1/q mod p } */
enum key_result key_parse_pkcs1(struct nacre_key *key, struct bytes der)
{
    struct reader whole = read_from(der);
    struct reader r = read_from(der_read_value(&whole, DER_SEQUENCE));
    bool two_primes = read_version(&r, 0);
    struct rsa_numbers numbers;

    numbers.n = der_read_number(&r);
    numbers.e = der_read_number(&r);
    numbers.d = der_read_number(&r);
    numbers.p = der_read_number(&r);
    numbers.q = der_read_number(&r);
    numbers.dmp1 = der_read_number(&r);
    numbers.dmq1 = der_read_number(&r);
    numbers.iqmp = der_read_number(&r);
    if (!two_primes || !read_done(&whole) || !read_done(&r))
        return KEY_MALFORMED;
    return key_from_rsa(key, &numbers);
}

/* RFC 8410 section 7: OCTET STRING seed. point: the public key beside it, or empty */
static enum key_result read_ed25519(struct nacre_key *key, struct bytes der, struct bytes point)
{
    struct reader r = read_from(der);
    struct bytes seed = der_read_value(&r, DER_OCTET_STRING);

    if (!read_done(&r) || seed.len != 32)
        return KEY_MALFORMED;
    if (!private_key_ed25519(key, seed.at))
        return KEY_MISMATCH;
    if (point.at != NULL && !bytes_equal(point, (struct bytes){key->blob + key->blob_len - 32, 32}))
        return KEY_MISMATCH;
    return KEY_GOOD;
}

/* The algorithm's OID is followed by nothing, NULL or a curve. */
static enum key_result read_by_algorithm(struct nacre_key *key, struct reader *algorithm,
                                         struct bytes secret, struct bytes point)
{
    struct bytes oid = der_read_value(algorithm, DER_OID);

    if (der_is_oid(oid, &oid_ed25519))
        return read_done(algorithm) ? read_ed25519(key, secret, point) : KEY_MALFORMED;
    if (der_is_oid(oid, &oid_rsa)) {
        bool has_null; /* it must be there, but not all programs write it */
        struct bytes null = der_read_optional(algorithm, DER_NULL, &has_null);

        return read_done(algorithm) && null.len == 0 ? key_parse_pkcs1(key, secret) : KEY_MALFORMED;
    }
    if (der_is_oid(oid, &oid_ec)) {
        const struct ec_curve *curve = read_curve(algorithm);

        return curve != NULL && read_done(algorithm) ? read_ec_key(key, secret, curve)
                                                     : KEY_OTHER_TYPE;
    }
    return algorithm->bad ? KEY_MALFORMED : KEY_OTHER_TYPE;
}

/* RFC 5958 section 2: SEQUENCE { INTEGER version, SEQUENCE algorithm, OCTET STRING private key,
 * [0] attributes OPTIONAL, [1] BIT STRING public key OPTIONAL }; version 1 with a public key, else
 * 0 */
enum key_result key_parse_pkcs8(struct nacre_key *key, struct bytes der)
{
    struct reader whole = read_from(der);
    struct reader r = read_from(der_read_value(&whole, DER_SEQUENCE));
    struct bytes version = der_read_value(&r, DER_INTEGER);
    struct reader algorithm = read_from(der_read_value(&r, DER_SEQUENCE));
    struct bytes secret = der_read_value(&r, DER_OCTET_STRING), point;
    bool has_attributes, has_point;

    der_read_optional(&r, DER_0, &has_attributes);
    point = der_read_optional(&r, DER_1_PRIMITIVE, &has_point);
    if (has_point)
        point = whole_bytes(&r, point);
    if (!read_done(&whole) || !read_done(&r) || version.len != 1 ||
        version.at[0] != (has_point ? 1 : 0))
        return KEY_MALFORMED;
    return read_by_algorithm(key, &algorithm, secret, point);
}
