#include "apps/files/user_list.h"
#include "tests/support/suite.h"

START_TEST(an_entry_is_a_user_perhaps_with_an_address)
{
    static const char *const good[] = {
        "alice", "al*,b?b", "alice@192.0.2.1", "*@10.0.0.0/8", "alice@2001:db8::/32", "a,b@10.*,c"};
    static const char *const bad[] = {"",       "alice,", ",alice",           "@10.0.0.1",
                                      "alice@", "a,,b",   "alice@10.0.0.0/99"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(user_list_is_good(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!user_list_is_good(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(without_lists_everybody_may_log_in)
{
    ck_assert(user_list_allows(NULL, NULL, "alice", "192.0.2.1"));
    ck_assert(user_list_allows(NULL, NULL, "alice", NULL));
}
END_TEST

START_TEST(an_allow_list_lets_in_whom_it_matches)
{
    ck_assert(user_list_allows("alice,bob", NULL, "bob", NULL));
    ck_assert(!user_list_allows("alice,bob", NULL, "carol", NULL));
    ck_assert(!user_list_allows("alice", NULL, "Alice", NULL));
    ck_assert(!user_list_allows("alice", NULL, "alice2", NULL));
    ck_assert(user_list_allows("al*", NULL, "alice2", NULL));
    ck_assert(user_list_allows("bob,alice@192.0.2.*", NULL, "alice", "192.0.2.7"));
    ck_assert(!user_list_allows("bob,alice@192.0.2.*", NULL, "alice", "192.0.3.7"));
    ck_assert(user_list_allows("*@10.0.0.0/8", NULL, "x", "10.1.2.3"));
    ck_assert(!user_list_allows("*@10.0.0.0/8", NULL, "x", "11.1.2.3"));
}
END_TEST

START_TEST(a_deny_list_wins)
{
    ck_assert(!user_list_allows(NULL, "root", "root", NULL));
    ck_assert(user_list_allows(NULL, "root", "alice", NULL));
    ck_assert(!user_list_allows("root,alice", "root", "root", NULL));
    ck_assert(!user_list_allows("alice", "*@192.0.2.0/24", "alice", "192.0.2.1"));
    ck_assert(user_list_allows("alice", "*@192.0.2.0/24", "alice", "192.0.3.1"));
}
END_TEST

START_TEST(an_unknown_address_is_denied_and_not_allowed)
{
    ck_assert(!user_list_allows("alice@*", NULL, "alice", NULL));
    ck_assert(!user_list_allows(NULL, "alice@10.*", "alice", NULL));
    ck_assert(user_list_allows("alice", "bob@10.*", "alice", NULL));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_entry_is_a_user_perhaps_with_an_address);
    add_test(suite, without_lists_everybody_may_log_in);
    add_test(suite, an_allow_list_lets_in_whom_it_matches);
    add_test(suite, a_deny_list_wins);
    add_test(suite, an_unknown_address_is_denied_and_not_allowed);
}
