/* Which files a sandbox reaches. */
#include "apps/confine/confine.h"
#include "tests/support/scratch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char reads[512], reloads[512];
static struct confinement c;

static void set_up(void)
{
    static const char *const folders[] = {"read", "read/below", "reload", "reader", "other"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        ck_assert_int_eq(mkdir(scratch_path(folders[i]), 0700), 0);
    ck_assert_int_eq(symlink("read/below", scratch_path("link")), 0);
    ck_assert_int_eq(symlink("../other", scratch_path("read/out")), 0);
    ck_assert_int_eq(chdir(scratch_path("")), 0);
    (void)snprintf(reads, sizeof reads, "%s", scratch_path("read/file"));
    (void)snprintf(reloads, sizeof reloads, "%s", scratch_path("reload/file"));
    c = (struct confinement){.reads = {"/no/such/folder/file", reads},
                             .reloads = {"/no/such/folder/file", reloads}};
}

static bool reaches(const char *name)
{
    return confine_reaches(&c, scratch_path(name));
}

START_TEST(the_folders_of_its_files_and_what_is_below_them_are_in_reach)
{
    ck_assert(reaches("read/file") && reaches("read/another") && reaches("read/below/file"));
    ck_assert(reaches("read/%u") && reaches("read/below/%u/file"));
    ck_assert(reaches("link/file"));
    ck_assert(reaches("reload/file"));
    ck_assert(confine_reaches(&c, "read/file"));
}
END_TEST

START_TEST(all_else_is_out_of_reach)
{
    ck_assert(!reaches("other/file") && !reaches("reader/file") && !reaches("file"));
    ck_assert(!reaches("read/../other/file") && !reaches("read/out/file"));
    ck_assert(!reaches("read/missing/file"));
    ck_assert(!confine_reaches(&c, "/no/such/folder/file"));
    c.reads[0] = c.reloads[0] = NULL;
    ck_assert(!reaches("read/file") && !reaches("reload/file"));
}
END_TEST

START_TEST(without_a_sandbox_everything_is_in_reach)
{
    c.off = true;
    ck_assert(reaches("other/file"));
    c.off = false;
    c.starts_programs = true; /* these have no such sandbox */
    ck_assert(reaches("other/file"));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, NULL);
    add_test(suite, the_folders_of_its_files_and_what_is_below_them_are_in_reach);
    add_test(suite, all_else_is_out_of_reach);
    add_test(suite, without_a_sandbox_everything_is_in_reach);
}
