#include "tests/support/suite.h"

START_TEST(big_endian_integers_are_stored_most_significant_first)
{
    uint8_t wire[8];

    store_u32(wire, 0x01020304);
    assert_bytes((struct bytes){wire, 4}, bytes_of("\x01\x02\x03\x04"));
    ck_assert_uint_eq(load_u32(wire), 0x01020304);
    store_u64(wire, 0x8182838485868788);
    assert_bytes((struct bytes){wire, 8}, bytes_of("\x81\x82\x83\x84\x85\x86\x87\x88"));
    ck_assert(load_u64(wire) == 0x8182838485868788);
}
END_TEST

START_TEST(little_endian_integers_are_stored_least_significant_first)
{
    uint8_t wire[8];

    store_u32_le(wire, 0xf1020304);
    assert_bytes((struct bytes){wire, 4}, bytes_of("\x04\x03\x02\xf1"));
    ck_assert_uint_eq(load_u32_le(wire), 0xf1020304);
    store_u64_le(wire, 0x8182838485868788);
    assert_bytes((struct bytes){wire, 8}, bytes_of("\x88\x87\x86\x85\x84\x83\x82\x81"));
    ck_assert(load_u64_le(wire) == 0x8182838485868788);
}
END_TEST

START_TEST(views_compare_by_length_and_content)
{
    struct bytes empty = {NULL, 0};

    ck_assert(bytes_are(bytes_of("abc"), "abc"));
    ck_assert(!bytes_are(bytes_of("abcd"), "abc"));
    ck_assert(!bytes_are(bytes_of("ab"), "abc"));
    ck_assert(!bytes_are(bytes_of("abd"), "abc"));
    ck_assert(bytes_are(empty, ""));
    ck_assert(bytes_equal(empty, bytes_of("")));
    ck_assert(!bytes_equal(empty, bytes_of("x")));
}
END_TEST

START_TEST(a_star_matches_any_run_and_a_question_mark_one_byte)
{
    static const struct {
        const char *pattern, *text;
        bool matches, folded; /* ... with letters in either case */
    } cases[] = {
        {"", "", true, true},
        {"", "a", false, false},
        {"*", "", true, true},
        {"*", "abc", true, true},
        {"?", "", false, false},
        {"a?c", "abc", true, true},
        {"a?c", "ac", false, false},
        {"*sha1*", "hmac-sha1-etm", true, true},
        {"*sha1", "hmac-sha1-etm", false, false},
        {"*ab", "aab", true, true},
        {"a*b*c", "a-b-b-c", true, true},
        {"a*b*c", "a-c-b", false, false},
        {"**", "x", true, true},
        {"*.Example.com", "www.example.COM", false, true},
        {"[", "{", false, false}, /* these differ in the bit that makes letters large or small */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes pattern = bytes_of(cases[i].pattern), text = bytes_of(cases[i].text);

        ck_assert_msg(bytes_match(pattern, text, false) == cases[i].matches, "case %zu", i);
        ck_assert_msg(bytes_match(pattern, text, true) == cases[i].folded, "case %zu folded", i);
    }
}
END_TEST

START_TEST(wipe_leaves_zeros_and_touches_nothing_else)
{
    uint8_t secret[4] = {1, 2, 3, 4};

    wipe(secret + 1, 2);
    assert_bytes(BYTES_OF_ARRAY(secret), (struct bytes){(const uint8_t *)"\1\0\0\4", 4});
    wipe(secret, 0);
    ck_assert_uint_eq(secret[0], 1);
}
END_TEST

START_TEST(secrets_differ_by_any_bit)
{
    uint8_t a[32] = {0}, b[32] = {0};

    ck_assert(secrets_equal(a, b, sizeof a));
    ck_assert(secrets_equal(a, b, 0));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] = (uint8_t)(1 << bit % 8);
        ck_assert(!secrets_equal(a, b, sizeof a));
        b[bit / 8] = 0;
    }
}
END_TEST

START_TEST(choosing_gives_one_or_the_other)
{
    const uint8_t a[3] = {1, 2, 0xff}, b[3] = {0x80, 2, 0};
    uint8_t out[3] = {0}, in_place[3] = {1, 2, 0xff};

    secrets_choose(out, true, a, b, sizeof out);
    ck_assert_mem_eq(out, a, sizeof out);
    secrets_choose(out, false, a, b, sizeof out);
    ck_assert_mem_eq(out, b, sizeof out);
    secrets_choose(in_place, true, in_place, b, sizeof out);
    ck_assert_mem_eq(in_place, a, sizeof out);
    secrets_choose(in_place, false, in_place, b, sizeof out);
    ck_assert_mem_eq(in_place, b, sizeof out);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, big_endian_integers_are_stored_most_significant_first);
    add_test(suite, little_endian_integers_are_stored_least_significant_first);
    add_test(suite, views_compare_by_length_and_content);
    add_test(suite, a_star_matches_any_run_and_a_question_mark_one_byte);
    add_test(suite, wipe_leaves_zeros_and_touches_nothing_else);
    add_test(suite, secrets_differ_by_any_bit);
    add_test(suite, choosing_gives_one_or_the_other);
}
