/* Admission of connections: counts, sources and penalties. The test sets the clock. */
#include "apps/server/admission.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000, TICKETS = 4096 };

static struct admission *a;
static struct ticket tickets[TICKETS];
static enum nacre_limit why;
static uint64_t now;

static void begin(struct nacre_admission config)
{
    a = admission_new(&config);
    ck_assert_ptr_nonnull(a);
    now = 1000000;
    why = NACRE_LIMIT_IDLE;
}

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};

    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&s)->sin_addr) == 1) {
        s.ss_family = AF_INET;
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&s)->sin6_addr), 1);
        s.ss_family = AF_INET6;
    }
    return s;
}

static bool enter(int i, const char *from)
{
    struct sockaddr_storage s = address(from);

    return admission_enter(a, &s, now, &tickets[i], &why);
}

static void leave(int first, int last)
{
    for (int i = first; i <= last; i++)
        admission_leave(a, &tickets[i]);
}

/* The address of the i-th source */
static const char *source(int i)
{
    static char text[32];

    (void)snprintf(text, sizeof text, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
    return text;
}

static void expect_count(uint32_t connections, uint32_t startups)
{
    uint32_t c, s;

    admission_count(a, &c, &s);
    ck_assert_uint_eq(c, connections);
    ck_assert_uint_eq(s, startups);
}

/* Of a Unix socket: limits on all connections hold, and nothing per source. */
START_TEST(clients_without_an_address_are_not_counted_per_source)
{
    const struct sockaddr_storage none = {.ss_family = AF_UNIX};

    begin((struct nacre_admission){.max_connections = 100,
                                   .per_source_startups = 1,
                                   .startups_full = 3,
                                   .startups_begin = 3,
                                   .penalty_min_ms = 1});
    for (int i = 0; i < 3; i++)
        ck_assert(admission_enter(a, &none, now, &tickets[i], &why));
    ck_assert(!admission_enter(a, &none, now, &tickets[3], &why));
    ck_assert_int_eq(why, NACRE_LIMIT_STARTUPS);
    for (int i = 0; i < 3; i++)
        admission_penalise(a, &tickets[i], "unix", PENALTY_AUTHFAIL, now);
    ck_assert_int_eq(admission_rank(a, &tickets[0], now), SOURCE_NEW);
    leave(0, 2);
    ck_assert(admission_enter(a, &none, now, &tickets[0], &why));
    admission_logged_in(a, &tickets[0]);
    ck_assert_int_eq(admission_rank(a, &tickets[0], now), SOURCE_NEW);
    admission_leave(a, &tickets[0]);
    admission_free(a);
}
END_TEST

/* ... so chance decides about each of them. */
START_TEST(chance_decides_about_clients_without_an_address)
{
    const struct sockaddr_storage none = {.ss_family = AF_UNIX};

    begin((struct nacre_admission){
        .max_connections = 100, .startups_full = 10, .startups_begin = 1, .startups_rate = 100});
    ck_assert(admission_enter(a, &none, now, &tickets[0], &why));
    ck_assert(!admission_enter(a, &none, now, &tickets[1], &why));
    ck_assert(enter(1, source(1)));
    leave(0, 1);
    admission_free(a);
}
END_TEST

START_TEST(connections_are_counted_until_they_are_over)
{
    begin((struct nacre_admission){.max_connections = 3});
    for (int i = 0; i < 3; i++) {
        ck_assert(enter(i, source(i)));
        admission_logged_in(a, &tickets[i]);
    }
    expect_count(3, 0);
    ck_assert(!enter(3, source(3)));
    ck_assert_int_eq(why, NACRE_LIMIT_CONNECTIONS);
    leave(3, 3); /* was never admitted */
    expect_count(3, 0);
    leave(1, 1);
    leave(1, 1); /* a second time */
    expect_count(2, 0);
    ck_assert(enter(3, source(3)));
    admission_free(a);
}
END_TEST

START_TEST(the_last_eighth_of_the_connections_is_a_reserve)
{
    begin((struct nacre_admission){.max_connections = 16});
    for (int i = 0; i < 14; i++)
        ck_assert(enter(i, source(i)));
    ck_assert(!admission_is_reserve(a));
    ck_assert(enter(14, source(14)));
    ck_assert(admission_is_reserve(a));
    leave(14, 14);
    ck_assert(!admission_is_reserve(a));
    leave(0, 13);
    admission_free(a);
    begin((struct nacre_admission){.max_connections = 7}); /* too few for one */
    for (int i = 0; i < 7; i++)
        ck_assert(enter(i, source(i)));
    ck_assert(!admission_is_reserve(a));
    leave(0, 6);
    admission_free(a);
}
END_TEST

START_TEST(startups_of_one_source_are_limited)
{
    begin((struct nacre_admission){.per_source_startups = 4});
    for (int i = 0; i < 4; i++)
        ck_assert(enter(i, "192.0.2.1"));
    ck_assert(!enter(4, "192.0.2.1"));
    ck_assert_int_eq(why, NACRE_LIMIT_SOURCE_STARTUPS);
    ck_assert(enter(5, "192.0.2.2"));
    admission_logged_in(a, &tickets[0]); /* no longer counts */
    admission_logged_in(a, &tickets[0]);
    ck_assert(enter(4, "192.0.2.1"));
    ck_assert(!enter(6, "192.0.2.1"));
    leave(1, 1);
    ck_assert(enter(6, "192.0.2.1"));
    expect_count(6, 5);
    leave(0, 6);
    expect_count(0, 0);
    admission_free(a);
}
END_TEST

/* By default /32 and /64. An IPv4-mapped IPv6 address counts as IPv4. */
START_TEST(a_source_is_a_netblock)
{
    static const struct {
        const char *one, *other;
        uint32_t v4, v6;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", 0, 0, true},
        {"192.0.2.1", "192.0.2.2", 0, 0, false},
        {"192.0.2.1", "192.0.2.2", 24, 64, true},
        {"192.0.2.1", "192.0.3.2", 24, 64, false},
        {"192.0.2.127", "192.0.2.128", 25, 64, false},
        {"192.0.2.129", "192.0.2.128", 25, 64, true},
        {"::ffff:192.0.2.1", "192.0.2.1", 0, 0, true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", 0, 0, false},
        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", 0, 0, true},
        {"2001:db8::1", "2001:db8:0:1::1", 0, 0, false},
        {"2001:db8::1", "2001:db8:0:1::1", 32, 48, true},
        {"2001:db8::1", "2001:db8::2", 32, 128, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin((struct nacre_admission){
            .per_source_startups = 1, .netblock_v4 = cases[i].v4, .netblock_v6 = cases[i].v6});
        ck_assert(enter(0, cases[i].one));
        ck_assert_msg(enter(1, cases[i].other) != cases[i].same, "case %zu", i);
        admission_free(a);
    }
}
END_TEST

/* MaxStartups 100:30:200 */
START_TEST(early_drop_spares_the_first_startup_of_a_source)
{
    int n = 0, dropped = 0;

    begin((struct nacre_admission){.startups_begin = 100,
                                   .startups_rate = 30,
                                   .startups_full = 200,
                                   .per_source_startups = NACRE_UNLIMITED});
    for (; n < 100; n++)
        ck_assert(enter(n, "192.0.2.1"));
    for (int i = 0; i < 1000; i++) {
        if (enter(n, "192.0.2.1"))
            leave(n, n);
        else
            dropped++;
    }
    ck_assert_int_gt(dropped, 200);
    ck_assert_int_lt(dropped, 400);
    for (; n < 190; n++)
        ck_assert(enter(n, source(n))); /* the first of its source */
    dropped = 0;
    for (int i = 0; i < 1000; i++) {
        if (enter(n, "192.0.2.1"))
            leave(n, n);
        else
            dropped++;
    }
    ck_assert_int_gt(dropped, 850);
    for (; n < 200; n++)
        ck_assert(enter(n, source(n)));
    ck_assert(!enter(n, source(n)));
    ck_assert_int_eq(why, NACRE_LIMIT_STARTUPS);
    admission_logged_in(a, &tickets[0]);
    ck_assert(enter(n, source(n)));
    admission_free(a);
}
END_TEST

/* One connection without a login */
static bool end_without_login(const char *from, enum penalty_reason reason)
{
    if (!enter(0, from))
        return false;
    admission_penalise(a, &tickets[0], from, reason, now);
    leave(0, 0);
    return true;
}

START_TEST(penalties_add_up_and_expire)
{
    begin((struct nacre_admission){.max_connections = 100});
    ck_assert(end_without_login("192.0.2.1", PENALTY_AUTHFAIL));
    ck_assert(end_without_login("192.0.2.1", PENALTY_AUTHFAIL));
    now += SECOND;
    ck_assert(end_without_login("192.0.2.1", PENALTY_AUTHFAIL)); /* 14 s of 15 s */
    ck_assert(end_without_login("192.0.2.1", PENALTY_NOAUTH));   /* 15 s */
    ck_assert(!enter(1, "192.0.2.1"));
    ck_assert_int_eq(why, NACRE_LIMIT_PENALTY);
    ck_assert(enter(1, "192.0.2.2")); /* another source */
    now += 15 * SECOND - 1;
    ck_assert(!enter(2, "192.0.2.1"));
    now += 1;
    ck_assert(end_without_login("192.0.2.1", PENALTY_AUTHFAIL)); /* adding up restarts */
    ck_assert(enter(2, "192.0.2.1"));
    admission_free(a);
}
END_TEST

START_TEST(penalties_have_a_minimum_and_a_maximum)
{
    begin((struct nacre_admission){.penalty_authfail_ms = 300 * SECOND,
                                   .penalty_min_ms = 1000 * SECOND,
                                   .penalty_max_ms = 1200 * SECOND});
    for (int i = 0; i < 4; i++)
        ck_assert(end_without_login("192.0.2.1", PENALTY_AUTHFAIL));
    ck_assert(!end_without_login("192.0.2.1", PENALTY_AUTHFAIL));
    now += 1200 * SECOND;
    ck_assert(enter(1, "192.0.2.1"));
    admission_free(a);
}
END_TEST

START_TEST(an_exempt_source_gets_no_penalty)
{
    begin((struct nacre_admission){.penalty_exempt = "192.0.2.0/24,2001:db8::/32"});
    for (int i = 0; i < 100; i++) {
        ck_assert(enter(0, "192.0.2.1"));
        admission_penalise(a, &tickets[0], "192.0.2.1:50000", PENALTY_AUTHFAIL, now);
        leave(0, 0);
        ck_assert(enter(0, "2001:db8::7"));
        admission_penalise(a, &tickets[0], "[2001:db8::7]:50000", PENALTY_AUTHFAIL, now);
        leave(0, 0);
    }
    for (int i = 0; i < 3; i++)
        ck_assert(end_without_login("192.0.3.1", PENALTY_AUTHFAIL));
    ck_assert(!end_without_login("192.0.3.1", PENALTY_AUTHFAIL));
    admission_free(a);
    begin((struct nacre_admission){.no_penalties = true});
    for (int i = 0; i < 100; i++)
        ck_assert(end_without_login("192.0.2.1", PENALTY_GRACE_EXCEEDED));
    admission_free(a);
}
END_TEST

/* More sources than are remembered: memory does not grow, sources with connections stay, and those
 * whose penalty ends first are forgotten. */
START_TEST(a_flood_of_sources_displaces_no_connection)
{
    begin((struct nacre_admission){.per_source_startups = 1, .startups_full = TICKETS});
    for (int i = 1; i < 50; i++)
        ck_assert(enter(i, source(i)));
    for (int i = 0; i < 300 * 1000; i++)
        (void)end_without_login(source(100 + i), PENALTY_NOAUTH);
    for (int i = 1; i < 50; i++)
        ck_assert(!enter(0, source(i)));
    expect_count(49, 49);
    leave(1, 49);
    expect_count(0, 0);
    admission_free(a);
}
END_TEST

static enum source_rank rank(int i)
{
    return admission_rank(a, &tickets[i], now);
}

START_TEST(a_source_that_has_logged_in_ranks_before_new_ones_and_those_after_failures)
{
    begin((struct nacre_admission){0});
    ck_assert(enter(0, "192.0.2.1"));
    ck_assert_int_eq(rank(0), SOURCE_NEW);
    admission_penalise(a, &tickets[0], "192.0.2.1:22", PENALTY_AUTHFAIL, now);
    ck_assert_int_eq(rank(0), SOURCE_FAILED);
    now += 5 * SECOND; /* the penalty is over */
    ck_assert_int_eq(rank(0), SOURCE_NEW);
    admission_logged_in(a, &tickets[0]);
    ck_assert_int_eq(rank(0), SOURCE_KNOWN);
    admission_penalise(a, &tickets[0], "192.0.2.1:22", PENALTY_AUTHFAIL, now);
    ck_assert_int_eq(rank(0), SOURCE_KNOWN); /* somebody there mistyped a password */
    leave(0, 0);
    ck_assert(enter(1, "192.0.2.1"));
    ck_assert(enter(2, "192.0.2.2"));
    ck_assert_int_eq(rank(1), SOURCE_KNOWN); /* a later connection too */
    ck_assert_int_eq(rank(2), SOURCE_NEW);
    leave(1, 2);
    admission_free(a);
}
END_TEST

/* ... and as many logins do not displace the penalties. */
START_TEST(strangers_do_not_displace_a_source_that_has_logged_in)
{
    unsigned penalised = 0, known = 0;

    begin((struct nacre_admission){
        .max_connections = 1000000, .startups_begin = 1000000, .startups_full = 1000000});
    ck_assert(enter(0, "192.0.2.1"));
    admission_logged_in(a, &tickets[0]);
    leave(0, 0);
    for (int i = 0; i < 200 * 1000; i++) {
        ck_assert(enter(1, source(i)));
        admission_penalise(a, &tickets[1], source(i), PENALTY_GRACE_EXCEEDED, now);
        leave(1, 1);
    }
    ck_assert(enter(0, "192.0.2.1"));
    ck_assert_int_eq(rank(0), SOURCE_KNOWN);
    leave(0, 0);
    for (int i = 200 * 1000; i < 400 * 1000; i++) {
        ck_assert(enter(1, source(i)));
        admission_logged_in(a, &tickets[1]);
        leave(1, 1);
    }
    for (int i = 0; i < 200 * 1000; i++) {
        ck_assert(enter(1, source(i)));
        penalised += rank(1) == SOURCE_FAILED;
        leave(1, 1);
    }
    ck_assert_uint_gt(penalised, 65536 / 4);
    for (int i = 200 * 1000; i < 400 * 1000; i++) {
        ck_assert(enter(1, source(i)));
        known += rank(1) == SOURCE_KNOWN;
        ck_assert(i < 400 * 1000 - 100 || rank(1) == SOURCE_KNOWN); /* the latest logins */
        leave(1, 1);
    }
    ck_assert_uint_gt(known, 65536 / 2 - 1000); /* half of all, except in sets with few logins */
    ck_assert_uint_le(known, 65536 / 2);
    admission_free(a);
}
END_TEST

START_TEST(the_defaults_are_those_of_the_manual)
{
    const struct nacre_admission c = admission_resolve(&(struct nacre_admission){0});

    ck_assert_uint_eq(c.max_connections, 65536);
    ck_assert_uint_eq(c.startups_begin, 100);
    ck_assert_uint_eq(c.startups_rate, 30);
    ck_assert_uint_eq(c.startups_full, 1000);
    ck_assert_uint_eq(c.per_source_startups, 64);
    ck_assert_uint_eq(c.netblock_v4, 32);
    ck_assert_uint_eq(c.netblock_v6, 64);
    ck_assert_uint_eq(c.penalty_authfail_ms, 5 * SECOND);
    ck_assert_uint_eq(c.penalty_noauth_ms, 1 * SECOND);
    ck_assert_uint_eq(c.penalty_grace_exceeded_ms, 10 * SECOND);
    ck_assert_uint_eq(c.penalty_min_ms, 15 * SECOND);
    ck_assert_uint_eq(c.penalty_max_ms, 600 * SECOND);
}
END_TEST

START_TEST(a_source_has_a_number_of_its_own)
{
    static const char *const others[] = {"2.0.192.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"};
    uint64_t numbers[4];

    begin((struct nacre_admission){.netblock_v6 = 128});
    ck_assert(enter(0, "192.0.2.1"));
    ck_assert_uint_eq(tickets[0].key[0], 4);
    ck_assert_uint_eq(admission_source(&tickets[0]), UINT64_C(0xbe59371270a28b1e)); /* FNV-1a */
    for (int i = 0; i < 4; i++) {
        ck_assert(enter(i + 1, others[i]));
        numbers[i] = admission_source(&tickets[i + 1]);
        ck_assert(numbers[i] != admission_source(&tickets[0]));
    }
    ck_assert_uint_eq(tickets[3].key[0], 6);
    ck_assert(numbers[2] != numbers[3]);
    leave(0, 4);
    admission_free(a);
}
END_TEST

/* Its ticket may have been another connection's before. */
START_TEST(a_refused_connection_counts_as_nothing)
{
    begin((struct nacre_admission){.per_source_startups = 1});
    ck_assert(enter(0, "192.0.2.1"));
    tickets[1] = (struct ticket){.admitted = true, .starting = true, .of_source = true};
    ck_assert(!enter(1, "192.0.2.1"));
    for (int i = 0; i < 3; i++)
        admission_penalise(a, &tickets[1], "192.0.2.1:22", PENALTY_AUTHFAIL, now);
    leave(1, 1);
    expect_count(1, 1);
    leave(0, 0);
    ck_assert(enter(0, "192.0.2.1"));
    leave(0, 0);
    admission_free(a);
}
END_TEST

/* ... even when less than the minimum of it is left. */
START_TEST(a_penalty_lasts_until_its_end)
{
    begin((struct nacre_admission){0});
    ck_assert(enter(0, "192.0.2.1") && enter(1, "192.0.2.1"));
    for (int i = 0; i < 3; i++)
        admission_penalise(a, &tickets[0], "192.0.2.1:22", PENALTY_AUTHFAIL, now);
    now += 14 * SECOND;
    admission_penalise(a, &tickets[1], "192.0.2.1:22", PENALTY_NOAUTH, now);
    leave(0, 1);
    now += 2 * SECOND - 1;
    ck_assert(!enter(0, "192.0.2.1"));
    ck_assert_int_eq(why, NACRE_LIMIT_PENALTY);
    now++;
    ck_assert(enter(0, "192.0.2.1"));
    leave(0, 0);
    admission_free(a);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_source_that_has_logged_in_ranks_before_new_ones_and_those_after_failures);
    add_test(suite, strangers_do_not_displace_a_source_that_has_logged_in);
    add_test(suite, clients_without_an_address_are_not_counted_per_source);
    add_test(suite, chance_decides_about_clients_without_an_address);
    add_test(suite, connections_are_counted_until_they_are_over);
    add_test(suite, the_last_eighth_of_the_connections_is_a_reserve);
    add_test(suite, startups_of_one_source_are_limited);
    add_test(suite, a_source_is_a_netblock);
    add_test(suite, early_drop_spares_the_first_startup_of_a_source);
    add_test(suite, penalties_add_up_and_expire);
    add_test(suite, penalties_have_a_minimum_and_a_maximum);
    add_test(suite, an_exempt_source_gets_no_penalty);
    add_test(suite, a_flood_of_sources_displaces_no_connection);
    add_test(suite, the_defaults_are_those_of_the_manual);
    add_test(suite, a_source_has_a_number_of_its_own);
    add_test(suite, a_refused_connection_counts_as_nothing);
    add_test(suite, a_penalty_lasts_until_its_end);
}
