#include "apps/files/password_entry.h"
#include "tests/support/suite.h"

#include <stdio.h>

#define TAIL "$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GOOD "$argon2id$v=19$m=8,t=1,p=1" TAIL

/* The kind of the only entry in `a:PASSWORD`, with or without a line end. */
static enum password_kind kind_in_line(struct bytes password, bool has_end)
{
    char text[512] = "a:";
    struct bytes rest = {(const uint8_t *)text, 2 + password.len + has_end};
    struct password_entry entry = {0};

    memcpy(text + 2, password.at, password.len);
    text[2 + password.len] = '\n';
    ck_assert(password_entry_next(&rest, &entry));
    ck_assert(bytes_are(entry.user, "a"));
    assert_bytes(entry.password, password);
    ck_assert_uint_eq(entry.line, 1);
    ck_assert(!password_entry_next(&rest, &entry));
    ck_assert_int_eq(password_entry_counts(&entry), password_entry_problem(&entry) == NULL);
    return entry.kind;
}

static enum password_kind kind_of(struct bytes password)
{
    return kind_in_line(password, true);
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
    ck_assert_int_eq(kind_of(bytes_of("$argon")), PASSWORD_PLAIN);
    ck_assert_int_eq(kind_of(bytes_of(" " GOOD)), PASSWORD_PLAIN);
}
END_TEST

/* What other programs write for a user who cannot log in by password. */
START_TEST(entries_that_mean_no_login_elsewhere_do_not_count)
{
    static const char *const locked[] = {
        "*", "!", "!!", "!*", "*LK*", "*NP*", "*LOCKED*$6$a$b", ("!" GOOD)};

    ck_assert_int_eq(kind_of(bytes_of("")), PASSWORD_EMPTY);
    ck_assert_int_eq(kind_in_line(bytes_of(""), false), PASSWORD_EMPTY);
    for (size_t i = 0; i < sizeof locked / sizeof locked[0]; i++) {
        ck_assert_msg(kind_of(bytes_of(locked[i])) == PASSWORD_LOCKED, "%s", locked[i]);
        ck_assert_int_eq(kind_in_line(bytes_of(locked[i]), false), PASSWORD_LOCKED);
    }
}
END_TEST

START_TEST(other_hashes_are_unusable)
{
    static const char *const others[] = {"$1$salt$x",
                                         "$2b$12$abcdefghijklmnopqrstuuO1x1x1x1x1x1x1x1x1x1",
                                         "$3$$8846f7eaee8fb117ad06bdd830b7586c",
                                         "$5$rounds=5000$salt$x",
                                         "$6$abcdefgh$0123456789",
                                         "$7$C6..../....$x",
                                         "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o",
                                         "$gy$j9T$x$y",
                                         "$sha1$40000$x$y",
                                         "$md5,rounds=5000$x$y",
                                         "$apr1$x$y",
                                         "$pbkdf2-sha256$1$x$y",
                                         "$scrypt$ln=16,r=8,p=1$x$y",
                                         "$Argon2id$v=19$x",
                                         "$6$",
                                         "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
                                         "{SSHA512}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
                                         "{CRYPT}$6$abcdefgh$0123456789",
                                         "{ssha}W6ph5Mm5Pz8GgiULbPgzG37mj9g="};
    static const char *const plain[] = {"$",
                                        "$$",
                                        "$$x$y",
                                        "$money",
                                        "cash$6$x",
                                        "$ 5 $ 6",
                                        "{",
                                        "{}",
                                        "{}0123456789abcdef",
                                        "{winter}2026",
                                        "{SHA} 0123456789abcdef",
                                        "x",
                                        "?",
                                        "_",
                                        "a*",
                                        "a!"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(kind_of(bytes_of(others[i])) == PASSWORD_UNUSABLE, "%s", others[i]);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        ck_assert_msg(kind_of(bytes_of(plain[i])) == PASSWORD_PLAIN, "%s", plain[i]);
}
END_TEST

/* A plain password there may be the beginning of a longer one. A hash that is cut is another hash:
 * the length of its tag is part of what is hashed. */
START_TEST(only_a_hash_counts_in_a_line_without_an_end)
{
    ck_assert_int_eq(kind_in_line(bytes_of("secret"), false), PASSWORD_UNFINISHED);
    ck_assert_int_eq(kind_in_line(bytes_of("secret"), true), PASSWORD_PLAIN);
    ck_assert_int_eq(kind_in_line(bytes_of(GOOD), false), PASSWORD_HASHED);
    ck_assert_int_eq(kind_in_line(bytes_of("$argon2id$v=19$m=8,t=1,p=1"), false),
                     PASSWORD_UNUSABLE);
}
END_TEST

START_TEST(a_second_colon_cuts_the_password_and_is_reported)
{
    static const struct {
        const char *line;
        bool cut, reported;
    } rows[] = {{"a:b\n", false, false},
                {"a:b:\n", true, true},
                {"a:b:c\n", true, true},
                {"a:b:c:d\n", true, true},
                {"a:" GOOD ":1000\n", true, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes rest = bytes_of(rows[i].line);
        struct password_entry entry = {0};
        const char *problem;

        ck_assert(password_entry_next(&rest, &entry));
        ck_assert(password_entry_counts(&entry));
        ck_assert_int_eq(entry.cut, rows[i].cut);
        problem = password_entry_problem(&entry);
        ck_assert_msg((problem != NULL) == rows[i].reported, "%s", rows[i].line);
        if (problem != NULL)
            ck_assert_ptr_nonnull(strstr(problem, "second colon"));
    }
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
    add_test(suite, entries_that_mean_no_login_elsewhere_do_not_count);
    add_test(suite, other_hashes_are_unusable);
    add_test(suite, only_a_hash_counts_in_a_line_without_an_end);
    add_test(suite, a_second_colon_cuts_the_password_and_is_reported);
    add_test(suite, malformed_or_too_costly_hashes_are_unusable);
    add_test(suite, nothing_may_follow_a_hash);
    add_test(suite, a_hash_has_at_most_127_characters);
    add_test(suite, costs_differ_if_any_parameter_differs);
}
