#include "crypto/blowfish.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <openssl/bn.h>

enum { WORDS = 18 + 4 * 256, PRECISION = 32 * WORDS + 64 };

/* 2^PRECISION / x * (1 - 1 / 3x^2 + 1 / 5x^4 - ...), which is 2^PRECISION * arctan(1 / x) */
static BIGNUM *arctan(BN_ULONG x)
{
    BIGNUM *sum = BN_new(), *power = BN_new(), *term = BN_new();

    BN_set_bit(power, PRECISION);
    BN_div_word(power, x);
    for (BN_ULONG n = 1; !BN_is_zero(power); n += 2) {
        BN_copy(term, power);
        BN_div_word(term, n);
        if (n % 4 == 1)
            BN_add(sum, sum, term);
        else
            BN_sub(sum, sum, term);
        BN_div_word(power, x * x);
    }
    BN_free(power);
    BN_free(term);
    return sum;
}

/* Machin's formula: pi = 16 * arctan(1 / 5) - 4 * arctan(1 / 239) */
START_TEST(the_initial_state_is_the_fraction_of_pi)
{
    BIGNUM *pi = arctan(5), *less = arctan(239);
    uint8_t digits[4 * WORDS + 1]; /* begins with the 3 */

    BN_lshift(pi, pi, 4);
    BN_lshift(less, less, 2);
    BN_sub(pi, pi, less);
    BN_rshift(pi, pi, PRECISION - 32 * WORDS);
    ck_assert_int_eq(BN_bn2binpad(pi, digits, sizeof digits), sizeof digits);
    ck_assert_uint_eq(digits[0], 3);
    for (size_t i = 0; i < WORDS; i++) {
        const uint32_t *word =
            i < 18 ? &blowfish_initial.p[i] : &blowfish_initial.s[(i - 18) / 256][(i - 18) % 256];

        ck_assert_uint_eq(*word, load_u32(digits + 1 + 4 * i));
    }
    BN_free(pi);
    BN_free(less);
}
END_TEST

/* Schneier's vectors have keys of 8 bytes. Blowfish repeats the key, so 64 bytes of the same are
 * the same key. */
START_TEST(known_answers_match)
{
    static const struct {
        uint32_t key[2], plain[2], cipher[2];
    } rows[] = {
        {{0, 0}, {0, 0}, {0x4ef99745, 0x6198dd78}},
        {{0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x51866fd5, 0xb85ecb8a}},
        {{0x01234567, 0x89abcdef}, {0x11111111, 0x11111111}, {0x61f9c380, 0x2281b096}},
        {{0xfedcba98, 0x76543210}, {0x01234567, 0x89abcdef}, {0x0aceab0f, 0xc6a0a28d}},
        {{0x7ca11045, 0x4a1a6e57}, {0x01a1d6d0, 0x39776742}, {0x59c68245, 0xeb05282b}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blowfish b = blowfish_initial;
        uint32_t block[2] = {rows[i].plain[0], rows[i].plain[1]};
        uint8_t key[BLOWFISH_KEY_LEN];

        for (size_t at = 0; at < sizeof key; at += 8) {
            store_u32(key + at, rows[i].key[0]);
            store_u32(key + at + 4, rows[i].key[1]);
        }
        blowfish_expand(&b, key, NULL);
        blowfish_encrypt(&b, block);
        ck_assert_uint_eq(block[0], rows[i].cipher[0]);
        ck_assert_uint_eq(block[1], rows[i].cipher[1]);
    }
}
END_TEST

START_TEST(a_salt_of_zeros_is_no_salt)
{
    const uint8_t key[BLOWFISH_KEY_LEN] = {1, 2, 3}, zeros[BLOWFISH_KEY_LEN] = {0};
    struct blowfish with = blowfish_initial, without = blowfish_initial;

    blowfish_expand(&with, key, zeros);
    blowfish_expand(&without, key, NULL);
    ck_assert_mem_eq(&with, &without, sizeof with);
    wiped_record();
    blowfish_expand(&with, key, key);
    assert_wiped(2 * sizeof(uint32_t), 1); /* the last block, which is in the state too */
    blowfish_expand(&without, key, NULL);
    ck_assert_mem_ne(&with, &without, sizeof with);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_initial_state_is_the_fraction_of_pi);
    add_test(suite, known_answers_match);
    add_test(suite, a_salt_of_zeros_is_no_salt);
}
