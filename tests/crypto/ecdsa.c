#include "crypto/ecdsa.h"
#include "tests/support/suite.h"

#include <stdio.h>

#include "crypto/ecdsa_nonce.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

static const struct ec_curve *const curves[] = {&ec_nistp256, &ec_nistp384, &ec_nistp521};

/* The group orders: FIPS 186-4 appendix D.1.2. */
static const char *const orders[] = {
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196a"
    "ccc52973",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc"
    "0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
};

enum {
    CURVES = sizeof curves / sizeof curves[0],
};

static struct bytes value(struct vectors *v, const struct ec_curve *curve, const char *name,
                          size_t nth)
{
    char full[32];

    snprintf(full, sizeof full, "%s %s", curve->name, name);
    return vectors_nth(v, full, nth);
}

START_TEST(nonces_match_the_rfc)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    uint8_t digest[HASH_MAX], nonce[EC_LEN_MAX], order[EC_LEN_MAX];

    for (size_t i = 0; i < CURVES; i++) {
        struct ecdsa_generator g = {.curve = curves[i], .order = order};
        unsigned usable = 0;

        ck_assert_uint_eq(unhex(order, sizeof order, orders[i]), curves[i]->len);
        for (size_t n = 0; n < 2; n++) {
            ck_assert(hash_of(curves[i]->hash, value(v, curves[i], "message", n), digest));
            ck_assert(ecdsa_generator_start(&g, value(v, curves[i], "private", 0).at, digest));
            ck_assert(ecdsa_generator_next(&g, nonce, &usable));
            ck_assert_uint_eq(usable, 1);
            assert_bytes((struct bytes){nonce, curves[i]->len}, value(v, curves[i], "k", n));
            memset(nonce, 0, sizeof nonce);
            ck_assert(
                ecdsa_nonce(curves[i], order, value(v, curves[i], "private", 0).at, digest, nonce));
            assert_bytes((struct bytes){nonce, curves[i]->len}, value(v, curves[i], "k", n));
        }
    }
    vectors_close(v);
}
END_TEST

/* A digest not below the order is reduced first, so it has the nonce of its remainder. */
START_TEST(a_digest_above_the_order_is_reduced)
{
    const uint8_t secret[EC_LEN_MAX] = {0, 7};
    uint8_t order[EC_LEN_MAX], digest[HASH_MAX] = {0};
    struct ecdsa_safe_nonce one, two;

    ck_assert_uint_eq(unhex(order, sizeof order, orders[0]), 32);
    ck_assert(ecdsa_safe_nonce(&ec_nistp256, order, secret, digest, &one));
    ck_assert(ecdsa_safe_nonce(&ec_nistp256, order, secret, order, &two));
    ck_assert_mem_eq(one.fixed, two.fixed, 33);
    ck_assert_mem_eq(one.blind, two.blind, 32);
}
END_TEST

/* The length in bits of what libcrypto gets is the same for the shortest and the longest nonce, and
 * modulo the order nothing changes. */
START_TEST(a_nonce_has_a_fixed_length)
{
    static const size_t bytes_of_nonce[] = {1, 2, 32, 0};

    for (size_t i = 0; i < CURVES; i++) {
        size_t len = curves[i]->len, top = len - curves[i]->order_bits / 8;
        uint8_t order[EC_LEN_MAX], nonce[EC_LEN_MAX], fixed[EC_LEN_MAX + 1];

        ck_assert_uint_eq(unhex(order, sizeof order, orders[i]), len);
        for (size_t n = 0; n < 4; n++) {
            uint8_t rest[EC_LEN_MAX + 1] = {0};
            unsigned times = 0;

            memcpy(nonce, order, len);
            nonce[len - 1]--; /* the longest, which bytes_of_nonce has as 0 */
            if (bytes_of_nonce[n] != 0) {
                memset(nonce, 0, len);
                nonce[len - bytes_of_nonce[n]] = 1;
            }
            ecdsa_fix_length(curves[i], order, nonce, fixed);
            ck_assert_int_eq(fixed[top] >> curves[i]->order_bits % 8, 1);
            for (size_t at = 0; at < top; at++)
                ck_assert_uint_eq(fixed[at], 0);
            memcpy(rest + 1, nonce, len);
            for (; memcmp(rest, fixed, len + 1) != 0 && times < 3; times++) {
                unsigned sum = 0;

                for (size_t at = len + 1; at-- > 0; sum >>= 8) {
                    sum += rest[at] + (at > 0 ? order[at - 1] : 0u);
                    rest[at] = (uint8_t)sum;
                }
            }
            ck_assert(times == 1 || times == 2);
        }
    }
}
END_TEST

START_TEST(a_rejected_candidate_is_followed_by_another)
{
    const uint8_t secret[EC_LEN_MAX] = {0, 7};
    uint8_t digest[HASH_MAX] = {0}, order[EC_LEN_MAX] = {1}; /* nearly every candidate is above */
    uint8_t one[EC_LEN_MAX], two[EC_LEN_MAX];
    struct ecdsa_generator g = {.curve = &ec_nistp256, .order = order};
    unsigned usable;

    ck_assert(ecdsa_generator_start(&g, secret, digest));
    ck_assert(ecdsa_generator_next(&g, one, &usable));
    ck_assert_uint_eq(usable, one[0] == 0);
    ck_assert(ecdsa_generator_reject(&g));
    ck_assert(ecdsa_generator_next(&g, two, &usable));
    ck_assert_mem_ne(one, two, 32);
    ck_assert(ecdsa_nonce(&ec_nistp256, order, secret, digest, one));
    ck_assert_uint_eq(one[0], 0); /* after 255 others, on average */
}
END_TEST

/* It is another one for each message, and is not the nonce. */
START_TEST(a_blind_belongs_to_one_nonce)
{
    const uint8_t secret[EC_LEN_MAX] = {0, 7};
    uint8_t order[EC_LEN_MAX], digest[HASH_MAX] = {0};
    struct ecdsa_safe_nonce one, two;

    for (size_t i = 0; i < CURVES; i++) {
        size_t len = curves[i]->hash->len;

        ck_assert_uint_eq(unhex(order, sizeof order, orders[i]), curves[i]->len);
        ck_assert(ecdsa_safe_nonce(curves[i], order, secret, digest, &one));
        digest[0] ^= 1;
        ck_assert(ecdsa_safe_nonce(curves[i], order, secret, digest, &two));
        ck_assert_mem_ne(one.blind, two.blind, len);
        ck_assert_mem_ne(one.fixed, two.fixed, curves[i]->len + 1);
        ck_assert_int_eq(
            one.fixed[curves[i]->len - curves[i]->order_bits / 8] >> curves[i]->order_bits % 8, 1);
        ck_assert_mem_ne(one.blind, one.fixed + 1, len);
    }
}
END_TEST

START_TEST(signatures_match_the_rfc)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    const struct bytes none = {NULL, 0};
    uint8_t point[EC_POINT_LEN_MAX], r[EC_LEN_MAX], s[EC_LEN_MAX];
    struct ecdsa_key k;

    for (size_t i = 0; i < CURVES; i++) {
        ck_assert(ecdsa_private_init(&k, curves[i], value(v, curves[i], "private", 0), none));
        ck_assert(ecdsa_public(&k, point));
        assert_bytes((struct bytes){point, curves[i]->point_len}, value(v, curves[i], "public", 0));
        for (size_t n = 0; n < 2; n++) {
            ck_assert(ecdsa_sign(&k, value(v, curves[i], "message", n), r, s));
            assert_bytes((struct bytes){r, curves[i]->len}, value(v, curves[i], "r", n));
            assert_bytes((struct bytes){s, curves[i]->len}, value(v, curves[i], "s", n));
        }
        ecdsa_clear(&k);
    }
    vectors_close(v);
}
END_TEST

START_TEST(a_public_key_verifies_and_does_not_sign)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    uint8_t r[EC_LEN_MAX], s[EC_LEN_MAX];
    struct ecdsa_key k;

    for (size_t i = 0; i < CURVES; i++) {
        const struct ec_curve *c = curves[i];

        ck_assert(ecdsa_public_init(&k, c, value(v, c, "public", 0)));
        ck_assert(ecdsa_verify(&k, bytes_of("test"), value(v, c, "r", 1), value(v, c, "s", 1)));
        ck_assert(!ecdsa_verify(&k, bytes_of("tesu"), value(v, c, "r", 1), value(v, c, "s", 1)));
        ck_assert(!ecdsa_verify(&k, bytes_of("test"), value(v, c, "r", 0), value(v, c, "s", 1)));
        ck_assert(!ecdsa_verify(&k, bytes_of("test"), value(v, c, "s", 1), value(v, c, "r", 1)));
        ck_assert(!ecdsa_sign(&k, bytes_of("test"), r, s));
        ecdsa_clear(&k);
        ecdsa_clear(&k);
        ck_assert(!ecdsa_verify(&k, bytes_of("test"), value(v, c, "r", 1), value(v, c, "s", 1)));
        ck_assert(!ecdsa_public(&k, r));
    }
    vectors_close(v);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    struct bytes r = value(v, &ec_nistp256, "r", 0), s = value(v, &ec_nistp256, "s", 0);
    uint8_t order[32], longer[80] = {0};
    const struct bytes zero = {longer, 1}, empty = {NULL, 0}, n = {order, 32};
    struct ecdsa_key k;

    ck_assert_uint_eq(unhex(order, sizeof order, orders[0]), 32);
    ck_assert(ecdsa_public_init(&k, &ec_nistp256, value(v, &ec_nistp256, "public", 0)));
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), zero, s));
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), r, zero));
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), empty, empty));
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), n, s));
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), r, n));
    memcpy(longer + 48, r.at, 32);
    ck_assert(ecdsa_verify(&k, bytes_of("sample"), BYTES_OF_ARRAY(longer), s));
    longer[0] = 1;
    ck_assert(!ecdsa_verify(&k, bytes_of("sample"), BYTES_OF_ARRAY(longer), s));
    ecdsa_clear(&k);
    vectors_close(v);
}
END_TEST

START_TEST(invalid_keys_are_refused)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    struct bytes scalar = value(v, &ec_nistp256, "private", 0);
    struct bytes point = value(v, &ec_nistp256, "public", 0), other;
    uint8_t order[32], zero[40] = {0}, longer[40] = {0};
    struct ecdsa_key k;

    ck_assert_uint_eq(unhex(order, sizeof order, orders[0]), 32);
    ck_assert(!ecdsa_private_init(&k, &ec_nistp256, (struct bytes){NULL, 0}, point));
    ck_assert(!ecdsa_private_init(&k, &ec_nistp256, BYTES_OF_ARRAY(zero), (struct bytes){0}));
    ck_assert(!ecdsa_private_init(&k, &ec_nistp256, BYTES_OF_ARRAY(order), (struct bytes){0}));
    memcpy(longer + 8, scalar.at, 32);
    ck_assert(ecdsa_private_init(&k, &ec_nistp256, BYTES_OF_ARRAY(longer), point));
    ecdsa_clear(&k);
    longer[0] = 1;
    ck_assert(!ecdsa_private_init(&k, &ec_nistp256, BYTES_OF_ARRAY(longer), point));
    other = value(v, &ec_nistp384, "public", 0);
    ck_assert(!ecdsa_private_init(&k, &ec_nistp256, scalar, other));
    ck_assert(!ecdsa_public_init(&k, &ec_nistp256, other));
    ck_assert(!ecdsa_public_init(&k, &ec_nistp256, (struct bytes){NULL, 0}));
    ck_assert(!ecdsa_public_init(&k, &ec_nistp256, (struct bytes){point.at, 33}));
    vectors_close(v);
}
END_TEST

static bool wycheproof_ecdsa(struct json *group, struct json *test, const void *context)
{
    const struct ec_curve *curve = context;
    struct bytes sig = json_hex(test, "sig");
    struct bytes point = json_hex(json_get(group, "publicKey"), "uncompressed");
    struct ecdsa_key k;

    ck_assert(ecdsa_public_init(&k, curve, point));
    wycheproof_verdict(test,
                       sig.len == 2 * curve->len &&
                           ecdsa_verify(&k, json_hex(test, "msg"),
                                        (struct bytes){sig.at, curve->len},
                                        (struct bytes){sig.at + curve->len, curve->len}),
                       false);
    ecdsa_clear(&k);
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("ecdsa_secp256r1_sha256_p1363_test.json", wycheproof_ecdsa, &ec_nistp256);
    wycheproof("ecdsa_secp384r1_sha384_p1363_test.json", wycheproof_ecdsa, &ec_nistp384);
    wycheproof("ecdsa_secp521r1_sha512_p1363_test.json", wycheproof_ecdsa, &ec_nistp521);
}
END_TEST

/* The state of the generator of nonces, the reduced digest, the nonce in each form, and the private
 * key. */
START_TEST(copies_of_the_key_and_the_nonce_are_wiped)
{
    struct vectors *v = vectors_open("ecdsa.txt");
    struct bytes secret = value(v, &ec_nistp521, "private", 0);
    uint8_t order[EC_LEN_MAX], digest[HASH_MAX] = {1}, nonce[EC_LEN_MAX];
    uint8_t r[EC_LEN_MAX], s[EC_LEN_MAX];
    struct ecdsa_key k;

    ck_assert_uint_eq(unhex(order, sizeof order, orders[2]), EC_LEN_MAX);
    wiped_record();
    ck_assert(ecdsa_nonce(&ec_nistp521, order, secret.at, digest, nonce));
    assert_wiped(sizeof(struct ecdsa_generator), 1);
    assert_wiped(EC_LEN_MAX, 1);
    ck_assert(ecdsa_private_init(&k, &ec_nistp521, secret, (struct bytes){NULL, 0}));
    wiped_record();
    ck_assert(ecdsa_sign(&k, bytes_of("message"), r, s));
    assert_wiped(sizeof(struct ecdsa_generator), 1);
    assert_wiped(sizeof(struct ecdsa_safe_nonce), 1);
    assert_wiped(EC_LEN_MAX, 3);
    assert_wiped(EC_LEN_MAX + 1, 2);
    ck_assert(wiped_exactly(secret));
    ecdsa_clear(&k);
    vectors_close(v);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, nonces_match_the_rfc);
    add_test(suite, a_nonce_has_a_fixed_length);
    add_test(suite, a_rejected_candidate_is_followed_by_another);
    add_test(suite, a_blind_belongs_to_one_nonce);
    add_test(suite, a_digest_above_the_order_is_reduced);
    add_test(suite, signatures_match_the_rfc);
    add_test(suite, a_public_key_verifies_and_does_not_sign);
    add_test(suite, numbers_out_of_range_are_refused);
    add_test(suite, invalid_keys_are_refused);
    add_test(suite, wycheproof_agrees);
    add_test(suite, copies_of_the_key_and_the_nonce_are_wiped);
}
