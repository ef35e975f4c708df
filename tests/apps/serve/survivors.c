/* Processes that are left of a session. */
#include "apps/serve/survivors.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool has_proc = true;
static bool opens = true; /* the file of a process, which may end before */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
DIR *__real_opendir(const char *name);
int __real_openat64(int folder, const char *name, int flags);

OWN(int, openat64, int folder, const char *name, int flags)
{
    return opens ? __real_openat64(folder, name, flags) : -1;
}

/* Not as descriptor 0, which the files in it then are. */
OWN(DIR *, opendir, const char *name)
{
    int zero = has_proc ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    DIR *folder = has_proc ? __real_opendir(name) : NULL;

    if (zero >= 0)
        (void)close(zero);
    return folder;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A session of so many processes, whose leader has a name that resembles the fields after it, and
 * perhaps ends at once. They end with the test, or when the descriptor is closed. Returns when all
 * have begun. */
static pid_t start_session(unsigned processes, bool leader_ends, int *hold)
{
    int begun[2], held[2];
    char byte;
    pid_t leader;

    ck_assert_int_eq(pipe(begun), 0);
    ck_assert_int_eq(pipe(held), 0);
    leader = fork();
    ck_assert_int_ge(leader, 0);
    if (leader == 0) {
        (void)close(held[1]);
        (void)setsid();
        (void)prctl(PR_SET_NAME, ") Z 1 (1 1 1");
        for (unsigned i = 1; i < processes && fork() != 0; i++)
            continue;
        (void)!write(begun[1], "x", 1);
        if (!leader_ends || getpid() != getsid(0))
            (void)!read(held[0], &byte, 1);
        _exit(0);
    }
    (void)close(held[0]);
    for (unsigned i = 0; i < processes; i++)
        ck_assert_int_eq(read(begun[0], &byte, 1), 1);
    (void)close(begun[0]);
    (void)close(begun[1]);
    *hold = held[1];
    return leader;
}

/* The count, as soon as it is made again. */
static unsigned counted(pid_t leader, unsigned expected)
{
    unsigned n = 0;

    for (int i = 0; i < 1000 && n != expected; i++) {
        n = survivors_count(leader);
        if (n != expected)
            (void)nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return n;
}

START_TEST(the_living_processes_of_a_session_are_counted)
{
    int hold;
    pid_t leader = start_session((unsigned)_i, false, &hold);
    int before = dup(0), status;

    (void)close(before);
    ck_assert_uint_eq(counted(leader, (unsigned)_i), (unsigned)_i);
    ck_assert(survivors_exist(leader));
    ck_assert_int_eq(dup(0), before); /* no descriptor was left open */
    (void)close(before);
    (void)close(hold);
    ck_assert_int_eq(waitpid(leader, &status, 0), leader);
    ck_assert_int_eq(status, 0); /* no signal was sent to it */
}
END_TEST

START_TEST(a_leader_that_has_ended_is_not_counted)
{
    int hold;
    pid_t leader = start_session(3, true, &hold);
    siginfo_t end;

    ck_assert_int_eq(waitid(P_PID, (id_t)leader, &end, WEXITED | WNOWAIT), 0);
    ck_assert_uint_eq(counted(leader, 2), 2); /* it waits to be reaped */
    ck_assert_int_eq(waitpid(leader, NULL, 0), leader);
    ck_assert_uint_eq(counted(leader, 2), 2);
    ck_assert(survivors_exist(leader));
    (void)close(hold);
}
END_TEST

START_TEST(nobody_is_left_of_no_session)
{
    pid_t leader = fork();

    if (leader == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(leader, NULL, 0), leader);
    ck_assert_uint_eq(survivors_count(leader), 0);
    ck_assert(!survivors_exist(leader));
    ck_assert(!survivors_exist(0)); /* not our own group */
}
END_TEST

/* Each is the first count of its process, which is made whenever it is asked for. */
START_TEST(what_cannot_be_read_is_not_counted)
{
    int hold;
    pid_t leader = start_session(1, false, &hold);
    unsigned n;

    has_proc = _i != 0;
    opens = _i != 1;
    n = survivors_count(leader);
    ck_assert_uint_eq(n, 0);
    (void)close(hold);
    ck_assert_int_eq(waitpid(leader, NULL, 0), leader);
}
END_TEST

/* Counting is a small part of the time, however often it is asked for. */
START_TEST(counts_are_rare)
{
    int hold;
    pid_t leader = start_session(1, false, &hold);
    unsigned made = 0;

    (void)counted(leader, 1);
    for (int i = 0; i < 1000; i++)
        made += survivors_count(leader);
    ck_assert_uint_lt(made, 100);
    (void)close(hold);
    ck_assert_int_eq(waitpid(leader, NULL, 0), leader);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, the_living_processes_of_a_session_are_counted, 1, 4);
    add_test(suite, a_leader_that_has_ended_is_not_counted);
    add_test(suite, nobody_is_left_of_no_session);
    add_loop(suite, what_cannot_be_read_is_not_counted, 0, 2);
    add_test(suite, counts_are_rare);
}
