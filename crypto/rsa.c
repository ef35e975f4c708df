/* Uses libcrypto's RSA calls instead of EVP_PKEY, which wraps them and needs parameter lists and
 * fetches. OpenSSL 3 marks them as deprecated. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/rsa.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "crypto/number.h"

enum {
    EXPONENT_BITS_MOST = 64, /* of e: a longer one only makes verifying slow */
};

/* A number of the key; NULL when it is too long or when out of memory. libcrypto wipes the private
 * numbers when it frees the key. */
static BIGNUM *read_number(struct bytes bytes)
{
    struct bytes number = bytes_without_zeros(bytes);

    return number.len <= RSA_LEN_MAX ? number_read(number) : NULL;
}

static bool public_is_sound(const BIGNUM *n, const BIGNUM *e, unsigned bits_min)
{
    int least = bits_min > RSA_BITS_LEAST ? (int)bits_min : RSA_BITS_LEAST;

    return BN_num_bits(n) >= least && BN_num_bits(n) <= RSA_BITS_MOST && BN_is_odd(n) &&
           BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= EXPONENT_BITS_MOST;
}

/* A key object with n, e and, where `d` is not empty, d. */
static bool set_key(struct rsa_key *k, struct bytes n, struct bytes e, struct bytes d,
                    unsigned bits_min)
{
    BIGNUM *n_number = read_number(n), *e_number = read_number(e);
    BIGNUM *d_number = d.len > 0 ? read_number(d) : NULL;

    k->key = RSA_new();
    if (k->key != NULL && n_number != NULL && e_number != NULL &&
        (d.len == 0 || d_number != NULL) && public_is_sound(n_number, e_number, bits_min) &&
        RSA_set0_key(k->key, n_number, e_number, d_number) == 1) {
        k->len = (size_t)RSA_size(k->key);
        return true; /* it owns the numbers now */
    }
    BN_free(n_number);
    BN_free(e_number);
    BN_clear_free(d_number);
    rsa_clear(k);
    return false;
}

bool rsa_public_init(struct rsa_key *k, struct bytes n, struct bytes e, unsigned bits_min)
{
    return set_key(k, n, e, (struct bytes){NULL, 0}, bits_min);
}

static bool set_primes(const struct rsa_key *k, struct bytes p, struct bytes q)
{
    BIGNUM *p_number = read_number(p), *q_number = read_number(q);

    if (p_number != NULL && q_number != NULL && !BN_is_zero(p_number) && !BN_is_zero(q_number) &&
        RSA_set0_factors(k->key, p_number, q_number) == 1)
        return true;
    BN_clear_free(p_number);
    BN_clear_free(q_number);
    return false;
}

/* d mod (prime - 1), or NULL. */
static BIGNUM *reduced_exponent(const BIGNUM *d, const BIGNUM *prime, BN_CTX *scratch)
{
    BIGNUM *result = BN_new(), *less_one = BN_dup(prime);
    bool done = result != NULL && less_one != NULL && BN_sub_word(less_one, 1) == 1;

    if (done) {
        BN_set_flags(less_one, BN_FLG_CONSTTIME);
        done = BN_mod(result, d, less_one, scratch) == 1;
    }
    BN_clear_free(less_one);
    if (!done) {
        BN_clear_free(result);
        result = NULL;
    }
    return result;
}

/* Is it the given number, if there is one? */
static bool is_as_given(const BIGNUM *number, struct bytes given)
{
    BIGNUM *other = given.len > 0 ? read_number(given) : NULL;
    bool same = given.len == 0 || (other != NULL && BN_cmp(number, other) == 0);

    BN_clear_free(other);
    return same;
}

/* Is q * q_inverse = 1 mod p? libcrypto does not report this: it signs without the Chinese
 * remainder theorem when the result is wrong. */
static bool is_inverse(const struct rsa_key *k, const BIGNUM *q_inverse, BN_CTX *scratch)
{
    const BIGNUM *p = RSA_get0_p(k->key);
    BIGNUM *product = BN_new();
    bool is = product != NULL && BN_cmp(q_inverse, p) < 0 &&
              BN_mod_mul(product, RSA_get0_q(k->key), q_inverse, p, scratch) == 1 &&
              BN_is_one(product);

    BN_clear_free(product);
    return is;
}

/* RFC 8017 section 3.2: dP, dQ and qInv make signing four times as fast. */
static bool set_chinese_remainders(const struct rsa_key *k, const struct rsa_numbers *numbers,
                                   BN_CTX *scratch)
{
    const BIGNUM *d = RSA_get0_d(k->key);
    BIGNUM *d_p = reduced_exponent(d, RSA_get0_p(k->key), scratch);
    BIGNUM *d_q = reduced_exponent(d, RSA_get0_q(k->key), scratch);
    BIGNUM *q_inverse = read_number(numbers->iqmp);

    if (d_p != NULL && d_q != NULL && q_inverse != NULL && is_as_given(d_p, numbers->dmp1) &&
        is_as_given(d_q, numbers->dmq1) && is_inverse(k, q_inverse, scratch) &&
        RSA_set0_crt_params(k->key, d_p, d_q, q_inverse) == 1)
        return true;
    BN_clear_free(d_p);
    BN_clear_free(d_q);
    BN_clear_free(q_inverse);
    return false;
}

/* Is n = p * q? */
static bool factors_belong(const struct rsa_key *k, BN_CTX *scratch)
{
    BIGNUM *product = BN_new();
    bool belong = product != NULL &&
                  BN_mul(product, RSA_get0_p(k->key), RSA_get0_q(k->key), scratch) == 1 &&
                  BN_cmp(product, RSA_get0_n(k->key)) == 0;

    BN_clear_free(product);
    return belong;
}

/* Does e verify what d signs? */
static bool signs_what_it_verifies(const struct rsa_key *k)
{
    uint8_t sig[RSA_LEN_MAX];
    struct bytes message = bytes_of("nacre");

    return rsa_sign(k, &hash_sha256, message, sig) &&
           rsa_verify(k, &hash_sha256, message, (struct bytes){sig, k->len});
}

bool rsa_private_init(struct rsa_key *k, const struct rsa_numbers *numbers, unsigned bits_min)
{
    BN_CTX *scratch;
    bool done;

    k->key = NULL;
    if (numbers->d.len == 0 || !set_key(k, numbers->n, numbers->e, numbers->d, bits_min))
        return false;
    scratch = BN_CTX_new();
    done = scratch != NULL && set_primes(k, numbers->p, numbers->q) && factors_belong(k, scratch) &&
           set_chinese_remainders(k, numbers, scratch) && signs_what_it_verifies(k);
    BN_CTX_free(scratch);
    if (!done)
        rsa_clear(k);
    return done;
}

bool rsa_generate(struct rsa_key *k, unsigned bits)
{
    BIGNUM *e = BN_new();
    bool done = bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST && bits % 8 == 0 && e != NULL &&
                BN_set_word(e, RSA_F4) == 1;

    k->key = done ? RSA_new() : NULL;
    done = k->key != NULL && RSA_generate_key_ex(k->key, (int)bits, e, NULL) == 1;
    BN_free(e);
    if (done)
        k->len = (size_t)RSA_size(k->key);
    else
        rsa_clear(k);
    return done;
}

size_t rsa_part(const struct rsa_key *k, enum rsa_part part, uint8_t *out)
{
    const BIGNUM *parts[RSA_PARTS] = {NULL};
    size_t len;

    if (k->key == NULL || part >= RSA_PARTS)
        return 0;
    RSA_get0_key(k->key, &parts[RSA_N], &parts[RSA_E], &parts[RSA_D]);
    RSA_get0_factors(k->key, &parts[RSA_P], &parts[RSA_Q]);
    RSA_get0_crt_params(k->key, NULL, NULL, &parts[RSA_IQMP]);
    if (parts[part] == NULL)
        return 0;
    len = (size_t)BN_num_bytes(parts[part]);
    return number_write(parts[part], out, len) ? len : 0;
}

/* libcrypto's number for a hash, for DigestInfo; 0 for one that SSH does not use with RSA. */
static int hash_id(const struct hash_method *hash)
{
    if (hash == &hash_sha1)
        return NID_sha1;
    if (hash == &hash_sha256)
        return NID_sha256;
    if (hash == &hash_sha384)
        return NID_sha384;
    return hash == &hash_sha512 ? NID_sha512 : 0;
}

bool rsa_sign(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
              uint8_t *sig)
{
    uint8_t digest[HASH_MAX];
    unsigned len = 0;

    return k->key != NULL && RSA_get0_d(k->key) != NULL && hash_id(hash) != 0 &&
           hash_of(hash, message, digest) &&
           RSA_sign(hash_id(hash), digest, (unsigned)hash->len, sig, &len, k->key) == 1 &&
           len == k->len;
}

bool rsa_verify(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
                struct bytes sig)
{
    uint8_t digest[HASH_MAX];

    return k->key != NULL && hash_id(hash) != 0 && sig.len == k->len &&
           hash_of(hash, message, digest) &&
           RSA_verify(hash_id(hash), digest, (unsigned)hash->len, sig.at, (unsigned)sig.len,
                      k->key) == 1;
}

void rsa_clear(struct rsa_key *k)
{
    RSA_free(k->key); /* wipes the private numbers */
    k->key = NULL;
    k->len = 0;
}
