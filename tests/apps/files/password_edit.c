#include "apps/files/password_edit.h"
#include "apps/files/password_file.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char errbuf[8192];

static enum nacre_password_edit edit(const char *user, const char *password)
{
    return nacre_password_file_edit(scratch_path("p"), user, password, errbuf, sizeof errbuf);
}

static bool logs_in(const char *user, const char *password)
{
    struct nacre_password_file *file =
        nacre_password_file_open(scratch_path("p"), errbuf, sizeof errbuf);
    struct nacre_password_check *check;
    bool good;

    ck_assert_msg(file != NULL, "%s", errbuf);
    check = nacre_password_file_lookup(file, user, password, NULL, 0);
    ck_assert_ptr_nonnull(check);
    good = nacre_password_check_run(check);
    nacre_password_check_free(check);
    nacre_password_file_close(file);
    return good;
}

static void assert_text(const char *expected)
{
    char *text = scratch_read(scratch_path("p"));

    ck_assert_str_eq(text, expected);
    free(text);
}

/* The file consists of `before`, a line for the user, `after`. */
static void assert_line_between(const char *before, const char *user, const char *after)
{
    char *text = scratch_read(scratch_path("p"));
    size_t len = strlen(text);
    char *line = text + strlen(before);

    ck_assert_uint_ge(len, strlen(before) + strlen(after));
    ck_assert_mem_eq(text, before, strlen(before));
    ck_assert_str_eq(text + len - strlen(after), after);
    ck_assert_mem_eq(line, user, strlen(user));
    ck_assert_mem_eq(line + strlen(user), ":$argon2id$v=19$", 16);
    ck_assert_ptr_eq(strchr(line, '\n') + 1, text + len - strlen(after));
    free(text);
}

START_TEST(a_missing_file_is_created)
{
    struct stat status;

    umask(0);
    ck_assert_int_eq(edit("alice", "wonder land "), NACRE_PASSWORD_ADDED);
    ck_assert_str_eq(errbuf, "");
    assert_line_between("", "alice", "");
    ck_assert(logs_in("alice", "wonder land "));
    ck_assert(!logs_in("alice", "wonder land"));
    ck_assert_int_eq(stat(scratch_path("p"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(other_lines_are_kept_byte_for_byte)
{
    static const char before[] = "no entry\r\n\n \t\nbob:plain \t\r\n";
    static const char after[] = "Alice:x\nalice :y\n alice:z\n\x01\xff:q\nlast:without an end";
    char text[512];

    snprintf(text, sizeof text, "%salice:old\n%s", before, after);
    scratch_write("p", text, 0600);
    ck_assert_int_eq(edit("alice", "new"), NACRE_PASSWORD_CHANGED);
    assert_line_between(before, "alice", after);
    ck_assert(logs_in("alice", "new"));
    ck_assert(logs_in("bob", "plain"));
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_DELETED);
    snprintf(text, sizeof text, "%s%s", before, after);
    assert_text(text);
}
END_TEST

START_TEST(a_new_user_gets_a_new_line)
{
    scratch_write("p", "bob:x\n", 0600);
    ck_assert_int_eq(edit("alice", "new"), NACRE_PASSWORD_ADDED);
    assert_line_between("bob:x\n", "alice", "");
}
END_TEST

/* A plain password in a line without an end does not count, and must not begin to. */
START_TEST(a_line_without_an_end_stays_the_last)
{
    scratch_write("p", "bob:x\ncarol:y", 0600);
    ck_assert_int_eq(edit("alice", "new"), NACRE_PASSWORD_ADDED);
    assert_line_between("bob:x\n", "alice", "carol:y");
    ck_assert(!logs_in("carol", "y"));
    ck_assert_int_eq(edit("carol", "new"), NACRE_PASSWORD_CHANGED);
    ck_assert(logs_in("carol", "new"));
    ck_assert_int_eq(edit("carol", NULL), NACRE_PASSWORD_DELETED);
    assert_line_between("bob:x\n", "alice", "");
}
END_TEST

START_TEST(shadowed_lines_of_the_user_are_removed)
{
    scratch_write("p", "alice:1\nbob:x\nalice:2\nalice:3", 0600);
    ck_assert_int_eq(edit("alice", "new"), NACRE_PASSWORD_CHANGED);
    assert_line_between("", "alice", "bob:x\n");
    scratch_write("p", "bob:x\nalice:1\nalice:2\n", 0600);
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_DELETED);
    assert_text("bob:x\n");
}
END_TEST

START_TEST(deleting_an_unknown_user_fails)
{
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "no such file");
    ck_assert_int_ne(access(scratch_path("p"), F_OK), 0);
    scratch_write("p", "alicex:1\nalic:2\n", 0600);
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "no user alice");
    assert_text("alicex:1\nalic:2\n");
}
END_TEST

START_TEST(user_names_that_would_corrupt_the_file_are_refused)
{
    static const struct {
        const char *user, *says;
    } rows[] = {{"", "empty"},
                {"a:b", "cannot contain ':'"},
                {":", "cannot contain ':'"},
                {"a\nb", "a newline"},
                {"a\r", "control"},
                {"\x7f", "control"}};
    char name[300];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(edit(rows[i].user, "x"), NACRE_PASSWORD_FAILED);
        assert_says(errbuf, rows[i].says);
    }
    memset(name, 'x', sizeof name);
    name[256] = 0;
    ck_assert_int_eq(edit(name, "x"), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "longer than 255 bytes");
    ck_assert_int_ne(access(scratch_path("p"), F_OK), 0);
    name[255] = 0;
    ck_assert_int_eq(edit(name, "x"), NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(edit("J\xc3\xbcrgen #1", "x"), NACRE_PASSWORD_ADDED);
    ck_assert(logs_in("J\xc3\xbcrgen #1", "x"));
}
END_TEST

START_TEST(empty_and_overlong_passwords_are_refused)
{
    static char password[1026];

    ck_assert_int_eq(edit("alice", ""), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "the password is empty");
    memset(password, 'x', 1025);
    ck_assert_int_eq(edit("alice", password), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "longer than 1024");
    password[1024] = 0;
    ck_assert_int_eq(edit("alice", password), NACRE_PASSWORD_ADDED);
    ck_assert(logs_in("alice", password));
}
END_TEST

START_TEST(an_untrusted_file_is_not_edited)
{
    scratch_write("p", "bob:x\n", 0622);
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "writable by others");
    assert_text("bob:x\n");
    unlink(scratch_path("p"));
    ck_assert_int_eq(mkdir(scratch_path("p"), 0700), 0);
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "not a regular file");
    ck_assert_int_eq(
        nacre_password_file_edit(scratch_path("none/p"), "alice", "x", errbuf, sizeof errbuf),
        NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "its folder cannot be opened");
}
END_TEST

START_TEST(a_symbolic_link_to_the_file_remains)
{
    struct stat status;

    scratch_write("real", "bob:x\n", 0600);
    ck_assert_int_eq(symlink("real", scratch_path("p")), 0);
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(lstat(scratch_path("p"), &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    assert_line_between("bob:x\n", "alice", "");
}
END_TEST

START_TEST(a_dangling_link_is_not_replaced)
{
    struct stat status;

    ck_assert_int_eq(symlink("none", scratch_path("p")), 0);
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "cannot be opened");
    ck_assert_int_eq(lstat(scratch_path("p"), &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
}
END_TEST

/* 0640 lets a server's group read; any other mode becomes 0600. */
START_TEST(only_mode_0640_and_its_group_are_kept)
{
    static const struct {
        mode_t before, after;
    } modes[] = {{0600, 0600}, {0640, 0640}, {0644, 0600}, {0400, 0600}};
    gid_t group = getuid() == 0 ? 65534 : getgid();
    struct stat status;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        scratch_write("p", "bob:x\n", 0600);
        ck_assert_int_eq(chown(scratch_path("p"), (uid_t)-1, group), 0);
        ck_assert_int_eq(chmod(scratch_path("p"), modes[i].before), 0);
        ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_ADDED);
        ck_assert_int_eq(stat(scratch_path("p"), &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, modes[i].after);
        if (modes[i].after == 0640)
            ck_assert_uint_eq(status.st_gid, group);
        ck_assert_int_eq(unlink(scratch_path("p")), 0);
    }
}
END_TEST

START_TEST(no_temporary_file_is_left)
{
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_DELETED);
    ck_assert_int_eq(unlink(scratch_path("p")), 0);
    ck_assert_int_eq(rmdir(scratch_path(".")), -1); /* not by the name ".", but by its own name */
    ck_assert_int_eq(rmdir(scratch_path("")), 0);
    ck_assert_int_eq(mkdir(scratch_path(""), 0700), 0);
}
END_TEST

/* Several processes each add a user at the same time; none is lost. */
START_TEST(concurrent_edits_are_serialised)
{
    enum { EDITORS = 4 };
    char user[16];
    int status;

    for (int i = 0; i < EDITORS; i++) {
        if (fork() == 0) {
            snprintf(user, sizeof user, "u%d", i);
            _exit(edit(user, "x") == NACRE_PASSWORD_ADDED ? 0 : 1);
        }
    }
    for (int i = 0; i < EDITORS; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    for (int i = 0; i < EDITORS; i++) {
        snprintf(user, sizeof user, "u%d", i);
        ck_assert_int_eq(edit(user, NULL), NACRE_PASSWORD_DELETED);
    }
    assert_text("");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_missing_file_is_created);
    add_test(suite, other_lines_are_kept_byte_for_byte);
    add_test(suite, a_new_user_gets_a_new_line);
    add_test(suite, a_line_without_an_end_stays_the_last);
    add_test(suite, shadowed_lines_of_the_user_are_removed);
    add_test(suite, deleting_an_unknown_user_fails);
    add_test(suite, user_names_that_would_corrupt_the_file_are_refused);
    add_test(suite, empty_and_overlong_passwords_are_refused);
    add_test(suite, an_untrusted_file_is_not_edited);
    add_test(suite, a_symbolic_link_to_the_file_remains);
    add_test(suite, a_dangling_link_is_not_replaced);
    add_test(suite, only_mode_0640_and_its_group_are_kept);
    add_test(suite, no_temporary_file_is_left);
    add_test(suite, concurrent_edits_are_serialised);
}
