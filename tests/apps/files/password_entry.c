#include "apps/files/password_entry.h"
#include "tests/support/suite.h"

#include <stdio.h>

#define TAIL "$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GOOD "$argon2id$v=19$m=8,t=1,p=1" TAIL

/* The kind of the only entry in `a:PASSWORD`. */
static enum password_kind kind_of(struct bytes password)
{
    char text[512] = "a:";
    struct bytes rest = {(const uint8_t *)text, 2 + password.len};
    struct password_entry entry = {0};

    memcpy(text + 2, password.at, password.len);
    ck_assert(password_entry_next(&rest, &entry));
    ck_assert(bytes_are(entry.user, "a"));
    assert_bytes(entry.password, password);
    ck_assert_uint_eq(entry.line, 1);
    ck_assert(!password_entry_next(&rest, &entry));
    return entry.kind;
}

START_TEST(lines_without_a_colon_are_counted_and_skipped)
{
    struct bytes rest = bytes_of("\nnothing\n  \na:b \t\r\v\f\n:\n\nd:");
    struct password_entry entry = {0};

    ck_assert(password_entry_next(&rest, &entry));
    ck_assert(entry.line == 4 && bytes_are(entry.user, "a") && bytes_are(entry.password, "b"));
    ck_assert(password_entry_next(&rest, &entry));
    ck_assert(entry.line == 5 && entry.user.len == 0 && entry.password.len == 0);
    ck_assert(password_entry_next(&rest, &entry));
    ck_assert(entry.line == 7 && bytes_are(entry.user, "d") && entry.password.len == 0);
    ck_assert(!password_entry_next(&rest, &entry));
    ck_assert(!password_entry_next(&rest, &entry));
}
END_TEST

START_TEST(hashes_and_plain_passwords_are_distinguished)
{
    ck_assert_int_eq(kind_of(bytes_of(GOOD)), PASSWORD_HASHED);
    ck_assert_int_eq(kind_of(bytes_of("$argon2id$v=19$m=1048576,t=16,p=255" TAIL)),
                     PASSWORD_HASHED);
    ck_assert_int_eq(kind_of(bytes_of("")), PASSWORD_PLAIN);
    ck_assert_int_eq(kind_of(bytes_of("$argon")), PASSWORD_PLAIN);
    ck_assert_int_eq(kind_of(bytes_of(" " GOOD)), PASSWORD_PLAIN);
    ck_assert_int_eq(kind_of(bytes_of("$2b$12$abc")), PASSWORD_PLAIN);
}
END_TEST

START_TEST(malformed_or_too_costly_hashes_are_unusable)
{
    static const char *const bad[] = {
        "$argon2",
        "$argon2id",
        "$argon2id$",
        "$argon2i$v=19$m=8,t=1,p=1",
        "$argon2d$v=19$m=8,t=1,p=1",
        "$argon2id$v=16$m=8,t=1,p=1",
        "$argon2id$m=8,t=1,p=1",
        "$argon2id$v=19$m=7,t=1,p=1",
        "$argon2id$v=19$m=8,t=1,p=2",
        "$argon2id$v=19$m=0,t=1,p=1",
        "$argon2id$v=19$m=08,t=1,p=1",
        "$argon2id$v=19$m=,t=1,p=1",
        "$argon2id$v=19$m=1048577,t=1,p=1",
        "$argon2id$v=19$m=4294967304,t=1,p=1",
        "$argon2id$v=19$m=8,t=0,p=1",
        "$argon2id$v=19$m=8,t=17,p=1",
        "$argon2id$v=19$m=8,t=1,p=0",
        "$argon2id$v=19$m=8192,t=1,p=256",
        "$argon2id$v=19$m=8,t=1",
        "$argon2id$v=19$m=8,t=1,p=1,x=1",
        "$argon2id$v=19$t=1,m=8,p=1",
        "$argon2id$v=19$m=8,t=1,p=1$",
        "$argon2id$v=19$m=8,t=1,p=1$c29t$AAAA",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[256];

        snprintf(text, sizeof text, "%s%s", bad[i], TAIL);
        ck_assert_msg(kind_of(bytes_of(bad[i])) != PASSWORD_HASHED, "%s", bad[i]);
        ck_assert_msg(kind_of(bytes_of(text)) == PASSWORD_UNUSABLE, "%s", text);
    }
}
END_TEST

START_TEST(nothing_may_follow_a_hash)
{
    static const char *const more[] = {"!", "$", " x", "=", "$AAAA"};
    static const char with_nul[] = GOOD "\0x";
    char text[256];

    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        snprintf(text, sizeof text, "%s%s", GOOD, more[i]);
        ck_assert_msg(kind_of(bytes_of(text)) == PASSWORD_UNUSABLE, "%s", text);
    }
    ck_assert_int_eq(kind_of((struct bytes){(const uint8_t *)with_nul, sizeof with_nul - 1}),
                     PASSWORD_UNUSABLE);
}
END_TEST

START_TEST(a_hash_has_at_most_127_characters)
{
    char text[256];

    for (int len = 120; len < 140; len++) {
        snprintf(text, sizeof text, "%s%0*d", GOOD, len - (int)strlen(GOOD), 0);
        ck_assert_int_eq(kind_of(bytes_of(text)) == PASSWORD_HASHED, len < PASSWORD_HASH_MAX);
    }
}
END_TEST

START_TEST(costs_differ_if_any_parameter_differs)
{
    static const char *const others[] = {"$argon2id$v=19$m=9,t=1,p=1" TAIL,
                                         "$argon2id$v=19$m=8,t=2,p=1" TAIL,
                                         "$argon2id$v=19$m=16,t=1,p=2" TAIL};

    ck_assert(password_costs_equal(GOOD, "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAA"
                                         "$BBBBBBBBBBBBBBBBBBBBBBBBBBB"));
    for (size_t i = 0; i < 3; i++)
        ck_assert(!password_costs_equal(GOOD, others[i]));
    ck_assert(!password_costs_equal("x", "x"));
    ck_assert_uint_eq(password_cost(GOOD), 8);
    ck_assert_uint_eq(password_cost("$argon2id$v=19$m=1048576,t=16,p=1" TAIL), 16u << 20);
    ck_assert_uint_eq(password_cost("x"), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, lines_without_a_colon_are_counted_and_skipped);
    add_test(suite, hashes_and_plain_passwords_are_distinguished);
    add_test(suite, malformed_or_too_costly_hashes_are_unusable);
    add_test(suite, nothing_may_follow_a_hash);
    add_test(suite, a_hash_has_at_most_127_characters);
    add_test(suite, costs_differ_if_any_parameter_differs);
}
