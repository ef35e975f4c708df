#include "apps/confine/parts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char allowed[8 * PATH_MAX]; /* the folders, each after a space */

static void note(void *context, const char *folder)
{
    ck_assert_ptr_eq(context, allowed);
    snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), " %s", folder);
}

/* The folders that are allowed for a path are these in the scratch folder, "" itself; NULL at the
 * end. */
static void assert_allowed(const char *path, const char *const *names)
{
    char expected[sizeof allowed] = "", base[PATH_MAX];

    ck_assert_ptr_nonnull(realpath(scratch_path("."), base));
    for (; *names != NULL; names++)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), " %s%s%s", base,
                 **names != '\0' ? "/" : "", *names);
    allowed[0] = '\0';
    confine_links(path, note, allowed);
    ck_assert_str_eq(allowed, expected);
}

#define ASSERT_ALLOWED(path, ...) assert_allowed(path, (const char *const[]){__VA_ARGS__, NULL})

static void make_releases(void)
{
    ck_assert_int_eq(mkdir(scratch_path("app"), 0755), 0);
    ck_assert_int_eq(mkdir(scratch_path("app/releases"), 0755), 0);
    ck_assert_int_eq(mkdir(scratch_path("app/releases/1"), 0755), 0);
    ck_assert_int_eq(mkdir(scratch_path("etc"), 0755), 0);
    scratch_write("app/releases/1/keys", "", 0600);
}

static void link_to(const char *target, const char *name)
{
    ck_assert_int_eq(symlink(target, scratch_path(name)), 0);
}

START_TEST(a_way_without_links_needs_nothing_else)
{
    make_releases();
    ASSERT_ALLOWED(scratch_path("app/releases/1/keys"), NULL);
    ASSERT_ALLOWED(scratch_path("app/releases/1"), NULL);
    ASSERT_ALLOWED(scratch_path("none/none"), NULL);
    ASSERT_ALLOWED("/", NULL);
    ASSERT_ALLOWED("", NULL);
}
END_TEST

START_TEST(the_next_release_is_beneath_the_folder_of_the_link)
{
    make_releases();
    link_to("releases/1", "app/current");
    ASSERT_ALLOWED(scratch_path("app/current/keys"), "app");
    ASSERT_ALLOWED(scratch_path("app/current"), "app");
    ASSERT_ALLOWED(scratch_path("app//current//keys"), "app");
    link_to(scratch_path("app/releases/1"), "app/absolute");
    ASSERT_ALLOWED(scratch_path("app/absolute/keys"), "app");
}
END_TEST

START_TEST(the_next_release_is_beside_the_target_of_a_link_elsewhere)
{
    make_releases();
    link_to(scratch_path("app/releases/1"), "etc/nacre");
    ASSERT_ALLOWED(scratch_path("etc/nacre/keys"), "app/releases");
    link_to("../app/releases/1", "etc/relative");
    ASSERT_ALLOWED(scratch_path("etc/relative/keys"), "app/releases");
}
END_TEST

START_TEST(a_link_to_a_file_needs_both_folders)
{
    make_releases();
    link_to("../app/releases/1/keys", "etc/keys");
    ASSERT_ALLOWED(scratch_path("etc/keys"), "etc", "app/releases/1");
}
END_TEST

/* As Kubernetes mounts a secret: the file is a link through a link. */
START_TEST(links_in_the_target_of_a_link_count)
{
    make_releases();
    ck_assert_int_eq(mkdir(scratch_path("etc/..1"), 0755), 0);
    scratch_write("etc/..1/keys", "", 0600);
    link_to("..1", "etc/..data");
    link_to("..data/keys", "etc/keys");
    ASSERT_ALLOWED(scratch_path("etc/keys"), "etc", "etc/..1", "etc");
    link_to("app", "stage");
    link_to("../stage/releases/1", "etc/nacre");
    ASSERT_ALLOWED(scratch_path("etc/nacre/keys"), "app/releases", "");
}
END_TEST

START_TEST(a_relative_path_begins_in_the_working_folder)
{
    make_releases();
    link_to("releases/1", "app/current");
    ck_assert_int_eq(chdir(scratch_path("app")), 0);
    ASSERT_ALLOWED("current/keys", "app");
    ASSERT_ALLOWED("./current/keys", "app");
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(the_root_is_never_allowed)
{
    link_to("/usr", "usr");
    ASSERT_ALLOWED(scratch_path("usr/keys"), NULL);
}
END_TEST

START_TEST(endless_links_end)
{
    link_to("b", "a");
    link_to("a", "b");
    link_to("self/self", "self");
    ASSERT_ALLOWED(scratch_path("a/keys"), NULL);
    ASSERT_ALLOWED(scratch_path("self"), NULL);
    for (int i = 0; i < 30; i++) { /* 2 to the power of 30 ways */
        char name[16], target[32];

        snprintf(name, sizeof name, "l%d", i);
        snprintf(target, sizeof target, "l%d/l%d", i + 1, i + 1);
        link_to(target, name);
    }
    link_to(".", "l30");
    confine_links(scratch_path("l0"), note, allowed);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_way_without_links_needs_nothing_else);
    add_test(suite, the_next_release_is_beneath_the_folder_of_the_link);
    add_test(suite, the_next_release_is_beside_the_target_of_a_link_elsewhere);
    add_test(suite, a_link_to_a_file_needs_both_folders);
    add_test(suite, links_in_the_target_of_a_link_count);
    add_test(suite, a_relative_path_begins_in_the_working_folder);
    add_test(suite, the_root_is_never_allowed);
    add_test(suite, endless_links_end);
}
