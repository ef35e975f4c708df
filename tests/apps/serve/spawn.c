/* A program in a new process: where it starts, and with which limit of descriptors. */
#include "apps/serve/spawn.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_memory = true;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t from);

OWN(void *, mmap64, void *at, size_t size, int protection, int flags, int fd, off_t from)
{
    if (has_memory)
        return __real_mmap64(at, size, protection, flags, fd, from);
    errno = ENOMEM;
    return MAP_FAILED;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static char out[4096];
static struct spawn asked;

/* Run a script, whose output goes to `out`. Returns what spawn returns. */
static int run(const char *script)
{
    char *argv[] = {"/bin/sh", "-c", (char *)(uintptr_t)script, NULL};
    static char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    struct pollfd ended = {.events = POLLIN};
    int ends[2], failure;
    size_t got = 0;
    ssize_t n;
    pid_t pid;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    asked.argv = asked.argv != NULL ? asked.argv : argv;
    asked.environment = environment;
    for (int i = 0; i < 3; i++)
        asked.streams[i] = ends[1];
    failure = spawn(&asked, &pid, &ended.fd);
    asked.argv = NULL;
    (void)close(ends[1]);
    while ((n = read(ends[0], out + got, sizeof out - got - 1)) > 0)
        got += (size_t)n;
    out[got] = 0;
    (void)close(ends[0]);
    if (failure != 0)
        return failure;
    ck_assert_int_eq(poll(&ended, 1, 60 * 1000), 1);
    ck_assert_int_ne(fcntl(ended.fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    (void)close(ended.fd);
    return 0;
}

START_TEST(a_program_has_its_limit_of_descriptors_and_the_caller_keeps_its_own)
{
    const struct rlimit few = {20, 30};
    struct rlimit before, after;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    asked = (struct spawn){.descriptors = &few};
    ck_assert_int_eq(run("ulimit -Sn; ulimit -Hn"), 0);
    ck_assert_str_eq(out, "20\n30\n");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &after), 0);
    ck_assert_uint_eq(after.rlim_cur, before.rlim_cur);
    ck_assert_uint_eq(after.rlim_max, before.rlim_max);
}
END_TEST

START_TEST(a_program_starts_in_its_folder_or_else_in_the_root)
{
    char before[4096], after[4096];

    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    asked = (struct spawn){.folder = "/usr"};
    ck_assert_int_eq(run("pwd"), 0);
    ck_assert_str_eq(out, "/usr\n");
    asked = (struct spawn){.folder = "/no/such/folder"};
    ck_assert_int_eq(run("pwd"), 0);
    ck_assert_str_eq(out, "/\n");
    asked = (struct spawn){.folder = NULL};
    ck_assert_int_eq(run("pwd"), 0);
    ck_assert_uint_eq(strcspn(out, "\n"), strlen(before));
    ck_assert_mem_eq(out, before, strlen(before));
    ck_assert_ptr_nonnull(getcwd(after, sizeof after));
    ck_assert_str_eq(before, after);
}
END_TEST

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

START_TEST(the_caller_keeps_its_signals_and_descriptors)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t some, now;
    int before = dup(0), again;

    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGUSR2);
    (void)sigprocmask(SIG_SETMASK, &some, NULL);
    asked = (struct spawn){.folder = NULL};
    ck_assert_int_eq(run("grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd"), 0);
    ck_assert_ptr_nonnull(strstr(out, "SigBlk:\t0000000000000000"));
    ck_assert_ptr_nonnull(strstr(out, "\n0\n1\n2\n3\n")); /* 3: the folder itself */
    ck_assert_ptr_null(strstr(out, "\n4\n"));
    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    ck_assert(sigismember(&now, SIGUSR2) == 1 && sigismember(&now, SIGUSR1) == 0);
    (void)raise(SIGUSR1);
    ck_assert_int_eq(caught, SIGUSR1);
    again = dup(0);
    ck_assert_int_eq(again, before + 1);
    (void)close(again);
    (void)close(before);
}
END_TEST

START_TEST(a_program_that_cannot_run_leaves_no_process)
{
    char *const missing[] = {"/no/such/program", NULL};
    char *const folder[] = {"/usr", NULL};
    char *shell[] = {"/bin/true", NULL}, *nothing[] = {NULL};
    int pidfd;
    pid_t pid;

    asked = (struct spawn){.argv = missing};
    ck_assert_int_eq(run(""), ENOENT);
    asked = (struct spawn){.argv = folder};
    ck_assert_int_eq(run(""), EACCES);
    asked = (struct spawn){.terminal = "/no/such/terminal"};
    ck_assert_int_eq(run("true"), ENOENT);
    asked = (struct spawn){.argv = shell, .environment = nothing, .streams = {-1, -1, -1}};
    ck_assert_int_eq(spawn(&asked, &pid, &pidfd), EBADF);
    has_memory = false;
    ck_assert_int_eq(spawn(&asked, &pid, &pidfd), ENOMEM);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, a_program_has_its_limit_of_descriptors_and_the_caller_keeps_its_own);
    add_test(suite, a_program_starts_in_its_folder_or_else_in_the_root);
    add_test(suite, the_caller_keeps_its_signals_and_descriptors);
    add_test(suite, a_program_that_cannot_run_leaves_no_process);
}
