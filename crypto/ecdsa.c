/* Uses libcrypto's EC_KEY and ECDSA calls: building an EVP_PKEY for each user key would cost about
 * a third of the verification itself. OpenSSL 3 marks them as deprecated. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/ecdsa.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "crypto/ecdsa_nonce.h"
#include "crypto/number.h"

static bool set_public(const struct ecdsa_key *k, struct bytes point)
{
    return point.len == k->curve->point_len && point.at[0] == EC_UNCOMPRESSED &&
           EC_KEY_oct2key(k->key, point.at, point.len, NULL) == 1;
}

static bool start(struct ecdsa_key *k, const struct ec_curve *curve)
{
    k->curve = curve;
    k->key = EC_KEY_new_by_curve_name(curve->id);
    return k->key != NULL;
}

bool ecdsa_public_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes point)
{
    if (start(k, curve) && set_public(k, point))
        return true;
    ecdsa_clear(k);
    return false;
}

/* Put the scalar into the key and compute its public point. */
static bool set_private(const struct ecdsa_key *k, struct bytes scalar)
{
    const EC_GROUP *group = EC_KEY_get0_group(k->key);
    struct bytes number = bytes_without_zeros(scalar);
    BIGNUM *secret = NULL;
    EC_POINT *point = EC_POINT_new(group);
    bool done = false;

    if (number.len > 0 && number.len <= k->curve->len)
        secret = number_read(number);
    if (secret != NULL && point != NULL && BN_cmp(secret, EC_GROUP_get0_order(group)) < 0)
        done = EC_POINT_mul(group, point, secret, NULL, NULL, NULL) == 1 &&
               EC_KEY_set_private_key(k->key, secret) == 1 &&
               EC_KEY_set_public_key(k->key, point) == 1;
    EC_POINT_free(point);
    BN_clear_free(secret);
    return done;
}

bool ecdsa_private_init(struct ecdsa_key *k, const struct ec_curve *curve, struct bytes scalar,
                        struct bytes point)
{
    uint8_t computed[EC_POINT_LEN_MAX];

    if (start(k, curve) && set_private(k, scalar) && ecdsa_public(k, computed) &&
        (point.len == 0 || bytes_equal(point, (struct bytes){computed, curve->point_len})))
        return true;
    ecdsa_clear(k);
    return false;
}

bool ecdsa_public(const struct ecdsa_key *k, uint8_t *point)
{
    return k->key != NULL &&
           EC_POINT_point2oct(EC_KEY_get0_group(k->key), EC_KEY_get0_public_key(k->key),
                              POINT_CONVERSION_UNCOMPRESSED, point, k->curve->point_len,
                              NULL) == k->curve->point_len;
}

/* FIPS 186-4 section 6.4: r is the x coordinate of nonce * generator, modulo the order. */
static bool nonce_point(const EC_GROUP *group, const BIGNUM *nonce, BIGNUM *r, BN_CTX *scratch)
{
    EC_POINT *point = EC_POINT_new(group);
    bool done = point != NULL && EC_POINT_mul(group, point, nonce, NULL, NULL, scratch) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, r, NULL, scratch) == 1 &&
                BN_nnmod(r, r, EC_GROUP_get0_order(group), scratch) == 1 && !BN_is_zero(r);

    EC_POINT_clear_free(point);
    return done;
}

/* inverse = nonce^(order - 2) = 1 / nonce modulo the order, which is prime. The exponent is public;
 * the time does not depend on the base. */
static bool invert(const EC_GROUP *group, const BIGNUM *nonce, BIGNUM *inverse, BN_CTX *scratch)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    BIGNUM *exponent = BN_dup(order);
    bool done = exponent != NULL && BN_sub_word(exponent, 2) == 1 &&
                BN_mod_exp_mont_consttime(inverse, nonce, exponent, order, scratch, NULL) == 1;

    BN_free(exponent);
    return done;
}

/* The signature of `digest` with this nonce; NULL when out of memory. */
static ECDSA_SIG *sign_with(const struct ecdsa_key *k, const uint8_t *digest, const uint8_t *nonce)
{
    const EC_GROUP *group = EC_KEY_get0_group(k->key);
    BIGNUM *scalar = number_read((struct bytes){nonce, k->curve->len});
    BIGNUM *inverse = BN_new(), *r = BN_new();
    BN_CTX *scratch = BN_CTX_new();
    ECDSA_SIG *sig = NULL;

    if (scalar != NULL && inverse != NULL && r != NULL && scratch != NULL &&
        nonce_point(group, scalar, r, scratch) && invert(group, scalar, inverse, scratch))
        sig = ECDSA_do_sign_ex(digest, (int)k->curve->hash->len, inverse, r, k->key);
    BN_CTX_free(scratch);
    BN_free(r);
    BN_clear_free(inverse);
    BN_clear_free(scalar);
    return sig;
}

/* Derive the nonce and sign. RFC 6979 section 3.2 takes the next nonce when r or s is zero; with a
 * probability of 2^-255, that is a failure here. */
static ECDSA_SIG *sign_digest(const struct ecdsa_key *k, const uint8_t *digest)
{
    const BIGNUM *order = EC_GROUP_get0_order(EC_KEY_get0_group(k->key));
    size_t len = k->curve->len;
    uint8_t secret[EC_LEN_MAX], order_bytes[EC_LEN_MAX], nonce[EC_LEN_MAX];
    ECDSA_SIG *sig = NULL;

    if (number_write(EC_KEY_get0_private_key(k->key), secret, len) &&
        number_write(order, order_bytes, len) &&
        ecdsa_nonce(k->curve, order_bytes, secret, digest, nonce))
        sig = sign_with(k, digest, nonce);
    wipe(secret, sizeof secret);
    wipe(nonce, sizeof nonce);
    return sig;
}

bool ecdsa_sign(const struct ecdsa_key *k, struct bytes message, uint8_t *r, uint8_t *s)
{
    uint8_t digest[HASH_MAX];
    ECDSA_SIG *sig = NULL;
    bool done;

    if (k->key != NULL && EC_KEY_get0_private_key(k->key) != NULL &&
        hash_of(k->curve->hash, message, digest))
        sig = sign_digest(k, digest);
    done = sig != NULL && number_write(ECDSA_SIG_get0_r(sig), r, k->curve->len) &&
           number_write(ECDSA_SIG_get0_s(sig), s, k->curve->len);
    ECDSA_SIG_free(sig);
    return done;
}

/* libcrypto's signature object from both numbers, or NULL. */
static ECDSA_SIG *read_signature(size_t len_max, struct bytes r, struct bytes s)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r_number = NULL, *s_number = NULL;

    r = bytes_without_zeros(r);
    s = bytes_without_zeros(s);
    if (r.len <= len_max && s.len <= len_max) {
        r_number = number_read(r);
        s_number = number_read(s);
    }
    if (sig != NULL && r_number != NULL && s_number != NULL &&
        ECDSA_SIG_set0(sig, r_number, s_number) == 1)
        return sig; /* it owns both numbers now */
    BN_free(r_number);
    BN_free(s_number);
    ECDSA_SIG_free(sig);
    return NULL;
}

bool ecdsa_verify(const struct ecdsa_key *k, struct bytes message, struct bytes r, struct bytes s)
{
    uint8_t digest[HASH_MAX];
    ECDSA_SIG *sig;
    bool valid;

    if (k->key == NULL || !hash_of(k->curve->hash, message, digest))
        return false;
    sig = read_signature(k->curve->len, r, s);
    valid = sig != NULL && ECDSA_do_verify(digest, (int)k->curve->hash->len, sig, k->key) == 1;
    ECDSA_SIG_free(sig);
    return valid;
}

void ecdsa_clear(struct ecdsa_key *k)
{
    EC_KEY_free(k->key); /* wipes the private key */
    k->key = NULL;
}
