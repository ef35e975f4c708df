#include "crypto/random.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

static const uint8_t seed[32] = {1, 2, 3};

START_TEST(the_system_source_fills_every_byte_and_never_repeats)
{
    static const size_t lengths[] = {1, 16, 64, 65, 300};
    uint8_t a[300], b[300];

    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        size_t len = lengths[l];
        bool filled[300] = {false};

        for (int round = 0; round < 32; round++) {
            memset(a, 0, sizeof a);
            random_fill(&random_system, a, len);
            for (size_t i = 0; i < len; i++)
                filled[i] = filled[i] || a[i] != 0;
            for (size_t i = len; i < sizeof a; i++)
                ck_assert_uint_eq(a[i], 0);
        }
        for (size_t i = 0; i < len; i++)
            ck_assert(filled[i]);
        random_fill(&random_system, b, len);
        if (len >= 16)
            ck_assert_mem_ne(a, b, len);
    }
    random_fill(&random_system, NULL, 0);
}
END_TEST

START_TEST(the_same_seed_and_calls_give_the_same_bytes)
{
    struct random_seeded one, two;
    struct random_source a = random_from_seed(&one, seed), b = random_from_seed(&two, seed);
    uint8_t x[100], y[100];

    for (size_t len = 0; len <= sizeof x; len++) {
        random_fill(&a, x, len);
        random_fill(&b, y, len);
        assert_bytes((struct bytes){x, len}, (struct bytes){y, len});
    }
}
END_TEST

START_TEST(each_fill_of_a_seeded_source_differs)
{
    struct random_seeded state;
    struct random_source source = random_from_seed(&state, seed);
    uint8_t x[32], y[32];

    random_fill(&source, x, sizeof x);
    random_fill(&source, y, sizeof y);
    ck_assert_mem_ne(x, y, sizeof x);
}
END_TEST

/* RFC 8439 appendix A.1, test vectors 1 and 2: key zero, nonce zero, blocks 0 and 1. */
START_TEST(the_first_fill_is_the_chacha20_keystream)
{
    static const uint8_t zero[32] = {0};
    static const uint8_t block_0[8] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90};
    static const uint8_t block_1[8] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
    struct random_seeded state;
    struct random_source source = random_from_seed(&state, zero);
    uint8_t out[128];

    random_fill(&source, out, sizeof out);
    ck_assert_mem_eq(out, block_0, sizeof block_0);
    ck_assert_mem_eq(out + 64, block_1, sizeof block_1);
}
END_TEST

START_TEST(a_stream_does_not_depend_on_the_lengths_of_fills)
{
    struct random_seeded one_seed, two_seed;
    struct random_source one_source = random_from_seed(&one_seed, seed);
    struct random_source two_source = random_from_seed(&two_seed, seed);
    struct random_stream one, two;
    struct random_source a = random_stream_from(&one, &one_source);
    struct random_source b = random_stream_from(&two, &two_source);
    uint8_t x[3000], y[3000];

    random_fill(&a, x, sizeof x);
    for (size_t at = 0, n = 0; at < sizeof y; at += n) {
        n = n % 37 + 1;
        n = n < sizeof y - at ? n : sizeof y - at;
        random_fill(&b, y + at, n);
    }
    ck_assert_mem_eq(x, y, sizeof x);
    for (size_t at = 480; at + 16 < sizeof x; at += 480)
        ck_assert_mem_ne(x, x + at, 16);
}
END_TEST

START_TEST(a_stream_wipes_its_past_output)
{
    static const uint8_t none[100] = {0};
    struct random_stream state;
    struct random_source source = random_stream_from(&state, &random_system);
    uint8_t out[100];

    random_fill(&source, out, sizeof out);
    ck_assert_mem_eq(state.block + sizeof state.block - state.left - sizeof out, none, sizeof out);
}
END_TEST

START_TEST(seeds_and_past_keys_are_wiped)
{
    uint8_t out[RANDOM_STREAM_BLOCK];
    struct random_stream state;
    struct random_source source;

    wiped_record();
    random_fill(&random_system, out, 64); /* directly from the system */
    assert_wiped(32, 0);
    random_fill(&random_system, out, sizeof out);
    assert_wiped(32, 1); /* the seed that was expanded */
    source = random_stream_from(&state, &random_system);
    wiped_record();
    random_fill(&source, out, sizeof out - 32 + 1); /* one byte more than a block has */
    assert_wiped(32, 1);                            /* the key of the next block */
    wiped_record();
    random_fill(&source, out, 100);
    assert_wiped(100, 1);
    ck_assert(wiped_exactly((struct bytes){out, 100}));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_system_source_fills_every_byte_and_never_repeats);
    add_test(suite, the_same_seed_and_calls_give_the_same_bytes);
    add_test(suite, each_fill_of_a_seeded_source_differs);
    add_test(suite, the_first_fill_is_the_chacha20_keystream);
    add_test(suite, a_stream_does_not_depend_on_the_lengths_of_fills);
    add_test(suite, a_stream_wipes_its_past_output);
    add_test(suite, seeds_and_past_keys_are_wiped);
}
