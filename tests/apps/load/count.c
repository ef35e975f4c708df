/* What nacre-load counts. */
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static uint64_t now_ns;

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
OWN(uint64_t, clock_now_ns, void)
{
    return now_ns;
}

START_TEST(samples_are_kept_in_microseconds)
{
    static const struct {
        uint64_t ns;
        uint32_t us;
    } rows[] = {
        {0, 0},
        {499, 0},
        {500, 1},
        {1499, 1},
        {1500, 2},
        {UINT64_C(4294967295499), UINT32_MAX},
        {UINT64_C(4294967296000), UINT32_MAX},
        {UINT64_C(9999999999999), UINT32_MAX},
    };
    struct load load = {.samples = NULL};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        now_ns = 77 + rows[i].ns;
        load_sample(&load, 77);
        ck_assert_uint_eq(load.samples[i], rows[i].us);
    }
    free(load.samples);
}
END_TEST

/* The blocks of 1024, 2048 and 4096 samples are filled to their last place: leftovers.c notices
 * what is written after it. */
START_TEST(every_sample_finds_a_place)
{
    static const size_t counts[] = {1023, 1024, 1025, 2048, 2049, 5000};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct load load = {.samples = NULL};

        for (now_ns = 0; now_ns < counts[i] * 1000; now_ns += 1000)
            load_sample(&load, 0);
        ck_assert_uint_eq(load.sample_count, counts[i]);
        for (size_t k = 0; k < counts[i]; k++)
            ck_assert_uint_eq(load.samples[k], k);
        free(load.samples);
    }
}
END_TEST

START_TEST(a_sample_without_memory_is_lost)
{
    struct load load = {.samples = NULL};

    leftovers_refuse(1);
    load_sample(&load, 0);
    ck_assert_uint_eq(load.sample_count, 0);
    ck_assert_ptr_null(load.samples);
    load_sample(&load, 0);
    ck_assert_uint_eq(load.sample_count, 1);
    free(load.samples);
}
END_TEST

START_TEST(a_unit_that_is_done_sets_the_end)
{
    struct load load = {.last_ns = 0};
    struct load_job job = {.load = &load};

    now_ns = 12345;
    load_done(&job);
    ck_assert(job.counted);
    ck_assert_uint_eq(load.done, 1);
    ck_assert_uint_eq(load.failed, 0);
    ck_assert_uint_eq(load.last_ns, 12345);
}
END_TEST

START_TEST(the_first_failure_is_told_and_the_tenth_ends_a_run_without_success)
{
    struct load load = {.done = 0}, good = {.done = 1};

    for (unsigned i = 0; i < 10; i++) {
        now_ns = 100 + i;
        ck_assert(!load.giving_up);
        load_failed(&load, i == 0 ? "first" : "later");
        load_failed(&good, "x");
        ck_assert_uint_eq(load.last_ns, 100 + i);
    }
    ck_assert(load.giving_up);
    ck_assert(!good.giving_up);
    ck_assert_uint_eq(load.failed, 10);
    ck_assert_str_eq(load.errbuf, "first");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, samples_are_kept_in_microseconds);
    add_test(suite, every_sample_finds_a_place);
    add_test(suite, a_sample_without_memory_is_lost);
    add_test(suite, a_unit_that_is_done_sets_the_end);
    add_test(suite, the_first_failure_is_told_and_the_tenth_ends_a_run_without_success);
}
