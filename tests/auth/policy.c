/* The public helpers of a policy. */
#include "auth/policy.h"

#include "tests/support/suite.h"

START_TEST(passwords_are_equal_only_as_a_whole)
{
    static const struct {
        const char *password, *expected;
        bool equal;
    } rows[] = {
        {"secret", "secret", true},  {"", "", true},
        {"secret", "Secret", false}, {"secret", "secre", false},
        {"secre", "secret", false},  {"secret", "secres", false},
        {"", "secret", false},       {"secret", "", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(nacre_password_equals(rows[i].password, rows[i].expected), rows[i].equal);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, passwords_are_equal_only_as_a_whole);
}
