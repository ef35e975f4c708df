#include "apps/files/edit_lock.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[2048];
static struct edit_lock lock;
static bool remove_once; /* the lock file, before it is locked */

int flock(int fd, int operation)
{
    if (remove_once)
        (void)unlink(scratch_path(".p.nacre-lock"));
    remove_once = false;
    return (int)syscall(SYS_flock, fd, operation);
}

static bool take(const char *name)
{
    struct errbuf p = errbuf_in(said, sizeof said);

    return edit_lock_take(&lock, scratch_path(name), &p);
}

static bool exists(const char *name)
{
    struct stat status;

    return lstat(scratch_path(name), &status) == 0;
}

START_TEST(the_lock_file_is_hidden_beside_the_file)
{
    char name[PATH_MAX], path[PATH_MAX];

    ck_assert(edit_lock_name(name, "/a/b/p", ".x") && strcmp(name, "/a/b/.p.x") == 0);
    ck_assert(edit_lock_name(name, "/p", ".x") && strcmp(name, "/.p.x") == 0);
    ck_assert(edit_lock_name(name, "p", ".x") && strcmp(name, ".p.x") == 0);
    memset(path, 'x', sizeof path);
    path[PATH_MAX - 4] = '\0';
    ck_assert(edit_lock_name(name, path, ".x") && strlen(name) == PATH_MAX - 1);
    path[PATH_MAX - 4] = 'x';
    path[PATH_MAX - 3] = '\0';
    ck_assert(!edit_lock_name(name, path, ".x"));
}
END_TEST

START_TEST(a_lock_leaves_nothing)
{
    struct stat status;

    umask(0);
    ck_assert(take("p"));
    ck_assert_int_eq(stat(scratch_path(".p.nacre-lock"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    edit_lock_release(&lock);
    ck_assert(!exists(".p.nacre-lock"));
    edit_lock_release(&lock);
    ck_assert(!exists("p"));
}
END_TEST

START_TEST(signals_wait_until_the_lock_is_released)
{
    sigset_t blocked;

    ck_assert(take("p"));
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    ck_assert(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGINT));
    edit_lock_release(&lock);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    ck_assert(!sigismember(&blocked, SIGTERM) && !sigismember(&blocked, SIGINT));
    ck_assert(!take("none/p"));
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    ck_assert(!sigismember(&blocked, SIGTERM) && !sigismember(&blocked, SIGINT));
}
END_TEST

START_TEST(a_lock_file_that_a_killed_process_left_is_used)
{
    scratch_write(".p.nacre-lock", "", 0600);
    ck_assert(take("p"));
    edit_lock_release(&lock);
    ck_assert(!exists(".p.nacre-lock"));
}
END_TEST

START_TEST(a_lock_file_that_others_can_open_is_refused)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602};

    for (size_t i = 0; i < 4; i++) {
        scratch_write(".p.nacre-lock", "", modes[i]);
        ck_assert(!take("p"));
        assert_says(said, "others can open the lock file");
        ck_assert(exists(".p.nacre-lock"));
    }
    ck_assert_int_eq(unlink(scratch_path(".p.nacre-lock")), 0);
    ck_assert_int_eq(symlink("other", scratch_path(".p.nacre-lock")), 0);
    ck_assert(!take("p"));
    ck_assert(!exists("other"));
    ck_assert_int_eq(unlink(scratch_path(".p.nacre-lock")), 0);
    ck_assert_int_eq(mkdir(scratch_path(".p.nacre-lock"), 0700), 0);
    ck_assert(!take("p"));
    ck_assert_int_eq(rmdir(scratch_path(".p.nacre-lock")), 0);
    ck_assert_int_eq(mkfifo(scratch_path(".p.nacre-lock"), 0600), 0);
    ck_assert(!take("p"));
    ck_assert_int_eq(unlink(scratch_path(".p.nacre-lock")), 0);
    if (geteuid() == 0) {
        scratch_write(".p.nacre-lock", "", 0600);
        ck_assert_int_eq(chown(scratch_path(".p.nacre-lock"), 65534, 65534), 0);
        ck_assert(!take("p"));
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_an_error)
{
    ck_assert(!take("none/p"));
    assert_says(said, "none/p: cannot be edited");
    assert_says(said, "No such file or directory");
    if (geteuid() == 0)
        return;
    ck_assert_int_eq(chmod(scratch_path("."), 0500), 0);
    ck_assert(!take("p"));
    assert_says(said, "Permission denied");
    ck_assert_int_eq(chmod(scratch_path("."), 0700), 0);
}
END_TEST

/* A process that has the lock until it reads the end of `until`. */
static pid_t hold(int until[2])
{
    int ready[2];
    char c;
    pid_t child;

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(until, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        close(until[1]);
        if (!take("p") || write(ready[1], "x", 1) != 1 || read(until[0], &c, 1) != 0)
            _exit(1);
        edit_lock_release(&lock);
        _exit(0);
    }
    close(until[0]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return child;
}

START_TEST(the_next_process_waits)
{
    int until[2], status;
    pid_t child = hold(until);

    close(until[1]);
    ck_assert_msg(take("p"), "%s", said);
    ck_assert(exists(".p.nacre-lock")); /* not the one that the other process has removed */
    edit_lock_release(&lock);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(waiting_ends_with_a_message)
{
    int until[2], status;
    pid_t child = hold(until);

    ck_assert(!take("p"));
    assert_says(said, "p: another process has been editing it for 5 seconds");
    edit_lock_release(&lock);
    ck_assert(exists(".p.nacre-lock"));
    close(until[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* What a user can do who can only read the folder and the file. The descriptors are in `held`. */
static bool locks_something(int held[3])
{
    static const char *const names[] = {".", "p", ".p.nacre-lock"};
    bool any = false;

    for (size_t i = 0; i < 3; i++) {
        held[i] = open(scratch_path(names[i]), O_RDONLY | O_CLOEXEC);
        ck_assert(held[i] >= 0 || i == 2);
        any |= held[i] >= 0 && flock(held[i], LOCK_EX | LOCK_NB) == 0;
    }
    return any;
}

START_TEST(who_can_only_read_cannot_hold_the_lock)
{
    int held[3];

    if (geteuid() != 0)
        return;
    scratch_write("p", "", 0644);
    scratch_write(".p.nacre-lock", "", 0600);
    ck_assert_int_eq(chmod(scratch_path("."), 0755), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert(locks_something(held)); /* the folder and the file: that does not matter */
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_msg(take("p"), "%s", said);
    edit_lock_release(&lock);
    for (size_t i = 0; i < 3; i++)
        if (held[i] >= 0)
            close(held[i]);
}
END_TEST

/* By the process that had the lock, between our opening and locking it. */
START_TEST(a_lock_file_that_is_removed_meanwhile_is_made_again)
{
    remove_once = true;
    ck_assert_msg(take("p"), "%s", said);
    ck_assert(!remove_once && exists(".p.nacre-lock"));
    edit_lock_release(&lock);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_timeout(suite, 30);
    add_test(suite, the_lock_file_is_hidden_beside_the_file);
    add_test(suite, a_lock_leaves_nothing);
    add_test(suite, signals_wait_until_the_lock_is_released);
    add_test(suite, a_lock_file_that_a_killed_process_left_is_used);
    add_test(suite, a_lock_file_that_others_can_open_is_refused);
    add_test(suite, a_folder_that_cannot_be_written_is_an_error);
    add_test(suite, the_next_process_waits);
    add_test(suite, waiting_ends_with_a_message);
    add_test(suite, who_can_only_read_cannot_hold_the_lock);
    add_test(suite, a_lock_file_that_is_removed_meanwhile_is_made_again);
}
