/* The memory of the machine, and limits of cgroups in made-up trees. */
#include "apps/server/machine_memory.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void folder(const char *name)
{
    ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
}

static uint64_t limit(const char *groups)
{
    return machine_memory_of_cgroup(scratch_write("groups", groups, 0600), scratch_path("."));
}

START_TEST(the_least_limit_on_the_way_to_the_root_counts)
{
    folder("a");
    folder("a/b");
    folder("c");
    (void)scratch_write("a/memory.max", "1000\n", 0600);
    (void)scratch_write("a/b/memory.max", "2000\n", 0600);
    (void)scratch_write("c/memory.max", "max\n", 0600);
    ck_assert_uint_eq(limit("0::/a/b\n"), 1000);
    (void)scratch_write("a/b/memory.max", "999\n", 0600);
    ck_assert_uint_eq(limit("0::/a/b\n"), 999);
    ck_assert_uint_eq(limit("0::/a\n"), 1000);
    ck_assert_uint_eq(limit("0::/c\n"), UINT64_MAX);
    ck_assert_uint_eq(limit("0::/\n"), UINT64_MAX);
    (void)scratch_write("memory.max", "500\n",
                        0600); /* a container sees its own group as the root */
    ck_assert_uint_eq(limit("0::/nowhere/here\n"), 500);
    ck_assert_uint_eq(limit("0::/\n"), 500);
}
END_TEST

START_TEST(version_1_has_a_tree_of_its_own)
{
    folder("memory");
    folder("memory/a");
    (void)scratch_write("memory/memory.limit_in_bytes", "9223372036854771712\n", 0600);
    (void)scratch_write("memory/a/memory.limit_in_bytes", "12345\n", 0600);
    ck_assert_uint_eq(limit("7:cpu:/x\n4:memory:/a\n0::/\n"), 12345);
    ck_assert_uint_eq(limit("4:memory:/\n"), UINT64_C(9223372036854771712));
    ck_assert_uint_eq(limit("3:cpuset:/a\n"), UINT64_MAX);
}
END_TEST

START_TEST(other_text_is_no_limit)
{
    static const char *const groups[] = {"", "\n", "0", "0:", "0::", "0::a", "::::", "0:memory"};

    (void)scratch_write("memory.max", "x\n", 0600);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        ck_assert_uint_eq(limit(groups[i]), UINT64_MAX);
    ck_assert_uint_eq(limit("0::/\n"), UINT64_MAX);
    ck_assert_uint_eq(machine_memory_of_cgroup(scratch_path("none"), scratch_path(".")),
                      UINT64_MAX);
}
END_TEST

START_TEST(the_machine_has_no_more_than_its_pages)
{
    uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    uint64_t group = machine_memory_of_cgroup("/proc/self/cgroup", "/sys/fs/cgroup");

    ck_assert_uint_eq(machine_memory(), group < all ? group : all);
}
END_TEST

/* The most that is read of a file is 4095 bytes of groups and 63 of a limit. */
START_TEST(long_files_are_read)
{
    static const char line[] = "\n0::/a";
    char groups[4096 + 64];

    folder("a");
    (void)scratch_write("a/memory.max", "18446744073709551614\n", 0600);
    memset(groups, 'x', sizeof groups);
    memcpy(groups + 4095 - strlen(line), line, sizeof line);
    ck_assert_uint_eq(limit(groups), UINT64_MAX - 1);
    memset(groups, 'x', sizeof groups);
    groups[sizeof groups - 1] = 0;
    ck_assert_uint_eq(limit(groups), UINT64_MAX);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_least_limit_on_the_way_to_the_root_counts);
    add_test(suite, version_1_has_a_tree_of_its_own);
    add_test(suite, other_text_is_no_limit);
    add_test(suite, the_machine_has_no_more_than_its_pages);
    add_test(suite, long_files_are_read);
}
