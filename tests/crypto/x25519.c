#include "crypto/x25519.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"

START_TEST(known_products_match)
{
    struct vectors *v = vectors_open("x25519.txt");
    uint8_t out[X25519_LEN];

    for (size_t i = 0; i < 2; i++) {
        ck_assert(x25519_shared(out, vectors_nth(v, "scalar", i).at, vectors_nth(v, "u", i).at));
        assert_bytes(BYTES_OF_ARRAY(out), vectors_nth(v, "output", i));
    }
    vectors_close(v);
}
END_TEST

/* RFC 7748 section 5.2: k and u start as 9; each iteration sets k to the product and u to the old
 * k. */
START_TEST(a_thousand_iterations_match)
{
    struct vectors *v = vectors_open("x25519.txt");
    uint8_t k[X25519_LEN] = {9}, u[X25519_LEN] = {9}, out[X25519_LEN];

    for (int i = 1; i <= 1000; i++) {
        ck_assert(x25519_shared(out, k, u));
        memcpy(u, k, sizeof u);
        memcpy(k, out, sizeof k);
        if (i == 1)
            assert_bytes(BYTES_OF_ARRAY(k), vectors_get(v, "after 1"));
    }
    assert_bytes(BYTES_OF_ARRAY(k), vectors_get(v, "after 1000"));
    vectors_close(v);
}
END_TEST

START_TEST(alice_and_bob_agree)
{
    struct vectors *v = vectors_open("x25519.txt");
    struct bytes a = vectors_get(v, "alice private"), b = vectors_get(v, "bob private");
    uint8_t pub_a[X25519_LEN], pub_b[X25519_LEN], shared[X25519_LEN];

    ck_assert(x25519_public(pub_a, a.at));
    ck_assert(x25519_public(pub_b, b.at));
    assert_bytes(BYTES_OF_ARRAY(pub_a), vectors_get(v, "alice public"));
    assert_bytes(BYTES_OF_ARRAY(pub_b), vectors_get(v, "bob public"));
    ck_assert(x25519_shared(shared, a.at, pub_b));
    assert_bytes(BYTES_OF_ARRAY(shared), vectors_get(v, "shared"));
    ck_assert(x25519_shared(shared, b.at, pub_a));
    assert_bytes(BYTES_OF_ARRAY(shared), vectors_get(v, "shared"));
    vectors_close(v);
}
END_TEST

/* The points of small order: 0, 1, two of order 8, p - 1, and p and p + 1, unreduced; each also
 * with the top bit set, which RFC 7748 ignores. */
START_TEST(points_of_small_order_are_refused)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const uint8_t zeros[X25519_LEN] = {0};
    const uint8_t secret[X25519_LEN] = {42};
    uint8_t peer[X25519_LEN], out[X25519_LEN];

    for (size_t i = 0; i < 2 * sizeof points / sizeof points[0]; i++) {
        ck_assert_uint_eq(unhex(peer, sizeof peer, points[i / 2]), sizeof peer);
        peer[31] |= (uint8_t)(i % 2 << 7);
        memset(out, 0xaa, sizeof out);
        ck_assert(!x25519_shared(out, secret, peer));
        ck_assert_mem_eq(out, zeros, sizeof out);
    }
}
END_TEST

/* A point that may be refused is one whose product is zero; RFC 8731 section 3 requires refusing
 * it. */
static bool wycheproof_xdh(struct json *group, struct json *test, const void *context)
{
    uint8_t out[X25519_LEN];
    bool accepted = x25519_shared(out, json_hex(test, "private").at, json_hex(test, "public").at);

    (void)group;
    (void)context;
    wycheproof_verdict(test, accepted, !json_has(test, "flags", "ZeroSharedSecret"));
    if (accepted)
        assert_bytes(BYTES_OF_ARRAY(out), json_hex(test, "shared"));
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("x25519_test.json", wycheproof_xdh, NULL);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_products_match);
    add_test(suite, a_thousand_iterations_match);
    add_test(suite, alice_and_bob_agree);
    add_test(suite, points_of_small_order_are_refused);
    add_test(suite, wycheproof_agrees);
}
