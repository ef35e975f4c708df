#include "apps/load/clock.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <time.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    *now = (struct timespec){.tv_sec = clock == CLOCK_MONOTONIC ? 5000000000 : 0, .tv_nsec = 7};
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(the_time_is_in_nanoseconds)
{
    ck_assert_uint_eq(clock_now_ns(), UINT64_C(5000000000000000007));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_time_is_in_nanoseconds);
}
