#include "crypto/ecdh.h"
#include "tests/support/suite.h"

#include <stdio.h>

#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

static const struct ec_curve *const curves[] = {&ec_nistp256, &ec_nistp384, &ec_nistp521};

enum {
    CURVES = sizeof curves / sizeof curves[0],
};

static struct bytes value(struct vectors *v, const struct ec_curve *curve, const char *name)
{
    char full[32];

    snprintf(full, sizeof full, "%s %s", curve->name, name);
    return vectors_get(v, full);
}

static void assert_agreement(struct vectors *v, const struct ec_curve *curve, const char *mine,
                             const char *my_point, const char *peer_point)
{
    uint8_t point[EC_POINT_LEN_MAX], shared[EC_LEN_MAX];
    struct ecdh e;

    ck_assert_uint_eq(value(v, curve, mine).len, curve->len);
    ck_assert(ecdh_from_secret(&e, curve, value(v, curve, mine).at, point));
    assert_bytes((struct bytes){point, curve->point_len}, value(v, curve, my_point));
    ck_assert(ecdh_shared(&e, value(v, curve, peer_point), shared));
    assert_bytes((struct bytes){shared, curve->len}, value(v, curve, "gir"));
    ecdh_clear(&e);
}

START_TEST(both_sides_of_the_known_answers_agree)
{
    struct vectors *v = vectors_open("ecdh.txt");

    for (size_t i = 0; i < CURVES; i++) {
        assert_agreement(v, curves[i], "i", "gi", "gr");
        assert_agreement(v, curves[i], "r", "gr", "gi");
    }
    vectors_close(v);
}
END_TEST

START_TEST(generated_keys_agree_and_follow_the_random_source)
{
    const uint8_t seed[32] = {1};
    uint8_t pub_a[EC_POINT_LEN_MAX], pub_b[EC_POINT_LEN_MAX], again[EC_POINT_LEN_MAX];
    uint8_t shared_a[EC_LEN_MAX], shared_b[EC_LEN_MAX];
    struct random_seeded state;
    struct random_source random;
    struct ecdh a, b;

    for (size_t i = 0; i < CURVES; i++) {
        struct bytes view_a = {pub_a, curves[i]->point_len}, view_b = {pub_b, view_a.len};

        random = random_from_seed(&state, seed);
        ck_assert(ecdh_generate(&a, curves[i], &random, pub_a));
        ck_assert(ecdh_generate(&b, curves[i], &random, pub_b));
        ck_assert(!bytes_equal(view_a, view_b));
        ck_assert(ecdh_shared(&a, view_b, shared_a));
        ck_assert(ecdh_shared(&b, view_a, shared_b));
        ck_assert_mem_eq(shared_a, shared_b, curves[i]->len);
        ecdh_clear(&a);
        ecdh_clear(&b);
        random = random_from_seed(&state, seed);
        ck_assert(ecdh_generate(&a, curves[i], &random, again));
        ck_assert_mem_eq(again, pub_a, curves[i]->point_len);
        ecdh_clear(&a);
    }
}
END_TEST

/* Points from the peer that must be refused; `point` is a valid one to damage. */
static void assert_refusals(const struct ecdh *e, uint8_t *point)
{
    static const uint8_t zeros[EC_LEN_MAX];
    size_t len = e->curve->point_len, half = e->curve->len;
    uint8_t shared[EC_LEN_MAX] = {1}, copy[EC_POINT_LEN_MAX];

    ck_assert(!ecdh_shared(e, (struct bytes){NULL, 0}, shared));
    ck_assert_mem_eq(shared, zeros, half);
    ck_assert(!ecdh_shared(e, (struct bytes){zeros, 1}, shared)); /* infinity */
    ck_assert(!ecdh_shared(e, (struct bytes){point, len - 1}, shared));
    for (unsigned form = 0; form < 256; form++) {
        point[0] = (uint8_t)form;
        ck_assert(ecdh_shared(e, (struct bytes){point, len}, shared) == (form == 4));
        ck_assert(!ecdh_shared(e, (struct bytes){point, 1 + half}, shared)); /* compressed */
    }
    point[0] = 4;
    memcpy(copy, point, len);
    copy[len - 1] ^= 1; /* not on the curve */
    ck_assert(!ecdh_shared(e, (struct bytes){copy, len}, shared));
    memset(copy + 1, 0, len - 1); /* (0, 0) */
    ck_assert(!ecdh_shared(e, (struct bytes){copy, len}, shared));
    memset(copy + 1, 0xff, len - 1); /* coordinates above the field's prime */
    ck_assert(!ecdh_shared(e, (struct bytes){copy, len}, shared));
    ck_assert_mem_eq(shared, zeros, half);
}

START_TEST(invalid_points_are_refused)
{
    uint8_t point[EC_POINT_LEN_MAX];
    struct ecdh e;

    for (size_t i = 0; i < CURVES; i++) {
        ck_assert(ecdh_generate(&e, curves[i], &random_system, point));
        assert_refusals(&e, point);
        ecdh_clear(&e);
        ecdh_clear(&e);
        ck_assert(!ecdh_shared(&e, (struct bytes){point, curves[i]->point_len}, point));
    }
}
END_TEST

START_TEST(secrets_out_of_range_are_refused)
{
    uint8_t secret[EC_LEN_MAX], point[EC_POINT_LEN_MAX];
    struct ecdh e;

    for (size_t i = 0; i < CURVES; i++) {
        memset(secret, 0, sizeof secret);
        ck_assert(!ecdh_from_secret(&e, curves[i], secret, point));
        memset(secret, 0xff, sizeof secret);
        ck_assert(!ecdh_from_secret(&e, curves[i], secret, point));
        memset(secret, 0, sizeof secret);
        secret[curves[i]->len - 1] = 1;
        ck_assert(ecdh_from_secret(&e, curves[i], secret, point));
        ecdh_clear(&e);
    }
}
END_TEST

/* The set's private keys may be shorter or have leading zeros. */
static bool wycheproof_secret(struct json *test, const struct ec_curve *curve, uint8_t *secret)
{
    struct bytes number = bytes_without_zeros(json_hex(test, "private"));

    memset(secret, 0, curve->len);
    if (number.len > curve->len)
        return false;
    memcpy(secret + curve->len - number.len, number.at, number.len);
    return true;
}

static bool wycheproof_ecdh(struct json *group, struct json *test, const void *context)
{
    const struct ec_curve *curve = context;
    uint8_t secret[EC_LEN_MAX], point[EC_POINT_LEN_MAX], shared[EC_LEN_MAX];
    struct bytes peer = json_hex(test, "public");
    struct ecdh e;
    bool accepted;

    (void)group;
    if (json_has(test, "flags", "CompressedPoint") || json_has(test, "flags", "CompressedPublic"))
        return false; /* a form that we always refuse */
    ck_assert(wycheproof_secret(test, curve, secret));
    ck_assert(ecdh_from_secret(&e, curve, secret, point));
    accepted = ecdh_shared(&e, peer, shared);
    ecdh_clear(&e);
    wycheproof_verdict(test, accepted, false);
    if (accepted)
        assert_bytes((struct bytes){shared, curve->len}, json_hex(test, "shared"));
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("ecdh_secp256r1_ecpoint_test.json", wycheproof_ecdh, &ec_nistp256);
    wycheproof("ecdh_secp384r1_ecpoint_test.json", wycheproof_ecdh, &ec_nistp384);
    wycheproof("ecdh_secp521r1_ecpoint_test.json", wycheproof_ecdh, &ec_nistp521);
}
END_TEST

START_TEST(clearing_wipes_the_secret_and_nothing_else)
{
    uint8_t secret[EC_LEN_MAX] = {0, 7}, pub[EC_POINT_LEN_MAX];
    struct ecdh e;

    ck_assert(ecdh_from_secret(&e, &ec_nistp521, secret, pub));
    wiped_record();
    ecdh_clear(&e);
    assert_wiped(EC_LEN_MAX, 1);
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(secret)));
    ck_assert_ptr_eq(e.curve, &ec_nistp521);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, both_sides_of_the_known_answers_agree);
    add_test(suite, generated_keys_agree_and_follow_the_random_source);
    add_test(suite, invalid_points_are_refused);
    add_test(suite, secrets_out_of_range_are_refused);
    add_test(suite, wycheproof_agrees);
    add_test(suite, clearing_wipes_the_secret_and_nothing_else);
}
