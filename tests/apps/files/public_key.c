#include "apps/files/public_key.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base64.h"

/* string "ssh-ed25519", string of 32 bytes; string "ssh-rsa", mpint 3, mpint 5 */
#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
#define RSA "AAAAB3NzaC1yc2EAAAABAwAAAAEF"

static uint8_t blob[KEY_BLOB_MAX];

static const char *wrong_with(const char *type, const char *base64)
{
    struct bytes key;
    const char *wrong = public_key_read(bytes_of(type), bytes_of(base64), blob, &key);

    ck_assert_uint_eq(key.len == 0, wrong != NULL);
    return wrong;
}

START_TEST(a_key_has_its_type_or_the_name_of_an_algorithm_for_it)
{
    ck_assert_ptr_null(wrong_with("ssh-ed25519", ED25519));
    ck_assert_ptr_null(wrong_with("ssh-rsa", RSA));
    ck_assert_ptr_null(wrong_with("rsa-sha2-256", RSA));
    ck_assert_ptr_null(wrong_with("rsa-sha2-512", RSA));
    ck_assert_str_eq(wrong_with("ssh-rsa", ED25519), "the key is malformed or of another type");
    ck_assert_str_eq(wrong_with("rsa-sha2-512", ED25519),
                     "the key is malformed or of another type");
    ck_assert_str_eq(wrong_with("ecdsa-sha2-nistp256", RSA),
                     "the key is malformed or of another type");
    ck_assert_str_eq(wrong_with("", RSA), "the key is malformed or of another type");
}
END_TEST

START_TEST(a_carriage_return_may_follow)
{
    ck_assert_ptr_null(wrong_with("ssh-ed25519", ED25519 "\r"));
    ck_assert_str_eq(wrong_with("ssh-ed25519", "\r" ED25519), "the key is not base64");
}
END_TEST

START_TEST(what_is_before_the_key_is_not_read)
{
    const struct bytes line = bytes_of("ssh-ed25519\r");
    struct bytes key;

    ck_assert_str_eq(
        public_key_read(bytes_of("ssh-ed25519"), (struct bytes){line.at + line.len, 0}, blob, &key),
        "the key is malformed or of another type");
}
END_TEST

START_TEST(malformed_keys_are_refused)
{
    static uint8_t data[KEY_BLOB_MAX + 2] = "\0\0\0\1x";
    static char text[BASE64_MAX(sizeof data)];

    ck_assert_str_eq(wrong_with("ssh-ed25519", "AAA"), "the key is not base64");
    ck_assert_str_eq(wrong_with("ssh-ed25519", ""), "the key is malformed or of another type");
    ck_assert_str_eq(wrong_with("", "AAAAAA=="), "the key is malformed or of another type");
    (void)base64_encode(text, (struct bytes){data, KEY_BLOB_MAX});
    ck_assert_ptr_null(wrong_with("x", text));
    (void)base64_encode(text, (struct bytes){data, KEY_BLOB_MAX + 2});
    ck_assert_str_eq(wrong_with("x", text), "the key is too long");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_key_has_its_type_or_the_name_of_an_algorithm_for_it);
    add_test(suite, a_carriage_return_may_follow);
    add_test(suite, what_is_before_the_key_is_not_read);
    add_test(suite, malformed_keys_are_refused);
}
