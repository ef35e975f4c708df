/* What nacre-load counts. */
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "tests/support/scratch.h"

#include <stdlib.h>

START_TEST(samples_are_kept_in_microseconds)
{
    struct load load = {.samples = NULL};
    uint64_t now = clock_now_ns();

    load_sample(&load, now - 5000000000); /* 5 s ago, and the time that this took */
    ck_assert_uint_ge(load.samples[0], 5000000);
    ck_assert_uint_lt(load.samples[0], 65000000);
    load_sample(&load, now - 5000 * UINT64_C(1000000000)); /* more than 32 bits */
    ck_assert_uint_eq(load.samples[1], UINT32_MAX);
    for (size_t i = 2; i < 5000; i++)
        load_sample(&load, clock_now_ns());
    ck_assert_uint_eq(load.sample_count, 5000);
    ck_assert_uint_ge(load.sample_room, 5000);
    ck_assert_uint_ge(load.samples[0], 5000000);
    ck_assert_uint_eq(load.samples[1], UINT32_MAX);
    free(load.samples);
}
END_TEST

START_TEST(a_unit_that_is_done_sets_the_end)
{
    struct load load = {.last_ns = 0};
    struct load_job job = {.load = &load};
    uint64_t before = clock_now_ns();

    load_done(&job);
    ck_assert(job.counted);
    ck_assert_uint_eq(load.done, 1);
    ck_assert_uint_eq(load.failed, 0);
    ck_assert_uint_ge(load.last_ns, before);
    ck_assert_uint_le(load.last_ns, clock_now_ns());
}
END_TEST

START_TEST(the_first_failure_is_told_and_the_tenth_ends_a_run_without_success)
{
    struct load load = {.done = 0}, good = {.done = 1};
    uint64_t before = clock_now_ns();

    for (int i = 0; i < 10; i++) {
        ck_assert(!load.giving_up);
        load_failed(&load, i == 0 ? "first" : "later");
        load_failed(&good, "x");
    }
    ck_assert(load.giving_up);
    ck_assert(!good.giving_up);
    ck_assert_uint_eq(load.failed, 10);
    ck_assert_str_eq(load.errbuf, "first");
    ck_assert_uint_ge(load.last_ns, before);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, samples_are_kept_in_microseconds);
    add_test(suite, a_unit_that_is_done_sets_the_end);
    add_test(suite, the_first_failure_is_told_and_the_tenth_ends_a_run_without_success);
}
