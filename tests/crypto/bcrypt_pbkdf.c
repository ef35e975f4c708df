#include "crypto/bcrypt_pbkdf.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

#include <stdlib.h>

START_TEST(known_answers_match)
{
    struct vectors *v = vectors_open("bcrypt_pbkdf.txt");
    size_t count = vectors_count(v, "key");

    ck_assert_uint_eq(count, 9);
    for (size_t i = 0; i < count; i++) {
        struct bytes expected = vectors_nth(v, "key", i);
        uint32_t rounds = (uint32_t)strtoul(vectors_text(v, "rounds", i), NULL, 10);
        uint8_t key[BCRYPT_PBKDF_KEY_MAX];

        ck_assert(bcrypt_pbkdf(key, expected.len, vectors_nth(v, "passphrase", i),
                               vectors_nth(v, "salt", i), rounds));
        assert_bytes((struct bytes){key, expected.len}, expected);
    }
    vectors_close(v);
}
END_TEST

static void assert_refused(size_t len, struct bytes passphrase, struct bytes salt, uint32_t rounds)
{
    uint8_t key[BCRYPT_PBKDF_KEY_MAX + 1];

    memset(key, 0xaa, sizeof key);
    ck_assert(!bcrypt_pbkdf(key, len, passphrase, salt, rounds));
    for (size_t i = 0; i < sizeof key; i++)
        ck_assert_uint_eq(key[i], i < len ? 0 : 0xaa);
}

START_TEST(what_is_out_of_range_is_refused)
{
    const uint8_t long_salt[BCRYPT_PBKDF_SALT_MAX + 1] = {0};
    const struct bytes passphrase = bytes_of("secret"), salt = bytes_of("salt"), none = {NULL, 0};

    assert_refused(0, passphrase, salt, 1);
    assert_refused(BCRYPT_PBKDF_KEY_MAX + 1, passphrase, salt, 1);
    assert_refused(32, none, salt, 1);
    assert_refused(32, passphrase, none, 1);
    assert_refused(32, passphrase, BYTES_OF_ARRAY(long_salt), 1);
    assert_refused(32, passphrase, salt, 0);
    assert_refused(32, passphrase, salt, BCRYPT_PBKDF_ROUNDS_MAX + 1);
    assert_refused(32, passphrase, salt, 0xffffffff);
}
END_TEST

/* The state of Blowfish, the digest of the passphrase, and parts of the key. */
START_TEST(secrets_are_wiped)
{
    uint8_t key[32];

    wiped_record();
    ck_assert(bcrypt_pbkdf(key, sizeof key, bytes_of("secret"), bytes_of("salt"), 1));
    assert_wiped(4 * (18 + 4 * 256), 1);
    assert_wiped(64, 2);
    assert_wiped(32, 2);
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(key)));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match);
    add_test(suite, what_is_out_of_range_is_refused);
    add_test(suite, secrets_are_wiped);
}
