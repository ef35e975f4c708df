#include "crypto/ed25519.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

START_TEST(known_keys_and_signatures_match)
{
    struct vectors *v = vectors_open("ed25519.txt");
    uint8_t pub[ED25519_PUBLIC_LEN], sig[ED25519_SIGNATURE_LEN];

    ck_assert_uint_eq(vectors_count(v, "seed"), 5);
    for (size_t i = 0; i < vectors_count(v, "seed"); i++) {
        struct bytes seed = vectors_nth(v, "seed", i), message = vectors_nth(v, "message", i);

        ed25519_public(pub, seed.at);
        assert_bytes(BYTES_OF_ARRAY(pub), vectors_nth(v, "public", i));
        ck_assert(ed25519_sign(sig, seed.at, pub, message));
        assert_bytes(BYTES_OF_ARRAY(sig), vectors_nth(v, "signature", i));
        ck_assert(ed25519_verify(sig, pub, message));
    }
    vectors_close(v);
}
END_TEST

START_TEST(any_flipped_bit_is_refused)
{
    const uint8_t seed[ED25519_SEED_LEN] = {5};
    uint8_t pub[ED25519_PUBLIC_LEN], sig[ED25519_SIGNATURE_LEN], message[] = "message";

    ed25519_public(pub, seed);
    ck_assert(ed25519_sign(sig, seed, pub, BYTES_OF_ARRAY(message)));
    for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
        sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!ed25519_verify(sig, pub, BYTES_OF_ARRAY(message)));
        sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof pub; bit++) {
        pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!ed25519_verify(sig, pub, BYTES_OF_ARRAY(message)));
        pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    message[0] ^= 1;
    ck_assert(!ed25519_verify(sig, pub, BYTES_OF_ARRAY(message)));
    ck_assert(!ed25519_verify(sig, pub, (struct bytes){message, 3}));
}
END_TEST

/* The neutral element as key and as R, with S = 0, is a signature of every message where small
 * order is accepted. */
START_TEST(a_key_of_small_order_is_refused)
{
    const uint8_t pub[ED25519_PUBLIC_LEN] = {1}, sig[ED25519_SIGNATURE_LEN] = {1};

    ck_assert(!ed25519_verify(sig, pub, bytes_of("anything")));
}
END_TEST

static bool wycheproof_eddsa(struct json *group, struct json *test, const void *context)
{
    struct bytes pub = json_hex(json_get(group, "publicKey"), "pk"), sig = json_hex(test, "sig");

    (void)context;
    ck_assert_uint_eq(pub.len, ED25519_PUBLIC_LEN);
    wycheproof_verdict(test,
                       sig.len == ED25519_SIGNATURE_LEN &&
                           ed25519_verify(sig.at, pub.at, json_hex(test, "msg")),
                       false);
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("ed25519_test.json", wycheproof_eddsa, NULL);
}
END_TEST

/* By the set's flags, what ed25519_verify refuses. */
static bool strictly_valid(struct json *test)
{
    return !json_has(test, "flags", "low_order_A") && !json_has(test, "flags", "low_order_R") &&
           !json_has(test, "flags", "non_canonical_A") &&
           !json_has(test, "flags", "non_canonical_R") &&
           !json_has(test, "flags", "low_order_residue");
}

START_TEST(edge_cases_follow_the_strict_rules)
{
    struct json *root = json_open_shared("ed25519/ed25519vectors.json");
    size_t cases = 0;

    for (struct json *t = json_first(root); t != NULL; t = json_next(t)) {
        struct bytes message = bytes_of(json_text(json_get(t, "msg")));

        ck_assert_msg(ed25519_verify(json_hex(t, "sig").at, json_hex(t, "key").at, message) ==
                          strictly_valid(t),
                      "number %d", (int)json_number(json_get(t, "number")));
        cases++;
    }
    vectors_report("ed25519/ed25519vectors.json", cases);
    json_free(root);
}
END_TEST

START_TEST(copies_of_the_seed_are_wiped)
{
    const uint8_t seed[ED25519_SEED_LEN] = {5};
    uint8_t both[ED25519_SEED_LEN + ED25519_PUBLIC_LEN] = {5};
    uint8_t *pub = both + ED25519_SEED_LEN, sig[ED25519_SIGNATURE_LEN];

    for (int sign = 0; sign < 2; sign++) {
        wiped_record();
        if (sign)
            ck_assert(ed25519_sign(sig, seed, pub, bytes_of("message")));
        else
            ed25519_public(pub, seed);
        assert_wiped(sizeof both, 1);
        ck_assert(wiped_exactly(BYTES_OF_ARRAY(both)));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_keys_and_signatures_match);
    add_test(suite, any_flipped_bit_is_refused);
    add_test(suite, a_key_of_small_order_is_refused);
    add_test(suite, wycheproof_agrees);
    add_test(suite, edge_cases_follow_the_strict_rules);
    add_test(suite, copies_of_the_seed_are_wiped);
}
