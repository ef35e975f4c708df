#include "apps/files/key_cipher.h"
#include "crypto/poly1305.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <stdlib.h>

static const char *const names[] = {
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-cbc",
    "aes192-cbc",
    "aes128-cbc",
    "3des-cbc",
};

enum { NAMES = sizeof names / sizeof names[0], TEXT_LEN = 64 };

START_TEST(decrypting_inverts_encrypting)
{
    const struct key_cipher *c = key_cipher_find(bytes_of(names[_i]));
    uint8_t secret[KEY_CIPHER_SECRET_MAX], text[TEXT_LEN + KEY_CIPHER_TAG_MAX] = {1, 2, 3};
    const uint8_t plain[TEXT_LEN] = {1, 2, 3};
    uint8_t *again;
    size_t len;

    ck_assert_ptr_nonnull(c);
    ck_assert_uint_le((size_t)c->key_len + c->iv_len, sizeof secret);
    ck_assert_uint_le(c->tag_len, KEY_CIPHER_TAG_MAX);
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    ck_assert(c->run(c, secret, text, TEXT_LEN, true));
    ck_assert_mem_ne(text, plain, TEXT_LEN);
    again =
        key_cipher_decrypt(c, secret, (struct bytes){text, (size_t)TEXT_LEN + c->tag_len}, &len);
    ck_assert_ptr_nonnull(again);
    assert_bytes((struct bytes){again, len}, BYTES_OF_ARRAY(plain));
    free(again);
}
END_TEST

/* A tag notices every flipped bit; without one, the text changes. */
START_TEST(a_changed_text_has_a_wrong_tag)
{
    const struct key_cipher *c = key_cipher_find(bytes_of(names[_i]));
    const uint8_t secret[KEY_CIPHER_SECRET_MAX] = {7}, plain[TEXT_LEN] = {0};
    uint8_t text[TEXT_LEN + KEY_CIPHER_TAG_MAX] = {0};
    size_t whole = (size_t)TEXT_LEN + c->tag_len, len;

    ck_assert(c->run(c, secret, text, TEXT_LEN, true));
    for (size_t bit = 0; bit < 8 * whole; bit++) {
        uint8_t *again;

        text[bit / 8] ^= (uint8_t)(1 << bit % 8);
        again = key_cipher_decrypt(c, secret, (struct bytes){text, whole}, &len);
        ck_assert((again == NULL) == (c->tag_len > 0));
        ck_assert(again == NULL || memcmp(again, plain, TEXT_LEN) != 0);
        free(again);
        text[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(a_length_that_does_not_fit_is_refused)
{
    const struct key_cipher *c = key_cipher_find(bytes_of(names[_i]));
    const uint8_t secret[KEY_CIPHER_SECRET_MAX] = {7}, text[TEXT_LEN] = {0};
    size_t len;

    for (size_t n = 0; n < TEXT_LEN; n++)
        if (n <= c->tag_len || (n - c->tag_len) % c->block != 0)
            ck_assert_ptr_null(key_cipher_decrypt(c, secret, (struct bytes){text, n}, &len));
}
END_TEST

START_TEST(other_names_are_unknown)
{
    static const char *const others[] = {"",           "none",        "aes256-ct", "aes256-ctrx",
                                         "AES256-CTR", "blowfish-cbc"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_ptr_null(key_cipher_find(bytes_of(others[i])));
    ck_assert_str_eq(key_cipher_default->name, "aes256-ctr");
}
END_TEST

/* What a wrong tag's text would have been. */
START_TEST(what_is_not_returned_is_wiped)
{
    const struct key_cipher *c = key_cipher_find(bytes_of("aes256-gcm@openssh.com"));
    const uint8_t secret[KEY_CIPHER_SECRET_MAX] = {7}, text[32] = {0};
    size_t len;

    wiped_record();
    ck_assert_ptr_null(key_cipher_decrypt(c, secret, BYTES_OF_ARRAY(text), &len));
    assert_wiped(sizeof text, 1);
}
END_TEST

START_TEST(the_key_of_the_tag_is_wiped)
{
    const struct key_cipher *c = key_cipher_find(bytes_of("chacha20-poly1305@openssh.com"));
    const uint8_t secret[KEY_CIPHER_SECRET_MAX] = {7};
    uint8_t text[64] = {0};

    wiped_record();
    ck_assert(c->run(c, secret, text, 16, true));
    assert_wiped(POLY1305_KEY_LEN, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, decrypting_inverts_encrypting, 0, NAMES);
    add_loop(suite, a_changed_text_has_a_wrong_tag, 0, NAMES);
    add_loop(suite, a_length_that_does_not_fit_is_refused, 0, NAMES);
    add_test(suite, other_names_are_unknown);
    add_test(suite, what_is_not_returned_is_wiped);
    add_test(suite, the_key_of_the_tag_is_wiped);
}
