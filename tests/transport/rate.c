/* Token buckets, and the defaults of limits. */
#include "tests/support/suite.h"
#include "transport/rate.h"

START_TEST(a_burst_passes_at_once_and_the_next_waits_for_its_token)
{
    const struct nacre_rate rate = {3, 60}; /* a token per second */
    uint64_t bucket = 0;

    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(rate_take(&bucket, rate, 5000), 0);
    ck_assert_uint_eq(rate_take(&bucket, rate, 5000), 6000);
    ck_assert_uint_eq(rate_take(&bucket, rate, 5000), 7000); /* it counted too */
}
END_TEST

START_TEST(a_bucket_fills_up_to_its_burst_and_no_further)
{
    const struct nacre_rate rate = {3, 60};
    uint64_t bucket = 0;

    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(rate_take(&bucket, rate, 5000), 0);
    ck_assert_uint_eq(rate_take(&bucket, rate, 6000), 0);
    for (int i = 0; i < 3; i++) /* an hour later */
        ck_assert_uint_eq(rate_take(&bucket, rate, 3600 * 1000), 0);
    ck_assert_uint_gt(rate_take(&bucket, rate, 3600 * 1000), 3600 * 1000);
}
END_TEST

START_TEST(a_steady_stream_at_the_rate_never_waits)
{
    const struct nacre_rate rate = {1, 6000}; /* a token every 10 ms */
    uint64_t bucket = 0;

    for (uint64_t ms = 1; ms < 100000; ms += 10)
        ck_assert_uint_eq(rate_take(&bucket, rate, ms), 0);
    ck_assert_uint_gt(rate_take(&bucket, rate, 100000), 100000);
}
END_TEST

START_TEST(a_burst_of_0_is_no_limit)
{
    uint64_t bucket = 0;

    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(rate_take(&bucket, (struct nacre_rate){0, 0}, 1), 0);
}
END_TEST

START_TEST(zero_means_the_default_of_the_role)
{
    struct nacre_limits server = {0}, client = {0};

    limits_resolve(&server, NACRE_SERVER);
    limits_resolve(&client, NACRE_CLIENT);
    ck_assert_uint_gt(server.handshake_ms, 0);
    ck_assert_uint_gt(server.auth_delay_ms, 0);
    ck_assert_uint_eq(client.handshake_ms, 0);
    ck_assert_uint_eq(client.auth_delay_ms, 0);
    ck_assert_uint_gt(server.keepalive_count, 0);
    for (int i = 0; i < NACRE_RATES; i++) {
        ck_assert_uint_gt(server.rates[i].burst, 0);
        ck_assert_uint_gt(server.rates[i].per_minute, 0);
        ck_assert_uint_eq(client.rates[i].burst,
                          i == NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS ? server.rates[i].burst : 0);
    }
}
END_TEST

START_TEST(a_server_has_the_rates_that_its_manual_names)
{
    static const struct nacre_rate rates[NACRE_RATES] = {
        [NACRE_LIMIT_OPENS - NACRE_LIMIT_OPENS] = {1000, 60000},
        [NACRE_LIMIT_REQUESTS - NACRE_LIMIT_OPENS] = {1000, 60000},
        [NACRE_LIMIT_GLOBALS - NACRE_LIMIT_OPENS] = {200, 600},
        [NACRE_LIMIT_PROOFS - NACRE_LIMIT_OPENS] = {4, 4},
        [NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = {100, 3000},
    };
    struct nacre_limits limits = {0};

    limits_resolve(&limits, NACRE_SERVER);
    ck_assert_uint_eq(limits.handshake_ms, 10000);
    ck_assert_uint_eq(limits.auth_delay_ms, 250);
    ck_assert_uint_eq(limits.keepalive_count, 3);
    for (int i = 0; i < NACRE_RATES; i++) {
        ck_assert_uint_eq(limits.rates[i].burst, rates[i].burst);
        ck_assert_uint_eq(limits.rates[i].per_minute, rates[i].per_minute);
    }
}
END_TEST

START_TEST(unlimited_becomes_0_and_other_values_stay)
{
    struct nacre_limits limits = {.handshake_ms = NACRE_UNLIMITED,
                                  .auth_delay_ms = 7,
                                  .window = 1,
                                  .rates = {{NACRE_UNLIMITED, 5}, {5, 0}, {2, 3}}};

    limits_resolve(&limits, NACRE_SERVER);
    ck_assert_uint_eq(limits.handshake_ms, 0);
    ck_assert_uint_eq(limits.auth_delay_ms, 7);
    ck_assert_uint_eq(limits.window, 64 * 1024); /* the least */
    ck_assert_uint_eq(limits.rates[0].burst, 0);
    ck_assert_uint_eq(limits.rates[1].burst, 0);
    ck_assert_uint_eq(limits.rates[2].burst, 2);
    ck_assert_uint_eq(limits.rates[2].per_minute, 3);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_burst_passes_at_once_and_the_next_waits_for_its_token);
    add_test(suite, a_bucket_fills_up_to_its_burst_and_no_further);
    add_test(suite, a_steady_stream_at_the_rate_never_waits);
    add_test(suite, a_burst_of_0_is_no_limit);
    add_test(suite, zero_means_the_default_of_the_role);
    add_test(suite, a_server_has_the_rates_that_its_manual_names);
    add_test(suite, unlimited_becomes_0_and_other_values_stay);
}
