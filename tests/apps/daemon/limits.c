#include "apps/daemon/limits.h"
#include "tests/support/suite.h"
#include "transport/rate.h"

#include <stdio.h>
#include <string.h>

static char errbuf[OPTION_SENTENCE_MAX];

static const struct option_row *row_of(const char *name)
{
    const struct option_row *row = limit_options.rows;

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    ck_assert_ptr_nonnull(row->name);
    return row;
}

static bool take(struct limit_options *c, const char *name, const char *value)
{
    errbuf[0] = 0;
    return option_set(row_of(name), c, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(each_option_sets_its_limit)
{
    struct limit_options c = {0};
    const struct nacre_admission *p = &c.admission;
    const char *const good[][2] = {
        {"max-connections", "77"},
        {"max-startups", "5:40:60"},
        {"per-source-max-startups", "9"},
        {"per-source-net-block-size", "24:56"},
        {"per-source-penalties", "min:1,authfail:2,noauth:3,grace-exceeded:4,max:5"},
        {"per-source-penalty-exempt-list", "10.0.0.0/8"},
        {"proxy-from", "192.0.2.1"},
        {"handshake-time", "11"},
        {"login-grace-time", "12"},
        {"max-auth-tries", "13"},
        {"auth-delay", "14"},
        {"max-sessions", "15"},
        {"max-window", "2"},
        {"max-memory", "3G"},
        {"per-user-max-memory", "256K"},
        {"rate-limits", "rekeys:1/2,opens:3/4"},
        {"keepalive", "16,17"},
        {"keepalive-count", "19"},
        {"idle-timeout", "18"},
    };

    size_t rows = 0;

    while (limit_options.rows[rows].name != NULL)
        rows++;
    ck_assert_uint_eq(sizeof good / sizeof good[0], rows);
    for (size_t i = 0; i < rows; i++)
        ck_assert_msg(take(&c, good[i][0], good[i][1]), "%s", errbuf);
    ck_assert_uint_eq(c.admission.max_connections, 77);
    ck_assert_str_eq(c.admission.proxy_from, "192.0.2.1");
    ck_assert_uint_eq(c.admission.startups_begin, 5);
    ck_assert_uint_eq(c.admission.startups_rate, 40);
    ck_assert_uint_eq(c.admission.startups_full, 60);
    ck_assert_uint_eq(c.admission.per_source_startups, 9);
    ck_assert_uint_eq(c.admission.netblock_v4, 24);
    ck_assert_uint_eq(c.admission.netblock_v6, 56);
    ck_assert_uint_eq(p->penalty_min_ms, 1000);
    ck_assert_uint_eq(p->penalty_authfail_ms, 2000);
    ck_assert_uint_eq(p->penalty_noauth_ms, 3000);
    ck_assert_uint_eq(p->penalty_grace_exceeded_ms, 4000);
    ck_assert_uint_eq(p->penalty_max_ms, 5000);
    ck_assert_str_eq(c.admission.penalty_exempt, "10.0.0.0/8");
    ck_assert_uint_eq(c.limits.handshake_ms, 11000);
    ck_assert_uint_eq(c.login_grace_ms, 12000);
    ck_assert_uint_eq(c.limits.auth_tries, 13);
    ck_assert_uint_eq(c.limits.auth_delay_ms, 14);
    ck_assert_uint_eq(c.channels_max, 15);
    ck_assert_uint_eq(c.limits.window, 2 * 1024 * 1024);
    ck_assert_uint_eq(c.max_memory, UINT64_C(3) << 30);
    ck_assert_uint_eq(c.per_user_max_memory, 256 * 1024);
    ck_assert_uint_eq(c.limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS].burst, 1);
    ck_assert_uint_eq(c.limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS].per_minute, 2);
    ck_assert_uint_eq(c.limits.rates[0].burst, 3);
    ck_assert_uint_eq(c.limits.rates[1].burst, 0);
    ck_assert_uint_eq(c.limits.keepalive_ms, 16000);
    ck_assert_uint_eq(c.limits.keepalive_count, 17);
    ck_assert_uint_eq(c.keepalive_count, 19);
    ck_assert_uint_eq(c.limits.idle_ms, 18000);
    ck_assert(take(&c, "max-startups", "8"));
    ck_assert_uint_eq(c.admission.startups_begin, 8);
    ck_assert_uint_eq(c.admission.startups_full, 8);
    ck_assert(take(&c, "per-source-max-startups", "none"));
    ck_assert(take(&c, "rate-limits", "no"));
    ck_assert_uint_eq(c.limits.rates[4].burst, NACRE_UNLIMITED);
    ck_assert(take(&c, "per-source-penalties", "no"));
    ck_assert(p->no_penalties);
    ck_assert(take(&c, "handshake-time", "0"));
    ck_assert_uint_eq(c.limits.handshake_ms, NACRE_UNLIMITED);
}
END_TEST

START_TEST(times_and_sizes_may_have_units)
{
    struct limit_options c = {0};
    const struct nacre_admission *p = &c.admission;
    const char *const good[][2] = {
        {"per-source-penalties", "min:1m,authfail:2s,noauth:3,grace-exceeded:1m30s,max:1h"},
        {"handshake-time", "1m10s"},
        {"login-grace-time", "2m"},
        {"auth-delay", "1s"},
        {"max-window", "1536k"},
        {"keepalive", "2m,5"},
        {"idle-timeout", "1h30m"},
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(take(&c, good[i][0], good[i][1]), "%s", errbuf);
    ck_assert_uint_eq(p->penalty_min_ms, 60000);
    ck_assert_uint_eq(p->penalty_authfail_ms, 2000);
    ck_assert_uint_eq(p->penalty_noauth_ms, 3000);
    ck_assert_uint_eq(p->penalty_grace_exceeded_ms, 90000);
    ck_assert_uint_eq(p->penalty_max_ms, 3600000);
    ck_assert_uint_eq(c.limits.handshake_ms, 70000);
    ck_assert_uint_eq(c.login_grace_ms, 120000);
    ck_assert_uint_eq(c.limits.auth_delay_ms, 1000);
    ck_assert_uint_eq(c.limits.window, 1536 * 1024);
    ck_assert_uint_eq(c.limits.keepalive_ms, 120000);
    ck_assert_uint_eq(c.limits.keepalive_count, 5);
    ck_assert_uint_eq(c.limits.idle_ms, 5400000);
    ck_assert(take(&c, "keepalive", "0"));
    ck_assert_uint_eq(c.limits.keepalive_ms, 0);
    ck_assert(take(&c, "handshake-time", "0s"));
    ck_assert_uint_eq(c.limits.handshake_ms, NACRE_UNLIMITED);
    ck_assert(take(&c, "auth-delay", "0s"));
    ck_assert_uint_eq(c.limits.auth_delay_ms, NACRE_UNLIMITED);
}
END_TEST

START_TEST(values_that_make_no_sense_are_refused)
{
    struct limit_options c = {0};
    const char *const bad[][2] = {
        {"max-connections", "0"},
        {"max-connections", "-1"},
        {"max-connections", "1x"},
        {"max-connections", "99999999999999999999"},
        {"max-startups", ""},
        {"max-startups", "10:30"},
        {"max-startups", "10:101:20"},
        {"max-startups", "10:30:9"},
        {"max-startups", "10:30:20x"},
        {"per-source-max-startups", "0"},
        {"per-source-net-block-size", "32"},
        {"per-source-net-block-size", "33:64"},
        {"per-source-net-block-size", "32:129"},
        {"per-source-penalties", ""},
        {"per-source-penalties", "yes"},
        {"per-source-penalties", "authfail:"},
        {"per-source-penalties", "authfail:5,"},
        {"per-source-penalties", "authfail:5 noauth:1"},
        {"per-source-penalty-exempt-list", ""},
        {"handshake-time", "ten"},
        {"login-grace-time", "0"},
        {"max-auth-tries", "0"},
        {"max-auth-tries", "101"},
        {"auth-delay", "60001"},
        {"auth-delay", "61s"},
        {"login-grace-time", "0s"},
        {"login-grace-time", "25h"},
        {"login-grace-time", "1h 30m"},
        {"login-grace-time", "10k"},
        {"max-window", "1023k"},
        {"max-window", "2m3"},
        {"per-source-penalties", "authfail:5x"},
        {"per-source-penalties", "authfail:25h"},
        {"keepalive", "25h"},
        {"max-sessions", "0"},
        {"max-window", "0"},
        {"max-window", "1025"},
        {"max-memory", "255K"},
        {"max-memory", "1048577G"},
        {"per-user-max-memory", "1Q"},
        {"rate-limits", "opens"},
        {"rate-limits", "opens:1"},
        {"rate-limits", "opens:1/0"},
        {"rate-limits", "open:1/1"},
        {"rate-limits", "opens:1/1,"},
        {"keepalive", "x"},
        {"keepalive", "5,"},
        {"keepalive", "5,0"},
        {"idle-timeout", "-5"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char begin[128];

        ck_assert_msg(!take(&c, bad[i][0], bad[i][1]), "--%s %s", bad[i][0], bad[i][1]);
        (void)snprintf(begin, sizeof begin, "--%s: ", bad[i][0]);
        ck_assert_msg(strncmp(errbuf, begin, strlen(begin)) == 0, "%s", errbuf);
        ck_assert_ptr_nonnull(strstr(errbuf, bad[i][1]));
    }
}
END_TEST

/* The numbers in values of several parts; those of one number are in tests/apps/options/ranges.c.
 */
START_TEST(each_part_is_taken_up_to_its_limits_and_not_beyond)
{
    struct limit_options c = {0};
    const char *const parts[][5] = {
        {"max-startups", "0", "1", "1000000", "1000001"},
        {"max-startups", "5:0:9", "5:1:9", "5:100:9", "5:101:9"},
        {"max-startups", "5:30:4", "5:30:5", "5:30:1000000", "5:30:1000001"},
        {"per-source-net-block-size", "0:64", "1:64", "32:64", "33:64"},
        {"per-source-net-block-size", "32:0", "32:1", "32:128", "32:129"},
        {"per-source-penalties", "min:0", "min:1", "min:86400", "min:86401"},
        {"per-source-penalties", "max:0s", "max:1s", "max:24h", "max:24h1s"},
        {"rate-limits", "opens:0/1", "opens:1/1", "opens:1000000/1", "opens:1000001/1"},
        {"rate-limits", "rekeys:1/0", "rekeys:1/1", "rekeys:1/100000", "rekeys:1/100001"},
        {"keepalive", "-1", "0", "86400", "86401"},
        {"keepalive", "1,0", "1,1", "1,1000", "1,1001"},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *const *p = parts[i];

        ck_assert_msg(!take(&c, p[0], p[1]), "--%s %s", p[0], p[1]);
        ck_assert_msg(take(&c, p[0], p[2]), "--%s %s", p[0], p[2]);
        ck_assert_msg(take(&c, p[0], p[3]), "--%s %s", p[0], p[3]);
        ck_assert_msg(!take(&c, p[0], p[4]), "--%s %s", p[0], p[4]);
    }
    ck_assert(take(&c, "keepalive-count", "4"));
    ck_assert(take(&c, "keepalive", "7,5"));
    ck_assert_uint_eq(c.limits.keepalive_count, 5);
    ck_assert(take(&c, "keepalive", "7"));
    ck_assert_uint_eq(c.limits.keepalive_count, 0);
    ck_assert_uint_eq(c.keepalive_count, 4);
    ck_assert(take(&c, "max-startups", "8"));
    ck_assert_uint_eq(c.admission.startups_rate, 100);
}
END_TEST

/* What --help calls the default is the library's own default, as far as sessions have it. */
START_TEST(the_defaults_are_those_of_the_library)
{
    struct limit_options c = {0};
    struct nacre_limits standard = {0};

    for (const struct option_row *row = limit_options.rows; row->name != NULL; row++)
        if (row->default_value != NULL)
            ck_assert_msg(
                option_set(row, &c, row->default_value, &(struct errbuf){errbuf, sizeof errbuf}),
                "%s", errbuf);
    limits_resolve(&c.limits, NACRE_SERVER);
    limits_resolve(&standard, NACRE_SERVER);
    ck_assert_uint_eq(c.limits.handshake_ms, standard.handshake_ms);
    ck_assert_uint_eq(c.limits.auth_delay_ms, standard.auth_delay_ms);
    ck_assert_uint_eq(c.limits.auth_tries, standard.auth_tries == 0 ? 6 : standard.auth_tries);
    ck_assert_uint_eq(c.limits.window, standard.window);
    ck_assert_mem_eq(c.limits.rates, standard.rates, sizeof standard.rates);
    ck_assert_uint_eq(c.limits.keepalive_ms, standard.keepalive_ms);
    ck_assert_uint_eq(c.keepalive_count, standard.keepalive_count);
    ck_assert_uint_eq(c.limits.idle_ms, standard.idle_ms);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_option_sets_its_limit);
    add_test(suite, times_and_sizes_may_have_units);
    add_test(suite, values_that_make_no_sense_are_refused);
    add_test(suite, each_part_is_taken_up_to_its_limits_and_not_beyond);
    add_test(suite, the_defaults_are_those_of_the_library);
}
