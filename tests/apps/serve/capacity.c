/* How many sessions the limits of the system allow. */
#include "apps/serve/capacity.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>
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
        /* A descriptor fewer or more would make another number. */
        {{.descriptors = 48 + 9, .processes = 32768, .workers = 1, .connections = 1}, 2},
        {{.descriptors = 48 + 12, .processes = 32768, .workers = 1, .connections = 1}, 2},
        {{.descriptors = 96 + 9, .processes = 32768, .workers = 4, .connections = 1}, 2},
        {{.descriptors = 96 + 12, .processes = 32768, .workers = 4, .connections = 1}, 2},
        {{.descriptors = 48 + 25, .processes = 32768, .workers = 1, .connections = 1}, 6},
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

static void folder(const char *name)
{
    ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
}

static uint64_t allowed(const char *groups)
{
    return capacity_of_cgroup(scratch_write("groups", groups, 0600), scratch_path("."));
}

START_TEST(a_group_and_those_above_it_limit_the_processes)
{
    folder("a");
    folder("a/b");
    (void)scratch_write("a/pids.max", "200\n", 0600);
    (void)scratch_write("a/b/pids.max", "max\n", 0600);
    ck_assert_uint_eq(allowed("0::/a/b\n"), 200);
    ck_assert_uint_eq(allowed("0::/a\n"), 200);
    ck_assert_uint_eq(allowed("0::/\n"), UINT64_MAX);
    (void)scratch_write("a/b/pids.max", "199\n", 0600);
    ck_assert_uint_eq(allowed("0::/a/b\n"), 199);
    (void)scratch_write("pids.max", "50\n", 0600); /* a container's own group is the root */
    ck_assert_uint_eq(allowed("0::/\n"), 50);
    ck_assert_uint_eq(allowed("0::/nowhere/here\n"), 50);
}
END_TEST

START_TEST(version_1_has_a_tree_for_processes)
{
    folder("pids");
    folder("pids/a");
    (void)scratch_write("pids/a/pids.max", "77\n", 0600);
    (void)scratch_write("pids.max", "5\n", 0600); /* version 2 alone reads it */
    ck_assert_uint_eq(allowed("9:name=systemd:/\n8:pids:/a\n7:blkio:/a\n"), 77);
    ck_assert_uint_eq(allowed("10::/\n"), UINT64_MAX);
    ck_assert_uint_eq(allowed("8:pids:/a\n0::/\n"), 5);
    ck_assert_uint_eq(allowed("0:x:/a\n"), UINT64_MAX);
    ck_assert_uint_eq(allowed(""), UINT64_MAX);
    ck_assert_uint_eq(capacity_of_cgroup(scratch_path("none"), scratch_path(".")), UINT64_MAX);
}
END_TEST

START_TEST(the_lowest_limit_of_processes_counts)
{
    struct rlimit limit;
    uint64_t before = capacity_processes();
    char *system;

    ck_assert_uint_ge(before, 1);
    ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &limit), 0);
    ck_assert_uint_le(before, limit.rlim_cur);
    system = scratch_read("/proc/sys/kernel/pid_max");
    ck_assert_uint_le(before, strtoull(system, NULL, 10));
    free(system);
    limit.rlim_cur = before - 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
    ck_assert_uint_eq(capacity_processes(), before - 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, sessions_share_the_descriptors_with_connections);
    add_test(suite, a_group_and_those_above_it_limit_the_processes);
    add_test(suite, version_1_has_a_tree_for_processes);
    add_test(suite, the_lowest_limit_of_processes_counts);
}
