#include "crypto/pbkdf2.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"

#include <stdlib.h>

START_TEST(known_answers_match)
{
    struct vectors *v = vectors_open("pbkdf2.txt");
    size_t count = vectors_count(v, "key");

    ck_assert_uint_eq(count, 6);
    for (size_t i = 0; i < count; i++) {
        struct bytes expected = vectors_nth(v, "key", i);
        bool sha1 = strcmp(vectors_text(v, "hash", i), "sha1") == 0;
        const struct pbkdf2_parameters p = {
            .hash = sha1 ? &hash_sha1 : &hash_sha256,
            .salt = vectors_nth(v, "salt", i),
            .iterations = (uint32_t)strtoul(vectors_text(v, "iterations", i), NULL, 10),
        };
        uint8_t key[64];

        ck_assert(pbkdf2(key, expected.len, vectors_nth(v, "passphrase", i), &p));
        assert_bytes((struct bytes){key, expected.len}, expected);
    }
    vectors_close(v);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
    const struct pbkdf2_parameters rows[] = {
        {&hash_sha256, bytes_of("salt"), 0},
        {&hash_sha256, bytes_of("salt"), PBKDF2_ITERATIONS_MAX + 1},
        {&hash_sha256, bytes_of("salt"), 0xffffffff},
        {&hash_md5, bytes_of("salt"), 1},
    };
    const struct pbkdf2_parameters good = {&hash_sha256, bytes_of("salt"), 1};
    uint8_t key[65];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(key, 0xaa, sizeof key);
        ck_assert(!pbkdf2(key, 32, bytes_of("secret"), &rows[i]));
        for (size_t at = 0; at < sizeof key; at++)
            ck_assert_uint_eq(key[at], at < 32 ? 0 : 0xaa);
    }
    ck_assert(!pbkdf2(key, 0, bytes_of("secret"), &good));
    ck_assert(!pbkdf2(key, 65, bytes_of("secret"), &good));
    ck_assert(pbkdf2(key, 64, bytes_of("secret"), &good));
    ck_assert(pbkdf2(key, 32, bytes_of(""), &good));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match);
    add_test(suite, what_is_out_of_range_is_refused);
}
