/* How many sessions there may be: of a user, of an address, and in all. */
#include "apps/serve/quota.h"
#include "tests/support/leftovers.h"
#include "tests/support/suite.h"

#include <stdio.h>

enum { PLACES = 64 };

static struct quota_place places[PLACES];
static unsigned taken;
static bool news;

/* As many as are granted, up to `most`. */
static unsigned take(unsigned most, const char *user, const char *address)
{
    unsigned n = 0;

    while (n < most && quota_take(&places[taken], user, address, &news) == QUOTA_GRANTED) {
        n++;
        taken++;
    }
    return n;
}

static enum quota_answer ask(const char *user, const char *address)
{
    struct quota_place place = {NULL, NULL};
    enum quota_answer answer = quota_take(&place, user, address, &news);

    ck_assert_int_eq(place.user == NULL, answer != QUOTA_GRANTED);
    quota_return(&place);
    return answer;
}

static void give_back(void)
{
    while (taken > 0)
        quota_return(&places[--taken]);
    ck_assert_uint_eq(quota_count(), 0);
}

START_TEST(a_user_has_the_number_that_was_chosen)
{
    quota_configure(16, 3);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 3);
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_USER_FULL);
    ck_assert_int_eq(ask("alice", "192.0.2.2"), QUOTA_USER_FULL);
    ck_assert_int_eq(ask("alice2", "192.0.2.1"), QUOTA_GRANTED);
    ck_assert_uint_eq(take(PLACES, "bob", "192.0.2.1"), 3);
    ck_assert_uint_eq(quota_count(), 6);
    quota_return(&places[0]);
    quota_return(&places[0]); /* has nothing any more */
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_GRANTED);
    give_back();
}
END_TEST

/* Whatever a user may have, the last quarter is for those who have nothing. */
START_TEST(the_last_quarter_is_a_reserve)
{
    char name[24];

    quota_configure(16, UINT32_MAX);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 12);
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_ALL_FULL);
    ck_assert_uint_eq(take(PLACES, "bob", "192.0.2.1"), 1);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.2"), 1);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(name, sizeof name, "user%d", i);
        ck_assert_uint_eq(take(1, name, "192.0.2.1"), 1);
    }
    ck_assert_int_eq(ask("carol", "192.0.2.3"), QUOTA_ALL_FULL);
    ck_assert_uint_eq(quota_count(), 16);
    give_back();
}
END_TEST

START_TEST(by_default_a_user_has_a_quarter_and_several_addresses_half)
{
    char address[24];

    quota_configure(16, QUOTA_NONE);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 4);
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_USER_FULL);
    for (int i = 2; i < 6; i++) {
        (void)snprintf(address, sizeof address, "192.0.2.%d", i);
        ck_assert_uint_eq(take(PLACES, "alice", address), 1);
    }
    ck_assert_int_eq(ask("alice", "192.0.2.6"), QUOTA_USER_FULL);
    ck_assert_uint_eq(take(PLACES, "bob", "192.0.2.1"), 4);
    give_back();
}
END_TEST

START_TEST(quarters_and_halves_are_rounded_for_the_user)
{
    static const uint32_t rows[][4] = {
        /* in all, of one address, of a user, until only newcomers are served */
        {2, 1, 1, 2}, {3, 1, 1, 3}, {5, 2, 2, 4}, {7, 2, 3, 6}, {8, 2, 4, 6}, {9, 3, 4, 7},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char address[24];
        unsigned n = 0;

        quota_configure(rows[i][0], QUOTA_NONE);
        ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.0"), rows[i][1]);
        give_back();
        do
            (void)snprintf(address, sizeof address, "192.0.2.%u", n);
        while (take(1, "alice", address) == 1 && ++n < PLACES);
        ck_assert_uint_eq(n, rows[i][2]);
        give_back();
        quota_configure(rows[i][0], UINT32_MAX);
        ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.0"), rows[i][3]);
        give_back();
    }
}
END_TEST

START_TEST(a_server_with_little_room_serves_all_the_same)
{
    quota_configure(1, QUOTA_NONE);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 1);
    ck_assert_int_eq(ask("bob", "192.0.2.1"), QUOTA_ALL_FULL);
    give_back();
    quota_configure(2, QUOTA_NONE);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 1);
    ck_assert_uint_eq(take(PLACES, "bob", "192.0.2.1"), 1);
    give_back();
}
END_TEST

START_TEST(only_the_first_refusal_is_news)
{
    quota_configure(16, 2);
    ck_assert_uint_eq(take(2, "alice", "192.0.2.1"), 2);
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_USER_FULL);
    ck_assert(news);
    ck_assert_int_eq(ask("alice", "192.0.2.1"), QUOTA_USER_FULL);
    ck_assert(!news);
    ck_assert_int_eq(ask("bob", "192.0.2.1"), QUOTA_GRANTED);
    ck_assert(!news);
    quota_return(&places[--taken]);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.1"), 1);
    ck_assert(news);
    give_back();
}
END_TEST

/* The name, then the tallies of the user and of the address with their names. */
START_TEST(without_memory_nobody_is_counted)
{
    enum quota_answer answer;

    quota_configure(16, 2);
    for (unsigned n = 1; n <= 5; n++) {
        struct quota_place place = {NULL, NULL};

        news = false;
        leftovers_refuse(n);
        answer = quota_take(&place, "alice", "192.0.2.1", &news);
        leftovers_refuse(0);
        ck_assert_msg(answer == QUOTA_NO_MEMORY && news, "allocation %u", n);
        ck_assert_ptr_null(place.user);
        ck_assert_uint_eq(quota_count(), 0);
    }
    ck_assert_uint_eq(take(1, "alice", "192.0.2.1"), 1);
    leftovers_refuse(2); /* of another address: the user's tally stays */
    answer = quota_take(&places[1], "alice", "192.0.2.2", &news);
    leftovers_refuse(0);
    ck_assert_int_eq(answer, QUOTA_NO_MEMORY);
    ck_assert_uint_eq(take(PLACES, "alice", "192.0.2.2"), 1);
    give_back();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_user_has_the_number_that_was_chosen);
    add_test(suite, the_last_quarter_is_a_reserve);
    add_test(suite, by_default_a_user_has_a_quarter_and_several_addresses_half);
    add_test(suite, quarters_and_halves_are_rounded_for_the_user);
    add_test(suite, a_server_with_little_room_serves_all_the_same);
    add_test(suite, only_the_first_refusal_is_news);
    add_test(suite, without_memory_nobody_is_counted);
}
