#include "crypto/rsa.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"

#include <openssl/bn.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct hash_method *const hashes[] = {&hash_sha1, &hash_sha256, &hash_sha384,
                                                   &hash_sha512};

enum {
    HASHES = sizeof hashes / sizeof hashes[0],
    KEYS = 3, /* of vectors/rsa.txt: 1024, 2048 and 3072 bits */
};

static struct rsa_numbers numbers(struct vectors *v, size_t nth)
{
    return (struct rsa_numbers){
        .n = vectors_nth(v, "n", nth),
        .e = vectors_nth(v, "e", nth),
        .d = vectors_nth(v, "d", nth),
        .p = vectors_nth(v, "p", nth),
        .q = vectors_nth(v, "q", nth),
        .iqmp = vectors_nth(v, "iqmp", nth),
    };
}

START_TEST(known_signatures_match_and_verify)
{
    struct vectors *v = vectors_open("rsa.txt");
    struct bytes message = vectors_get(v, "message");
    static uint8_t sig[RSA_LEN_MAX];
    struct rsa_key private, public;

    for (size_t i = 0; i < KEYS; i++) {
        struct rsa_numbers key = numbers(v, i);

        ck_assert(rsa_private_init(&private, &key, 0));
        ck_assert(rsa_public_init(&public, key.n, key.e, 0));
        for (size_t h = 0; h < HASHES; h++) {
            ck_assert(rsa_sign(&private, hashes[h], message, sig));
            assert_bytes((struct bytes){sig, private.len}, vectors_nth(v, hashes[h]->name, i));
            ck_assert(rsa_verify(&public, hashes[h], message, (struct bytes){sig, public.len}));
            ck_assert(rsa_verify(&private, hashes[h], message, (struct bytes){sig, public.len}));
        }
        ck_assert(!rsa_sign(&public, &hash_sha256, message, sig));
        rsa_clear(&private);
        rsa_clear(&public);
    }
    vectors_close(v);
}
END_TEST

START_TEST(a_signature_of_anything_else_is_refused)
{
    struct vectors *v = vectors_open("rsa.txt");
    struct bytes message = vectors_get(v, "message"), good = vectors_nth(v, "sha256", 1);
    uint8_t sig[257];
    struct rsa_key k;

    ck_assert(rsa_public_init(&k, vectors_nth(v, "n", 1), vectors_nth(v, "e", 1), 2048));
    ck_assert(!rsa_verify(&k, &hash_sha512, message, good));
    ck_assert(!rsa_verify(&k, &hash_sha256, bytes_of("another"), good));
    ck_assert(!rsa_verify(&k, &hash_sha256, message, (struct bytes){NULL, 0}));
    ck_assert(!rsa_verify(&k, &hash_sha256, message, (struct bytes){good.at, 255}));
    memset(sig, 0, sizeof sig);
    memcpy(sig + 1, good.at, 256);
    ck_assert(!rsa_verify(&k, &hash_sha256, message, BYTES_OF_ARRAY(sig)));
    ck_assert(rsa_verify(&k, &hash_sha256, message, (struct bytes){sig + 1, 256}));
    for (size_t i = 1; i < sizeof sig; i++) {
        sig[i] ^= 0x10;
        ck_assert(!rsa_verify(&k, &hash_sha256, message, (struct bytes){sig + 1, 256}));
        sig[i] ^= 0x10;
    }
    memset(sig, 0xff, sizeof sig); /* above the modulus */
    ck_assert(!rsa_verify(&k, &hash_sha256, message, (struct bytes){sig, 256}));
    rsa_clear(&k);
    rsa_clear(&k);
    ck_assert(!rsa_verify(&k, &hash_sha256, message, good));
    vectors_close(v);
}
END_TEST

START_TEST(moduli_of_the_wrong_size_are_refused)
{
    struct vectors *v = vectors_open("rsa.txt");
    struct bytes n = vectors_nth(v, "n", 0), e = vectors_nth(v, "e", 0);
    static uint8_t large[RSA_LEN_MAX + 2];
    struct rsa_numbers key = numbers(v, 0);
    struct rsa_key k;

    ck_assert(rsa_public_init(&k, n, e, 1024));
    rsa_clear(&k);
    ck_assert(!rsa_public_init(&k, n, e, 1025));
    ck_assert(!rsa_private_init(&k, &key, 2048));
    ck_assert(!rsa_public_init(&k, (struct bytes){n.at, 127}, e, 0));
    ck_assert(!rsa_public_init(&k, (struct bytes){NULL, 0}, e, 0));
    memset(large, 0xff, sizeof large);
    ck_assert(!rsa_public_init(&k, (struct bytes){large, RSA_LEN_MAX + 1}, e, 0));
    ck_assert(rsa_public_init(&k, (struct bytes){large, RSA_LEN_MAX}, e, 0));
    ck_assert_uint_eq(k.len, RSA_LEN_MAX);
    rsa_clear(&k);
    large[0] = 0;
    ck_assert(rsa_public_init(&k, (struct bytes){large, RSA_LEN_MAX + 1}, e, 0));
    rsa_clear(&k);
    vectors_close(v);
}
END_TEST

START_TEST(unusable_public_numbers_are_refused)
{
    static const uint8_t one[] = {0, 1}, two[] = {2};
    static const uint8_t longest[] = {0x80, 0, 0, 0, 0, 0, 0, 1}; /* 64 bits */
    static const uint8_t longer[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    struct vectors *v = vectors_open("rsa.txt");
    struct bytes n = vectors_nth(v, "n", 1);
    uint8_t even[256];
    struct rsa_key k;

    ck_assert(!rsa_public_init(&k, n, (struct bytes){NULL, 0}, 0));
    ck_assert(!rsa_public_init(&k, n, BYTES_OF_ARRAY(one), 0));
    ck_assert(!rsa_public_init(&k, n, BYTES_OF_ARRAY(two), 0));
    ck_assert(!rsa_public_init(&k, n, BYTES_OF_ARRAY(longer), 0));
    ck_assert(rsa_public_init(&k, n, BYTES_OF_ARRAY(longest), 0));
    rsa_clear(&k);
    ck_assert(!rsa_public_init(&k, n, n, 0));
    memcpy(even, n.at, sizeof even);
    even[255] ^= 1;
    ck_assert(!rsa_public_init(&k, BYTES_OF_ARRAY(even), vectors_nth(v, "e", 1), 0));
    vectors_close(v);
}
END_TEST

START_TEST(inconsistent_private_numbers_are_refused)
{
    struct vectors *v = vectors_open("rsa.txt");
    const struct rsa_numbers good = numbers(v, 1), other = numbers(v, 2);
    struct rsa_numbers bad[12];
    uint8_t off_by_one[RSA_LEN_MAX];
    struct rsa_key k;

    for (size_t i = 0; i < COUNT(bad); i++)
        bad[i] = good;
    bad[0].n = other.n;
    bad[1].d = other.d;
    bad[2].p = other.p;
    bad[3].q = (struct bytes){NULL, 0};
    bad[4].d = (struct bytes){NULL, 0};
    bad[5].p = good.n;
    bad[5].q = bytes_of("\1");
    bad[6].p = (struct bytes){NULL, 0};
    memcpy(off_by_one, good.iqmp.at, good.iqmp.len);
    off_by_one[good.iqmp.len - 1] ^= 1;
    bad[7].iqmp = (struct bytes){off_by_one, good.iqmp.len};
    bad[8].iqmp = (struct bytes){NULL, 0};
    bad[9].dmp1 = good.iqmp;
    bad[10].dmq1 = good.iqmp;
    bad[11].p = other.p; /* all three fit together, but not to n */
    bad[11].q = other.q;
    bad[11].iqmp = other.iqmp;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(!rsa_private_init(&k, &bad[i], 0), "%zu", i);
        ck_assert_ptr_null(k.key);
    }
    vectors_close(v);
}
END_TEST

/* d mod (prime - 1) */
static struct bytes remainder_of(struct bytes d, struct bytes prime, uint8_t out[RSA_LEN_MAX])
{
    BIGNUM *number = BN_bin2bn(d.at, (int)d.len, NULL);
    BIGNUM *less_one = BN_bin2bn(prime.at, (int)prime.len, NULL);
    BN_CTX *scratch = BN_CTX_new();
    struct bytes remainder = {out, prime.len};

    ck_assert_int_eq(BN_sub_word(less_one, 1), 1);
    ck_assert_int_eq(BN_mod(number, number, less_one, scratch), 1);
    ck_assert_int_eq(BN_bn2binpad(number, out, (int)prime.len), (int)prime.len);
    BN_CTX_free(scratch);
    BN_free(less_one);
    BN_free(number);
    return remainder;
}

START_TEST(remainders_that_are_given_must_be_right)
{
    struct vectors *v = vectors_open("rsa.txt");
    struct rsa_numbers given = numbers(v, 1);
    uint8_t dmp1[RSA_LEN_MAX], dmq1[RSA_LEN_MAX];
    struct rsa_key k;

    given.dmp1 = remainder_of(given.d, given.p, dmp1);
    given.dmq1 = remainder_of(given.d, given.q, dmq1);
    ck_assert(rsa_private_init(&k, &given, 0));
    rsa_clear(&k);
    for (int i = 0; i < 2; i++) {
        uint8_t *last = (i == 0 ? dmp1 : dmq1) + given.p.len - 1;

        *last ^= 1;
        ck_assert(!rsa_private_init(&k, &given, 0));
        *last ^= 1;
    }
    vectors_close(v);
}
END_TEST

/* The set's "acceptable" signatures lack the NULL in DigestInfo, which RFC 8332 requires: refused.
 */
static bool wycheproof_rsa(struct json *group, struct json *test, const void *context)
{
    struct json *public = json_get(group, "publicKey");
    struct rsa_key k;

    ck_assert(
        rsa_public_init(&k, json_hex(public, "modulus"), json_hex(public, "publicExponent"), 2048));
    wycheproof_verdict(test, rsa_verify(&k, context, json_hex(test, "msg"), json_hex(test, "sig")),
                       false);
    rsa_clear(&k);
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("rsa_signature_2048_sha256_test.json", wycheproof_rsa, &hash_sha256);
    wycheproof("rsa_signature_2048_sha512_test.json", wycheproof_rsa, &hash_sha512);
    wycheproof("rsa_signature_3072_sha256_test.json", wycheproof_rsa, &hash_sha256);
    wycheproof("rsa_signature_3072_sha512_test.json", wycheproof_rsa, &hash_sha512);
    wycheproof("rsa_signature_4096_sha256_test.json", wycheproof_rsa, &hash_sha256);
    wycheproof("rsa_signature_4096_sha512_test.json", wycheproof_rsa, &hash_sha512);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_signatures_match_and_verify);
    add_test(suite, a_signature_of_anything_else_is_refused);
    add_test(suite, moduli_of_the_wrong_size_are_refused);
    add_test(suite, unusable_public_numbers_are_refused);
    add_test(suite, inconsistent_private_numbers_are_refused);
    add_test(suite, remainders_that_are_given_must_be_right);
    add_test(suite, wycheproof_agrees);
}
