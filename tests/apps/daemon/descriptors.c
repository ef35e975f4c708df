/* The server's own limit of descriptors, and the one that its programs get back. */
#include "apps/daemon/descriptors.h"
#include "tests/support/suite.h"

START_TEST(the_limit_is_raised_and_what_it_was_is_known)
{
    struct rlimit before, now;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_gt(before.rlim_max, 100);
    before.rlim_cur = 100;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_ptr_null(descriptors_inherited());
    ck_assert_uint_eq(descriptors_limit(), 100);
    for (int i = 0; i < 2; i++) { /* once more changes nothing */
        descriptors_raise();
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
        ck_assert_uint_eq(now.rlim_cur, before.rlim_max);
        ck_assert_uint_eq(now.rlim_max, before.rlim_max);
        ck_assert_uint_eq(descriptors_limit(), before.rlim_max);
        ck_assert_ptr_nonnull(descriptors_inherited());
        ck_assert_uint_eq(descriptors_inherited()->rlim_cur, 100);
        ck_assert_uint_eq(descriptors_inherited()->rlim_max, before.rlim_max);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_limit_is_raised_and_what_it_was_is_known);
}
