/* The budgets of users and sources, as a server keeps them. */
#include "apps/server/account.h"
#include "apps/server/machine_memory.h"
#include "apps/session/parts.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024 };

static struct accounts *a;

static struct account *enter(enum account_kind kind, const char *name)
{
    struct account *account = accounts_enter(a, kind, name, strlen(name));

    ck_assert_ptr_nonnull(account);
    return account;
}

/* What can be taken from the account one byte after the other. */
static size_t room(const struct account *account)
{
    enum nacre_limit why;
    size_t most = 0;

    for (size_t step = (size_t)1 << 30; step > 0; step /= 2)
        if (session_budget.take(account_budget(account), step, step, &why) > 0)
            most += step;
    session_budget.give(account_budget(account), most);
    return most;
}

START_TEST(connections_of_one_user_share_a_budget)
{
    struct account *alice, *again, *bob, *source;

    a = accounts_new(16 * MIB, 2 * MIB);
    alice = enter(ACCOUNT_USER, "alice");
    again = enter(ACCOUNT_USER, "alice");
    bob = enter(ACCOUNT_USER, "bob");
    source = enter(ACCOUNT_SOURCE, "alice"); /* a source is no user, whatever its name */
    ck_assert_ptr_eq(alice, again);
    ck_assert_uint_eq(accounts_count(a, alice), 2);
    ck_assert_uint_eq(accounts_count(a, bob), 1);
    ck_assert(alice != bob && alice != source && bob != source);
    ck_assert_uint_eq(room(alice), 2 * MIB);
    session_budget.hold(account_budget(alice), MIB);
    ck_assert_uint_eq(accounts_used(a), MIB);
    ck_assert_uint_eq(room(again), MIB);
    ck_assert_uint_eq(room(bob), 2 * MIB);
    accounts_leave(a, again);
    ck_assert_ptr_eq(enter(ACCOUNT_USER, "alice"), alice); /* still there */
    accounts_leave(a, alice);
    session_budget.give(account_budget(alice), MIB);
    accounts_leave(a, alice);
    accounts_leave(a, bob);
    accounts_leave(a, source);
    accounts_leave(a, NULL);
    accounts_free(a);
}
END_TEST

START_TEST(names_may_hold_any_bytes)
{
    static const uint8_t names[][3] = {{0, 0, 0}, {0, 0, 1}, {255, 0, 0}};
    struct account *accounts[6];

    a = accounts_new(MIB, MIB);
    for (int i = 0; i < 6; i++) /* the first 2 bytes of each, then all of it */
        accounts[i] = accounts_enter(a, ACCOUNT_SOURCE, names[i / 2], 2 + (size_t)(i % 2));
    ck_assert_ptr_eq(accounts[0], accounts[2]);
    ck_assert(accounts[1] != accounts[3] && accounts[0] != accounts[1]);
    ck_assert(accounts[4] != accounts[0] && accounts[4] != accounts[5]);
    for (int i = 0; i < 6; i++)
        accounts_leave(a, accounts[i]);
    accounts_free(a);
}
END_TEST

START_TEST(many_users_come_and_go)
{
    enum { USERS = 20000 };
    static struct account *users[USERS];

    a = accounts_new(MIB, MIB);
    for (uint32_t i = 0; i < USERS; i++)
        users[i] = accounts_enter(a, ACCOUNT_USER, &i, sizeof i);
    for (uint32_t i = 0; i < USERS; i += 7)
        ck_assert_ptr_eq(accounts_enter(a, ACCOUNT_USER, &i, sizeof i), users[i]);
    for (uint32_t i = 0; i < USERS; i++) {
        accounts_leave(a, users[i]);
        if (i % 7 == 0)
            accounts_leave(a, users[i]);
    }
    accounts_free(a);
}
END_TEST

START_TEST(the_defaults_are_a_quarter_and_a_quarter_of_it)
{
    struct account *alice;

    a = accounts_new(0, 0);
    alice = enter(ACCOUNT_USER, "alice");
    ck_assert_uint_eq(room(alice), machine_memory() / 4 / 4);
    accounts_leave(a, alice);
    accounts_free(a);
    a = accounts_new(64 * MIB, 0);
    alice = enter(ACCOUNT_USER, "alice");
    ck_assert_uint_eq(room(alice), 16 * MIB);
    accounts_leave(a, alice);
    accounts_free(a);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, connections_of_one_user_share_a_budget);
    add_test(suite, names_may_hold_any_bytes);
    add_test(suite, many_users_come_and_go);
    add_test(suite, the_defaults_are_a_quarter_and_a_quarter_of_it);
}
