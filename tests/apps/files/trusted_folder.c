#include "apps/files/trusted_folder.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char said[8 * PATH_MAX];

static bool check(const char *path)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    errno = 0; /* the reason is this function's own */
    return trusted_folder_check(path, &p);
}

static void assert_good(const char *path)
{
    ck_assert_msg(check(path), "%s", said);
    ck_assert_str_eq(said, "");
}

static void assert_bad(const char *path, const char *says)
{
    ck_assert_msg(!check(path), "%s", path);
    assert_says(said, path);
    assert_says(said, says);
}

/* A folder with this mode, whatever the umask. */
static void make_folder(const char *name, mode_t mode)
{
    ck_assert_int_eq(mkdir(scratch_path(name), 0700), 0);
    ck_assert_int_eq(chmod(scratch_path(name), mode), 0);
}

static void change_mode(const char *name, mode_t mode)
{
    ck_assert_int_eq(chmod(scratch_path(name), mode), 0);
}

/* a/b/c/f, all of them ours. */
static void make_way(void)
{
    make_folder("a", 0755);
    make_folder("a/b", 0755);
    make_folder("a/b/c", 0755);
    scratch_write("a/b/c/f", "x", 0600);
}

START_TEST(a_folder_that_others_can_write_is_refused)
{
    static const mode_t bad[] = {0775, 0757, 0777, 0770, 0720, 0702, 01777, 03775};
    static const mode_t good[] = {0755, 0700, 0711, 0500, 0750, 02755, 01755};
    static const char *const folders[] = {"a", "a/b", "a/b/c"};

    make_way();
    assert_good(scratch_path("a/b/c/f"));
    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            char says[64];

            if (geteuid() == 0 && (bad[i] & 01000) != 0)
                continue; /* a sticky folder of root's is not refused */
            change_mode(folders[f], bad[i]);
            snprintf(says, sizeof says, "/%s (mode %03o)", folders[f], (unsigned)bad[i]);
            assert_bad(scratch_path("a/b/c/f"), says);
            snprintf(says, sizeof says, "chmod go-w %s", "/");
            assert_says(said, says);
        }
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
            change_mode(folders[f], good[i]);
            assert_good(scratch_path("a/b/c/f"));
        }
        change_mode(folders[f], 0755);
    }
}
END_TEST

START_TEST(a_file_that_is_missing_is_no_reason)
{
    make_way();
    assert_good(scratch_path("a/none"));
    assert_good(scratch_path("none/none"));
    assert_good(scratch_path("a/b/c/f/none"));
    change_mode("a", 0777);
    assert_bad(scratch_path("a/none"), "/a (mode 777)");
}
END_TEST

START_TEST(a_relative_path_begins_in_the_working_folder)
{
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    make_way();
    ck_assert_int_eq(chdir(scratch_path("a/b")), 0);
    assert_good("c/f");
    assert_good("./c/../c/f");
    assert_good("f");
    change_mode("a", 0777);
    assert_bad("c/f", "/a (mode 777)");
    assert_bad("f", "/a (mode 777)");
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
}
END_TEST

/* The folders of the target count, and the one that the link is in. */
START_TEST(symbolic_links_are_resolved)
{
    make_way();
    make_folder("links", 0755);
    ck_assert_int_eq(symlink("../a/b", scratch_path("links/relative")), 0);
    ck_assert_int_eq(symlink(scratch_path("a/b/c"), scratch_path("links/absolute")), 0);
    ck_assert_int_eq(symlink("relative", scratch_path("links/twice")), 0);
    ck_assert_int_eq(symlink("../a/b/c/f", scratch_path("links/f")), 0);
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            change_mode(i == 1 ? "a" : "links", 0777);
        for (int k = 0; k < 4; k++) {
            static const char *const names[] = {"links/relative/c/f", "links/absolute/f",
                                                "links/twice/c/f", "links/f"};
            const char *path = scratch_path(names[k]);

            if (i == 0)
                assert_good(path);
            else
                assert_bad(path, i == 1 ? "/a (mode 777)" : "/links (mode 777)");
        }
        change_mode("a", 0755);
    }
}
END_TEST

START_TEST(endless_links_are_an_error)
{
    ck_assert_int_eq(symlink("b", scratch_path("a")), 0);
    ck_assert_int_eq(symlink("a", scratch_path("b")), 0);
    assert_bad(scratch_path("a/f"), "Too many levels of symbolic links");
    ck_assert_int_eq(symlink("missing", scratch_path("c")), 0);
    assert_good(scratch_path("c"));
}
END_TEST

START_TEST(long_names_are_errors)
{
    static char path[3 * PATH_MAX];

    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    ck_assert(!check(path)); /* a long name */
    assert_says(said, "too long");
    path[NAME_MAX + 2] = '\0';
    ck_assert(!check(path));
    assert_says(said, "too long");
    path[NAME_MAX + 1] = '\0';
    ck_assert(check(path)); /* it does not exist */
    for (size_t i = 0; i < sizeof path - 1; i += 2)
        memcpy(path + i, "/.", 2);
    path[sizeof path - 1] = '\0';
    ck_assert(!check(path));
    assert_says(said, "too long");
}
END_TEST

/* Neither the target nor what follows it is too long, but both together are. */
START_TEST(a_link_to_a_long_path_is_an_error)
{
    static char target[PATH_MAX], path[3 * PATH_MAX];
    size_t len;

    for (size_t i = 0; i + 2 < sizeof target; i += 2)
        memcpy(target + i, "./", 3);
    ck_assert_int_eq(symlink(target, scratch_path("l")), 0);
    len = (size_t)snprintf(path, sizeof path, "%s", scratch_path("l"));
    for (size_t i = 0; i < PATH_MAX + 200; i += 2)
        memcpy(path + len + i, "/.", 3);
    ck_assert(!check(path));
    assert_says(said, "too long");
}
END_TEST

/* Only root can prepare the folders of other users. */
START_TEST(a_folder_of_another_user_is_refused)
{
    if (geteuid() != 0)
        return;
    make_way();
    ck_assert_int_eq(chown(scratch_path("a"), 65534, 0), 0);
    assert_bad(scratch_path("a/b/c/f"), "/a is owned by user id 65534");
    change_mode("a", 0500);
    assert_bad(scratch_path("a/b/c/f"), "/a is owned by user id 65534");
}
END_TEST

START_TEST(a_sticky_folder_is_accepted_if_root_owns_it)
{
    if (geteuid() != 0)
        return;
    make_way();
    change_mode("a", 01777);
    assert_good(scratch_path("a/b/c/f"));
    change_mode("a/b/c", 01777); /* the file itself is in it */
    assert_good(scratch_path("a/b/c/f"));
    change_mode("a/b/c", 03770);
    assert_good(scratch_path("a/b/c/f"));
    ck_assert_int_eq(lchown(scratch_path("a/b/c/f"), 65534, 65534), 0);
    assert_bad(scratch_path("a/b/c/f"), "/f is owned by user id 65534");
    ck_assert_int_eq(lchown(scratch_path("a/b/c/f"), 0, 0), 0);
    ck_assert_int_eq(symlink("b", scratch_path("a/link")), 0);
    assert_good(scratch_path("a/link/c/f"));
    ck_assert_int_eq(lchown(scratch_path("a/link"), 65534, 65534), 0);
    assert_bad(scratch_path("a/link/c/f"), "/a/link is owned by user id 65534");
    ck_assert_int_eq(chown(scratch_path("a"), 65534, 65534), 0);
    assert_bad(scratch_path("a/b/c/f"), "/a is owned by user id 65534");
}
END_TEST

/* As a user in whose sticky folder others can write, and who cannot reach every folder. */
START_TEST(only_root_can_own_a_sticky_folder)
{
    if (geteuid() != 0)
        return;
    make_way();
    change_mode(".", 0755);
    ck_assert_int_eq(chown(scratch_path("a/b"), 65534, 65534), 0);
    ck_assert_int_eq(chown(scratch_path("a/b/c"), 65534, 65534), 0);
    change_mode("a/b", 01777);
    change_mode("a/b/c", 0700);
    ck_assert_int_eq(seteuid(65534), 0);
    assert_bad(scratch_path("a/b/c/f"), "/a/b (mode 1777)");
    ck_assert_int_eq(seteuid(0), 0);
    change_mode("a/b", 0755);
    ck_assert_int_eq(seteuid(65534), 0);
    assert_good(scratch_path("a/b/c/f"));
    ck_assert_int_eq(seteuid(0), 0);
    change_mode("a", 0700);
    ck_assert_int_eq(seteuid(65534), 0);
    assert_bad(scratch_path("a/b/c/f"), "/a/b cannot be checked: Permission denied");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_folder_that_others_can_write_is_refused);
    add_test(suite, a_file_that_is_missing_is_no_reason);
    add_test(suite, a_relative_path_begins_in_the_working_folder);
    add_test(suite, symbolic_links_are_resolved);
    add_test(suite, endless_links_are_an_error);
    add_test(suite, long_names_are_errors);
    add_test(suite, a_link_to_a_long_path_is_an_error);
    add_test(suite, a_folder_of_another_user_is_refused);
    add_test(suite, a_sticky_folder_is_accepted_if_root_owns_it);
    add_test(suite, only_root_can_own_a_sticky_folder);
}
