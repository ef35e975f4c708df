#include "crypto/cbc.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"

typedef bool cbc_function(struct bytes key, const uint8_t *iv, uint8_t *data, size_t len,
                          bool encrypt);

static void assert_both_ways(cbc_function *cbc, struct vectors *v, const char *const names[4],
                             size_t nth)
{
    struct bytes key = vectors_nth(v, names[0], nth), iv = vectors_nth(v, names[1], nth);
    struct bytes plain = vectors_nth(v, names[2], nth), cipher = vectors_nth(v, names[3], nth);
    uint8_t data[64];

    memcpy(data, plain.at, plain.len);
    ck_assert(cbc(key, iv.at, data, plain.len, true));
    assert_bytes((struct bytes){data, plain.len}, cipher);
    ck_assert(cbc(key, iv.at, data, plain.len, false));
    assert_bytes((struct bytes){data, plain.len}, plain);
}

START_TEST(known_answers_match)
{
    static const char *const aes[] = {"key", "iv", "plaintext", "ciphertext"};
    static const char *const des[] = {"des key", "des iv", "des plaintext", "des ciphertext"};
    struct vectors *v = vectors_open("cbc.txt");

    ck_assert_uint_eq(vectors_count(v, "key"), 3);
    for (size_t i = 0; i < 3; i++)
        assert_both_ways(cbc_aes, v, aes, i);
    assert_both_ways(cbc_3des, v, des, 0);
    vectors_close(v);
}
END_TEST

START_TEST(the_three_keys_of_triple_DES_all_count)
{
    const uint8_t plain[8] = {0}, iv[8] = {0};
    uint8_t key[24] = {0}, first[8] = {0}, other[8];

    ck_assert(cbc_3des(BYTES_OF_ARRAY(key), iv, first, 8, true));
    for (size_t i = 0; i < sizeof key; i += 8) {
        key[i] = 0x80;
        memcpy(other, plain, 8);
        ck_assert(cbc_3des(BYTES_OF_ARRAY(key), iv, other, 8, true));
        ck_assert_mem_ne(other, first, 8);
        key[i] = 0;
    }
}
END_TEST

START_TEST(other_lengths_are_refused)
{
    const uint8_t key[33] = {0}, iv[16] = {0};
    uint8_t data[33] = {0};

    for (size_t len = 0; len <= sizeof key; len++) {
        bool right = len == 16 || len == 24 || len == 32;

        ck_assert(cbc_aes((struct bytes){key, len}, iv, data, 16, true) == right);
        ck_assert(cbc_3des((struct bytes){key, len}, iv, data, 16, true) == (len == 24));
    }
    for (size_t len = 0; len <= sizeof data; len++) {
        ck_assert(cbc_aes((struct bytes){key, 16}, iv, data, len, false) == (len % 16 == 0));
        ck_assert(cbc_3des((struct bytes){key, 24}, iv, data, len, false) == (len % 8 == 0));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match);
    add_test(suite, the_three_keys_of_triple_DES_all_count);
    add_test(suite, other_lengths_are_refused);
}
