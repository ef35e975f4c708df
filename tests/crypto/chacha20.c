#include "crypto/chacha20.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

enum {
    LONG = 4096, /* bytes: more than any length at which the implementation changes */
};

START_TEST(known_answers_match)
{
    struct vectors *v = vectors_open("chacha20.txt");
    uint8_t data[LONG];
    struct chacha20 c;

    ck_assert_uint_eq(vectors_count(v, "key"), 8);
    for (size_t i = 0; i < vectors_count(v, "key"); i++) {
        struct bytes input = vectors_nth(v, "input", i);

        memcpy(data, input.at, input.len);
        ck_assert(chacha20_init(&c, vectors_nth(v, "key", i).at));
        ck_assert(chacha20_xor(&c, load_u64(vectors_nth(v, "nonce", i).at),
                               load_u64(vectors_nth(v, "counter", i).at), data, input.len));
        assert_bytes((struct bytes){data, input.len}, vectors_nth(v, "output", i));
        chacha20_clear(&c);
    }
    vectors_close(v);
}
END_TEST

/* The reference for the tests below: one block at a time, so always libsodium. */
static void xor_by_blocks(const uint8_t key[CHACHA20_KEY_LEN], uint64_t nonce, uint64_t counter,
                          uint8_t *data, size_t len)
{
    struct chacha20 c;

    chacha20_init(&c, key);
    for (size_t at = 0; at < len; at += 64)
        chacha20_xor(&c, nonce, counter + at / 64, data + at, len - at < 64 ? len - at : 64);
    chacha20_clear(&c);
}

START_TEST(every_length_gives_the_same_keystream)
{
    const uint8_t key[CHACHA20_KEY_LEN] = {1, 2, 3};
    static uint8_t expected[LONG], data[LONG];
    struct chacha20 fresh, used;

    xor_by_blocks(key, 0x1122334455667788, 1, expected, sizeof expected);
    chacha20_init(&used, key);
    chacha20_xor(&used, 1, 0, data, sizeof data); /* creates the context for long messages */
    for (size_t len = 0; len <= sizeof data; len += len < 300 ? 1 : 61) {
        memset(data, 0, sizeof data);
        chacha20_init(&fresh, key);
        ck_assert(chacha20_xor(&fresh, 0x1122334455667788, 1, data, len));
        ck_assert_mem_eq(data, expected, len);
        ck_assert(chacha20_xor(&used, 0x1122334455667788, 1, data, len));
        for (size_t i = 0; i < sizeof data; i++)
            ck_assert_uint_eq(data[i], 0);
        chacha20_clear(&fresh);
    }
    chacha20_clear(&used);
}
END_TEST

/* The counter has 64 bits: its lower half carries into its upper half. */
START_TEST(the_counter_carries_past_32_bits)
{
    const uint8_t key[CHACHA20_KEY_LEN] = {9};
    static uint8_t expected[LONG], data[LONG];
    const uint64_t counters[] = {0xfffffffe, 0xfffffff0, 0x1fffffffd, 0xfffffffffffffff0};
    struct chacha20 c;

    chacha20_init(&c, key);
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        memset(expected, 0, sizeof expected);
        memset(data, 0, sizeof data);
        xor_by_blocks(key, 7, counters[i], expected, sizeof expected);
        ck_assert(chacha20_xor(&c, 7, counters[i], data, sizeof data));
        ck_assert_mem_eq(data, expected, sizeof data);
    }
    chacha20_clear(&c);
}
END_TEST

START_TEST(clearing_wipes_the_key_and_may_be_repeated)
{
    static const struct chacha20 zeros;
    const uint8_t key[CHACHA20_KEY_LEN] = {9};
    static uint8_t data[LONG];
    struct chacha20 c;

    chacha20_init(&c, key);
    chacha20_xor(&c, 0, 0, data, sizeof data);
    chacha20_clear(&c);
    ck_assert_mem_eq(c.key, zeros.key, sizeof c.key);
    ck_assert_ptr_null(c.large);
    chacha20_clear(&c);
}
END_TEST

START_TEST(clearing_wipes_the_struct_and_nothing_else)
{
    const uint8_t key[32] = {1};
    struct {
        struct chacha20 c;
        uint8_t after;
    } s = {.after = 1};

    ck_assert(chacha20_init(&s.c, key));
    wiped_record();
    chacha20_clear(&s.c);
    assert_wiped(sizeof s.c, 1);
    ck_assert_uint_eq(s.after, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match);
    add_test(suite, every_length_gives_the_same_keystream);
    add_test(suite, the_counter_carries_past_32_bits);
    add_test(suite, clearing_wipes_the_key_and_may_be_repeated);
    add_test(suite, clearing_wipes_the_struct_and_nothing_else);
}
