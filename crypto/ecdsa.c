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

bool ecdsa_scalar(const struct ecdsa_key *k, uint8_t *scalar)
{
    const BIGNUM *number = k->key != NULL ? EC_KEY_get0_private_key(k->key) : NULL;

    return number != NULL && number_write(number, scalar, k->curve->len);
}

/* A signature in the making. A nonce that is shorter than others, or whose inverse is, must not
 * show in the time: on P-521 one in 512 has a top word of zeros, and a few hundred of them reveal
 * the key (as in CVE-2024-13176). So libcrypto gets the nonce only in a fixed length, or blinded.
 */
struct signing {
    const struct ecdsa_key *k;
    BIGNUM *nonce;   /* of order_bits + 1 bits */
    BIGNUM *blind;   /* b */
    BIGNUM *inverse; /* 1 / (b * nonce) */
    BIGNUM *r, *s;
    BN_CTX *scratch;
};

static const EC_GROUP *group_of(const struct signing *g)
{
    return EC_KEY_get0_group(g->k->key);
}

/* FIPS 186-4 section 6.4: r is the x coordinate of nonce * generator, modulo the order. */
static bool compute_r(const struct signing *g)
{
    const EC_GROUP *group = group_of(g);
    EC_POINT *point = EC_POINT_new(group);
    bool done =
        point != NULL && EC_POINT_mul(group, point, g->nonce, NULL, NULL, g->scratch) == 1 &&
        EC_POINT_get_affine_coordinates(group, point, g->r, NULL, g->scratch) == 1 &&
        BN_nnmod(g->r, g->r, EC_GROUP_get0_order(group), g->scratch) == 1 && !BN_is_zero(g->r);

    EC_POINT_clear_free(point);
    return done;
}

/* The inverse is (b * nonce)^(order - 2) modulo the order, which is prime. The exponent is public;
 * the time does not depend on the base, and the base tells nothing about the nonce. */
static bool compute_inverse(const struct signing *g)
{
    const BIGNUM *order = EC_GROUP_get0_order(group_of(g));
    BIGNUM *exponent = BN_dup(order), *product = BN_new();
    bool done =
        exponent != NULL && product != NULL && BN_sub_word(exponent, 2) == 1 &&
        BN_mod_mul(product, g->nonce, g->blind, order, g->scratch) == 1 &&
        BN_mod_exp_mont_consttime(g->inverse, product, exponent, order, g->scratch, NULL) == 1;

    BN_clear_free(product);
    BN_free(exponent);
    return done;
}

/* With that inverse, libcrypto computes s / b. */
static bool compute_s(const struct signing *g, const uint8_t *digest)
{
    ECDSA_SIG *sig =
        ECDSA_do_sign_ex(digest, (int)g->k->curve->hash->len, g->inverse, g->r, g->k->key);
    bool done = sig != NULL && BN_mod_mul(g->s, ECDSA_SIG_get0_s(sig), g->blind,
                                          EC_GROUP_get0_order(group_of(g)), g->scratch) == 1;

    ECDSA_SIG_free(sig);
    return done;
}

/* Sign with this nonce. RFC 6979 section 3.2 takes the next one when r or s is zero; with a
 * probability of 2^-255, that is a failure here. */
static bool sign_with(const struct ecdsa_key *k, const uint8_t *digest,
                      const struct ecdsa_safe_nonce *nonce, uint8_t *r, uint8_t *s)
{
    struct signing g = {
        .k = k,
        .nonce = number_read((struct bytes){nonce->fixed, k->curve->len + 1}),
        .blind = number_read((struct bytes){nonce->blind, k->curve->hash->len}),
        .inverse = BN_new(),
        .r = BN_new(),
        .s = BN_new(),
        .scratch = BN_CTX_new(),
    };
    bool done = g.nonce != NULL && g.blind != NULL && g.inverse != NULL && g.r != NULL &&
                g.s != NULL && g.scratch != NULL && compute_r(&g) && compute_inverse(&g) &&
                compute_s(&g, digest) && number_write(g.r, r, k->curve->len) &&
                number_write(g.s, s, k->curve->len);

    BN_CTX_free(g.scratch);
    BN_free(g.s);
    BN_free(g.r);
    BN_clear_free(g.inverse);
    BN_clear_free(g.blind);
    BN_clear_free(g.nonce);
    return done;
}

bool ecdsa_sign(const struct ecdsa_key *k, struct bytes message, uint8_t *r, uint8_t *s)
{
    uint8_t digest[HASH_MAX], secret[EC_LEN_MAX], order[EC_LEN_MAX];
    const BIGNUM *number = k->key != NULL ? EC_KEY_get0_private_key(k->key) : NULL;
    struct ecdsa_safe_nonce nonce;
    bool done;

    if (number == NULL || !hash_of(k->curve->hash, message, digest))
        return false;
    done = number_write(number, secret, k->curve->len) &&
           number_write(EC_GROUP_get0_order(EC_KEY_get0_group(k->key)), order, k->curve->len) &&
           ecdsa_safe_nonce(k->curve, order, secret, digest, &nonce) &&
           sign_with(k, digest, &nonce, r, s);
    wipe(secret, sizeof secret);
    wipe(&nonce, sizeof nonce);
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
