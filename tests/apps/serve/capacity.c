/* How many sessions the limits of the system allow. */
#include "apps/serve/capacity.h"
#include "tests/support/suite.h"

#include <sys/resource.h>

START_TEST(sessions_share_the_descriptors_with_connections)
{
    const struct {
        struct capacity_limits limits;
        uint32_t sessions;
    } rows[] = {
        {{.descriptors = 1024, .processes = 32768, .workers = 1}, 195}, /* (1024 - 48) / 5 */
        {{.descriptors = 1024, .processes = 32768, .workers = 4}, 185},
        {{.descriptors = 1024, .processes = 32768, .workers = 1, .connections = 100}, 219},
        {{.descriptors = 1024, .processes = 32768, .workers = 1, .connections = 100000}, 195},
        {{.descriptors = 1024, .processes = 100, .workers = 1}, 50},
        {{.descriptors = 524288, .processes = 32768, .workers = 1}, 16384},
        {{.descriptors = UINT64_MAX, .processes = UINT64_MAX, .workers = 1}, 1000000},
        {{.descriptors = 58, .processes = 32768, .workers = 1}, 2},
        {{.descriptors = 52, .processes = 32768, .workers = 1}, 1},
        {{.descriptors = 48, .processes = 32768, .workers = 1}, 1},
        {{.descriptors = 3, .processes = 1, .workers = 1}, 1},
        {{.descriptors = 0, .processes = 0, .workers = 0}, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_uint_eq(capacity_sessions(&rows[i].limits), rows[i].sessions);
}
END_TEST

START_TEST(the_lowest_limit_of_processes_counts)
{
    struct rlimit limit;
    uint64_t before = capacity_processes();

    ck_assert_uint_ge(before, 1);
    ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &limit), 0);
    ck_assert_uint_le(before, limit.rlim_cur);
    limit.rlim_cur = before - 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
    ck_assert_uint_eq(capacity_processes(), before - 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, sessions_share_the_descriptors_with_connections);
    add_test(suite, the_lowest_limit_of_processes_counts);
}
