#include "crypto/aes_ctr.h"
#include "tests/support/suite.h"
#include "tests/support/json.h"
#include "tests/support/vectors.h"

/* The whole text in one piece, and again in pieces of every length up to 40. */
static void assert_stream(struct bytes key, struct bytes iv, struct bytes input,
                          struct bytes expected)
{
    uint8_t data[1024];
    struct aes_ctr c;

    ck_assert_uint_le(input.len, sizeof data);
    for (size_t piece = 0; piece <= 40; piece++) {
        size_t step = piece == 0 ? input.len : piece;

        memcpy(data, input.at, input.len);
        ck_assert(aes_ctr_init(&c, key, iv.at));
        for (size_t at = 0; at < input.len; at += step)
            ck_assert(aes_ctr_xor(&c, data + at, input.len - at < step ? input.len - at : step));
        assert_bytes((struct bytes){data, input.len}, expected);
        aes_ctr_clear(&c);
    }
}

START_TEST(known_answers_match_in_pieces_of_any_length)
{
    struct vectors *v = vectors_open("aes_ctr.txt");

    ck_assert_uint_eq(vectors_count(v, "key"), 3);
    for (size_t i = 0; i < vectors_count(v, "key"); i++) {
        struct bytes key = vectors_nth(v, "key", i), iv = vectors_nth(v, "iv", i);
        struct bytes plain = vectors_nth(v, "plaintext", i);
        struct bytes cipher = vectors_nth(v, "ciphertext", i);

        assert_stream(key, iv, plain, cipher);
        assert_stream(key, iv, cipher, plain);
    }
    vectors_close(v);
}
END_TEST

/* The counter has 128 bits: its largest value is followed by zero. */
START_TEST(the_counter_wraps)
{
    const uint8_t key[32] = {1}, zero[16] = {0};
    uint8_t last[16], wrapped[32] = {0}, first[16] = {0};
    struct aes_ctr a, b;

    memset(last, 0xff, sizeof last);
    ck_assert(aes_ctr_init(&a, BYTES_OF_ARRAY(key), last));
    ck_assert(aes_ctr_init(&b, BYTES_OF_ARRAY(key), zero));
    ck_assert(aes_ctr_xor(&a, wrapped, sizeof wrapped));
    ck_assert(aes_ctr_xor(&b, first, sizeof first));
    ck_assert_mem_eq(wrapped + 16, first, sizeof first);
    aes_ctr_clear(&a);
    aes_ctr_clear(&b);
}
END_TEST

START_TEST(other_key_lengths_and_cleared_keys_are_refused)
{
    const uint8_t key[33] = {0}, iv[16] = {0};
    uint8_t data[1] = {0};
    struct aes_ctr c;

    for (size_t len = 0; len <= sizeof key; len++) {
        bool right = len == 16 || len == 24 || len == 32;

        ck_assert(aes_ctr_init(&c, (struct bytes){key, len}, iv) == right);
        ck_assert(aes_ctr_xor(&c, data, sizeof data) == right);
        aes_ctr_clear(&c);
        aes_ctr_clear(&c);
        ck_assert(!aes_ctr_xor(&c, data, sizeof data));
    }
}
END_TEST

START_TEST(larger_set_agrees)
{
    struct json *root = json_open_shared("ssh/aes-ctr.json");
    size_t cases = 0;

    for (struct json *t = json_first(json_get(root, "tests")); t != NULL; t = json_next(t)) {
        assert_stream(json_hex(t, "key"), json_hex(t, "iv"), json_hex(t, "plaintext"),
                      json_hex(t, "ciphertext"));
        cases++;
    }
    vectors_report("ssh/aes-ctr.json", cases);
    json_free(root);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match_in_pieces_of_any_length);
    add_test(suite, the_counter_wraps);
    add_test(suite, other_key_lengths_and_cleared_keys_are_refused);
    add_test(suite, larger_set_agrees);
}
