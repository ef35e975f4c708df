#include "apps/files/new_file.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct new_file file;
static unsigned files_flushed, folders_flushed; /* to the disk */
static bool renamed_in_peace;                   /* no signal could end the process then */

int fsync(int fd)
{
    struct stat status;

    ck_assert_int_eq(fstat(fd, &status), 0);
    *(S_ISDIR(status.st_mode) ? &folders_flushed : &files_flushed) += 1;
    return 0;
}

static bool is_blocked(int signal)
{
    sigset_t blocked;

    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    return sigismember(&blocked, signal);
}

int rename(const char *from, const char *to)
{
    renamed_in_peace = is_blocked(SIGTERM) && is_blocked(SIGINT);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static bool no_unnamed; /* the file system has no unnamed files */

OWN(int, open64, const char *path, int flags, ...)
{
    if (no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, 0600);
}

static void expect_flushed(unsigned files, unsigned folders)
{
    ck_assert_uint_eq(files_flushed, files);
    ck_assert_uint_eq(folders_flushed, folders);
}

static bool start(const char *temporary)
{
    snprintf(file.temporary, sizeof file.temporary, "%s", temporary);
    return new_file_open(&file);
}

/* How many files are in the scratch folder? */
static unsigned count_files(void)
{
    DIR *folder = opendir(scratch_path("."));
    unsigned count = 0;

    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void assert_is(const char *name, const char *expected, mode_t mode)
{
    char *text = scratch_read(scratch_path(name));
    struct stat status;

    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(stat(scratch_path(name), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, mode);
    free(text);
}

START_TEST(the_folder_of_a_path_is_what_is_before_the_last_slash)
{
    static const struct {
        const char *path, *folder;
    } rows[] = {{"f", "."}, {"./f", "."}, {"/f", "/"}, {"/a/f", "/a"}, {"a/b/f", "a/b"}};
    char folder[PATH_MAX], path[PATH_MAX + 8];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(new_file_folder(folder, rows[i].path));
        ck_assert_str_eq(folder, rows[i].folder);
    }
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert(new_file_folder(folder, path));
    path[PATH_MAX - 1] = '/';
    ck_assert(new_file_folder(folder, path));
    path[PATH_MAX - 1] = 'x';
    path[PATH_MAX] = '/';
    ck_assert(!new_file_folder(folder, path));
}
END_TEST

START_TEST(a_file_has_no_name_until_it_is_complete)
{
    struct stat status;

    ck_assert(start(scratch_path("f.new")));
    ck_assert_int_eq(fstat(file.fd, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert(new_file_write(&file, bytes_of("text"), 0640));
    ck_assert_uint_eq(count_files(), 0);
    expect_flushed(1, 0);
    ck_assert(new_file_link(&file, scratch_path("f")));
    expect_flushed(1, 1);
    errno = EINTR;
    new_file_close(&file);
    ck_assert_int_eq(errno, EINTR);
    assert_is("f", "text", 0640);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(linking_does_not_replace_a_file)
{
    scratch_write("f", "old", 0600);
    ck_assert(start(scratch_path("f.new")));
    ck_assert(new_file_write(&file, bytes_of("new"), 0600));
    ck_assert(!new_file_link(&file, scratch_path("f")));
    ck_assert_int_eq(errno, EEXIST);
    new_file_close(&file);
    assert_is("f", "old", 0600);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(replacing_leaves_one_file)
{
    scratch_write("f", "old", 0600);
    ck_assert(start(scratch_path("f.new")));
    ck_assert(new_file_write(&file, bytes_of("new"), 0644));
    ck_assert(new_file_replace(&file, scratch_path("f")));
    ck_assert(renamed_in_peace && !is_blocked(SIGTERM));
    expect_flushed(1, 1);
    new_file_close(&file);
    assert_is("f", "new", 0644);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_failed_replacement_leaves_nothing)
{
    ck_assert_int_eq(mkdir(scratch_path("f"), 0700), 0);
    ck_assert(start(scratch_path("f.new")));
    ck_assert(new_file_write(&file, bytes_of("new"), 0600));
    ck_assert(!new_file_replace(&file, scratch_path("f")));
    ck_assert_int_eq(errno, EISDIR);
    ck_assert(!is_blocked(SIGTERM));
    expect_flushed(1, 0);
    new_file_close(&file);
    ck_assert_int_lt(file.fd, 0);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

/* As on a file system without unnamed files. */
START_TEST(a_temporary_name_is_removed_when_it_is_not_used)
{
    scratch_write("f.new", "", 0600);
    file = (struct new_file){.fd = -1, .named = true};
    snprintf(file.temporary, sizeof file.temporary, "%s", scratch_path("f.new"));
    ck_assert(new_file_link(&file, scratch_path("f")));
    ck_assert_uint_eq(count_files(), 2);
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 1);
    ck_assert_int_eq(access(scratch_path("f"), F_OK), 0);
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

/* Any number may be that of the file. */
START_TEST(without_unnamed_files_it_has_the_temporary_name)
{
    no_unnamed = true;
    ck_assert(start(scratch_path("f.new")));
    ck_assert_int_eq(file.fd, 0);
    ck_assert(file.named);
    ck_assert(new_file_write(&file, bytes_of("text"), 0640));
    ck_assert_int_eq(access(scratch_path("f.new"), F_OK), 0);
    ck_assert(new_file_link(&file, scratch_path("f")));
    new_file_close(&file);
    ck_assert_int_lt(fcntl(0, F_GETFD), 0);
    ck_assert_uint_eq(count_files(), 1);
    scratch_write("f.new", "another's", 0600);
    ck_assert(!start(scratch_path("f.new")));
    ck_assert(!file.named);
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 2);
    no_unnamed = false;
}
END_TEST

/* It may be another process's by now. */
START_TEST(a_temporary_name_that_was_used_is_not_removed_again)
{
    scratch_write("f.new", "", 0600);
    file = (struct new_file){.fd = -1, .named = true};
    snprintf(file.temporary, sizeof file.temporary, "%s", scratch_path("f.new"));
    ck_assert(new_file_replace(&file, scratch_path("f")));
    scratch_write("f.new", "another's", 0600);
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 2);
}
END_TEST

START_TEST(a_temporary_name_is_removed_only_once)
{
    scratch_write("f.new", "", 0600);
    file = (struct new_file){.fd = -1, .named = true};
    snprintf(file.temporary, sizeof file.temporary, "%s", scratch_path("f.new"));
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 0);
    scratch_write("f.new", "another's", 0600);
    new_file_close(&file);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_folder_that_is_missing_is_an_error)
{
    ck_assert(!start(scratch_path("none/f")));
    ck_assert_int_eq(errno, ENOENT);
    new_file_close(&file);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* A child stops between two steps and is killed there. */
START_TEST(a_killed_process_leaves_nothing)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        bool good = start(scratch_path("f.new")) && new_file_write(&file, bytes_of("x"), 0600);

        (void)raise(good ? SIGKILL : SIGABRT);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_uint_eq(count_files(), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_folder_of_a_path_is_what_is_before_the_last_slash);
    add_test(suite, a_file_has_no_name_until_it_is_complete);
    add_test(suite, linking_does_not_replace_a_file);
    add_test(suite, replacing_leaves_one_file);
    add_test(suite, a_failed_replacement_leaves_nothing);
    add_test(suite, a_temporary_name_is_removed_when_it_is_not_used);
    add_test(suite, without_unnamed_files_it_has_the_temporary_name);
    add_test(suite, a_temporary_name_that_was_used_is_not_removed_again);
    add_test(suite, a_temporary_name_is_removed_only_once);
    add_test(suite, a_folder_that_is_missing_is_an_error);
    add_test(suite, a_killed_process_leaves_nothing);
}
