#include "apps/files/password_edit.h"
#include "apps/files/password_entry.h"
#include "apps/files/password_file.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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
    bool good, undecided;

    ck_assert_msg(file != NULL, "%s", errbuf);
    check = nacre_password_file_lookup(file, user, password, NULL, 0);
    ck_assert_ptr_nonnull(check);
    good = nacre_password_check_run(check, &undecided);
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

/* In the scratch folder: "p" and perhaps one other file. */
static void assert_only_the_file_is_left(const char *other)
{
    DIR *folder = opendir(scratch_path("."));

    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name;

        ck_assert_msg(strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "p") == 0 ||
                          (other != NULL && strcmp(name, other) == 0),
                      "%s is left", name);
    }
    closedir(folder);
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

/* One byte is the shortest line: an empty one, or a letter without an end. */
START_TEST(the_last_line_may_be_one_byte)
{
    static const char *const last[] = {"\n", "x"};
    char text[16];

    snprintf(text, sizeof text, "bob:x\n%s", last[_i]);
    scratch_write("p", text, 0600);
    ck_assert_int_eq(edit("alice", "new"), NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_DELETED);
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
    assert_says(errbuf, "No such file or directory");
}
END_TEST

START_TEST(no_file_is_created_in_a_folder_that_others_can_write)
{
    ck_assert_int_eq(chmod(scratch_path(""), 0777), 0);
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "(mode 777)");
    ck_assert_int_ne(access(scratch_path("p"), F_OK), 0);
    scratch_write("p", "bob:x\n", 0600);
    ck_assert_int_eq(edit("bob", NULL), NACRE_PASSWORD_FAILED);
    assert_says(errbuf, "(mode 777)");
    assert_text("bob:x\n");
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

/* A server that runs as another user must still be able to read it. */
START_TEST(mode_owner_and_group_are_kept)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0400, 0440, 0444, 0604, 0700, 0755};
    gid_t group = getuid() == 0 ? 65534 : getgid();
    struct stat status;

    umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        scratch_write("p", "bob:x\n", 0600);
        ck_assert_int_eq(chown(scratch_path("p"), (uid_t)-1, group), 0);
        ck_assert_int_eq(chmod(scratch_path("p"), modes[i]), 0);
        ck_assert_int_eq(edit("bob", NULL), NACRE_PASSWORD_DELETED);
        ck_assert_int_eq(stat(scratch_path("p"), &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, modes[i]);
        ck_assert_uint_eq(status.st_gid, group);
        ck_assert_uint_eq(status.st_uid, getuid());
        ck_assert_int_eq(unlink(scratch_path("p")), 0);
    }
}
END_TEST

/* Only root can prepare this: a user's folder with a file of root's in it. */
START_TEST(a_file_whose_owner_cannot_be_kept_is_not_changed)
{
    if (geteuid() != 0)
        return;
    scratch_write("p", "bob:x\n", 0644);
    ck_assert_int_eq(chown(scratch_path("."), 65534, 65534), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(edit("bob", NULL), NACRE_PASSWORD_FAILED);
    ck_assert_int_eq(seteuid(0), 0);
    assert_says(errbuf, "p: not changed, because the new file cannot have its owner");
    assert_text("bob:x\n");
}
END_TEST

/* Who may read the file, as acl(5) has it in an extended attribute. */
struct access_list {
    uint32_t version;
    struct {
        uint16_t tag, permissions;
        uint32_t id;
    } rows[5];
};
static const struct access_list nobody_may_read = {
    2, {{1, 6, -1u}, {2, 4, 65534}, {4, 0, -1u}, {16, 4, -1u}, {32, 0, -1u}}};

START_TEST(an_access_control_list_is_kept)
{
    static const char name[] = "system.posix_acl_access";
    struct access_list is;

    scratch_write("p", "bob:x\n", 0600);
    if (setxattr(scratch_path("p"), name, &nobody_may_read, sizeof is, 0) != 0)
        return; /* the file system has no such lists */
    ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_ADDED);
    ck_assert_int_eq(getxattr(scratch_path("p"), name, &is, sizeof is), sizeof is);
    ck_assert_mem_eq(&is, &nobody_may_read, sizeof is);
}
END_TEST

/* A folder can have a list for new files. */
START_TEST(no_access_control_list_is_added)
{
    static const char name[] = "system.posix_acl_access";
    static const mode_t modes[] = {0640, 0600, 0}; /* 0: there is no file */
    struct stat status;

    if (setxattr(scratch_path("."), "system.posix_acl_default", &nobody_may_read,
                 sizeof nobody_may_read, 0) != 0)
        return;
    for (size_t i = 0; i < 3; i++) {
        (void)unlink(scratch_path("p"));
        if (modes[i] != 0) {
            scratch_write("p", "bob:x\n", modes[i]);
            (void)removexattr(scratch_path("p"), name);
            ck_assert_int_eq(chmod(scratch_path("p"), modes[i]), 0);
        }
        ck_assert_int_eq(edit("alice", "x"), NACRE_PASSWORD_ADDED);
        ck_assert_int_eq(getxattr(scratch_path("p"), name, NULL, 0), -1);
        ck_assert_int_eq(stat(scratch_path("p"), &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, modes[i] != 0 ? modes[i] : 0600);
    }
}
END_TEST

/* The file is mounted over itself, in a namespace that ends with the child. */
static int edit_mount_point(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(scratch_path("real"), scratch_path("p"), NULL, MS_BIND, NULL) != 0)
        return 0; /* not allowed here */
    if (edit("alice", "x") != NACRE_PASSWORD_FAILED)
        return 1;
    return strstr(errbuf, "it is a mount point") != NULL ? 0 : 2;
}

START_TEST(a_mount_point_is_refused_with_an_explanation)
{
    int status;
    pid_t child;

    scratch_write("real", "bob:x\n", 0600);
    scratch_write("p", "below\n", 0600);
    child = fork();
    if (child == 0)
        _exit(edit_mount_point());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    assert_text("below\n");
    assert_only_the_file_is_left("real");
}
END_TEST

START_TEST(what_a_killed_edit_left_is_removed)
{
    scratch_write("p", "bob:x\nalice:y\n", 0600);
    scratch_write(".p.nacre-new", "bob:x\n", 0600);
    scratch_write(".p.nacre-lock", "", 0600);
    ck_assert_int_eq(edit("alice", NULL), NACRE_PASSWORD_DELETED);
    assert_only_the_file_is_left(NULL);
    assert_text("bob:x\n");
}
END_TEST

/* Delete a user, and end the process with this signal at its nth stop; it stops where each system
 * call begins (at odd numbers) and ends. False: it ended before. */
static bool end_at_call(int signal, int nth)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL); /* not Check's */
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void)raise(SIGSTOP);
        _exit(edit("alice", NULL) == NACRE_PASSWORD_DELETED ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    for (int i = 0; i < nth && WIFSTOPPED(status); i++) {
        ck_assert_int_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
    }
    if (!WIFSTOPPED(status)) {
        ck_assert_int_eq(status, 0);
        return false;
    }
    ck_assert_int_eq(kill(child, signal), 0);
    if (signal != SIGKILL)
        ck_assert_int_eq(ptrace(PTRACE_DETACH, child, NULL, signal), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return true;
}

/* At every system call of an edit: the file is the old or the new one, and no copy is left. */
START_TEST(a_signal_leaves_no_copy)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    bool more = true;

    for (int nth = 1; more; nth += 2) {
        scratch_write("p", "bob:x\nalice:y\n", 0600);
        more = end_at_call(signals[nth / 2 % 3], nth);
        assert_only_the_file_is_left(NULL);
        ck_assert(edit("alice", NULL) != NACRE_PASSWORD_FAILED || strstr(errbuf, "no user alice"));
        assert_text("bob:x\n");
    }
}
END_TEST

/* SIGKILL cannot be put off. What is left is an empty lock, or in one moment a copy that the next
 * edit removes. */
START_TEST(a_killed_edit_loses_nothing_and_the_next_one_cleans_up)
{
    bool more = true;

    for (int nth = 1; more; nth += 2) {
        scratch_write("p", "bob:x\nalice:y\n", 0600);
        more = end_at_call(SIGKILL, nth);
        ck_assert(edit("alice", NULL) != NACRE_PASSWORD_FAILED || strstr(errbuf, "no user alice"));
        assert_text("bob:x\n");
        assert_only_the_file_is_left(NULL);
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

START_TEST(the_old_and_the_new_text_are_wiped)
{
    static const char before[] = "alice:secret\nbob:builder\n";
    char *after;

    scratch_write("p", before, 0600);
    wiped_record();
    ck_assert_int_eq(
        nacre_password_file_edit(scratch_path("p"), "bob", "new", errbuf, sizeof errbuf),
        NACRE_PASSWORD_CHANGED);
    after = scratch_read(scratch_path("p"));
    ck_assert(wiped_exactly(bytes_of(before)));
    ck_assert(wiped_exactly(bytes_of(after)));
    assert_wiped(sizeof(struct password_entry), 2); /* one for each line */
    free(after);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_missing_file_is_created);
    add_test(suite, other_lines_are_kept_byte_for_byte);
    add_loop(suite, the_last_line_may_be_one_byte, 0, 2);
    add_test(suite, a_new_user_gets_a_new_line);
    add_test(suite, a_line_without_an_end_stays_the_last);
    add_test(suite, shadowed_lines_of_the_user_are_removed);
    add_test(suite, deleting_an_unknown_user_fails);
    add_test(suite, user_names_that_would_corrupt_the_file_are_refused);
    add_test(suite, empty_and_overlong_passwords_are_refused);
    add_test(suite, an_untrusted_file_is_not_edited);
    add_test(suite, no_file_is_created_in_a_folder_that_others_can_write);
    add_test(suite, a_symbolic_link_to_the_file_remains);
    add_test(suite, a_dangling_link_is_not_replaced);
    add_test(suite, mode_owner_and_group_are_kept);
    add_test(suite, a_file_whose_owner_cannot_be_kept_is_not_changed);
    add_test(suite, an_access_control_list_is_kept);
    add_test(suite, no_access_control_list_is_added);
    add_test(suite, a_mount_point_is_refused_with_an_explanation);
    add_test(suite, what_a_killed_edit_left_is_removed);
    add_test(suite, a_signal_leaves_no_copy);
    add_test(suite, a_killed_edit_loses_nothing_and_the_next_one_cleans_up);
    add_test(suite, no_temporary_file_is_left);
    add_test(suite, concurrent_edits_are_serialised);
    add_test(suite, the_old_and_the_new_text_are_wiped);
}
