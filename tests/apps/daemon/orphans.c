/* A process 1 that looks after its server and after orphans: the processes are a script. */
#include "apps/daemon/orphans.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVER = 2, OTHER = 3 };

struct event {
    int number, code; /* of a signal; -1: the wait is interrupted */
    pid_t ended;      /* with SIGCHLD: this process, */
    int status;       /* ... with this status; and OTHER after it */
};

static pid_t process, server;
static bool scripted; /* otherwise the calls are the system's */
static const struct event *script;
static size_t at;
static int reported;
static jmp_buf exited;
static int status;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
pid_t __real_getpid(void);
pid_t __real_fork(void);
pid_t __real_waitpid(pid_t pid, int *out, int flags);
int __real_kill(pid_t pid, int number);
_Noreturn void __real__exit(int code);

OWN(pid_t, getpid, void)
{
    return scripted ? process : __real_getpid();
}

OWN(pid_t, fork, void)
{
    sigset_t now;

    if (!scripted)
        return __real_fork();
    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    note("fork%s;", sigismember(&now, SIGTERM) == 1 ? "" : " with signals");
    return server;
}

OWN(int, sigwaitinfo, const sigset_t *signals, siginfo_t *info)
{
    ck_assert(sigismember(signals, SIGCHLD) == 1 && sigismember(signals, SIGTERM) == 1);
    memset(info, 0, sizeof *info);
    info->si_code = script[at].code;
    reported = 0;
    return script[at++].number;
}

OWN(pid_t, waitpid, pid_t pid, int *out, int flags)
{
    if (!scripted)
        return __real_waitpid(pid, out, flags);
    ck_assert(pid == -1 && flags == WNOHANG);
    *out = script[at - 1].status;
    return ++reported == 1 ? script[at - 1].ended : reported == 2 ? OTHER : 0;
}

OWN(int, kill, pid_t pid, int number)
{
    if (!scripted)
        return __real_kill(pid, number);
    note("kill %d %d;", (int)pid, number);
    return 0;
}

OWN(_Noreturn void, _exit, int code)
{
    if (!scripted)
        __real__exit(code);
    status = code;
    longjmp(exited, 1);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Play the script; returns the exit status, or -1 if the process goes on. */
static int play(pid_t pid, pid_t forked, const struct event *events)
{
    process = pid;
    server = forked;
    script = events;
    at = 0;
    status = -1;
    scripted = true;
    if (setjmp(exited) == 0)
        orphans_adopt();
    scripted = false;
    return status;
}

START_TEST(only_process_1_adopts_orphans)
{
    ck_assert_int_eq(play(2, SERVER, NULL), -1);
    expect_notes("");
}
END_TEST

static bool is_blocked(int number)
{
    sigset_t now;

    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, number) == 1;
}

START_TEST(the_server_goes_on_with_its_signals)
{
    struct sigaction action;

    for (pid_t forked = -1; forked <= 0; forked++) { /* or there can be no child */
        (void)signal(SIGCHLD, SIG_IGN);
        ck_assert_int_eq(play(1, forked, NULL), -1);
        expect_notes("fork;");
        ck_assert(!is_blocked(SIGTERM) && !is_blocked(SIGCHLD));
        ck_assert_int_eq(sigaction(SIGCHLD, NULL, &action), 0);
        ck_assert(action.sa_handler == SIG_DFL);
    }
}
END_TEST

START_TEST(the_status_is_the_servers)
{
    const struct event exits[] = {{SIGCHLD, SI_USER, OTHER, 5 << 8},
                                  {SIGCHLD, SI_USER, SERVER, 7 << 8}};
    const struct event killed[] = {{SIGCHLD, SI_USER, SERVER, SIGKILL}};
    const struct event stops[] = {{SIGCHLD, SI_USER, SERVER, 0x137f},
                                  {SIGCHLD, SI_USER, SERVER, 0}};

    ck_assert_int_eq(play(1, SERVER, exits), 7);
    ck_assert_int_eq(play(1, SERVER, killed), 128 + SIGKILL);
    ck_assert_int_eq(play(1, SERVER, stops), 0);
    expect_notes("fork;fork;fork;");
}
END_TEST

START_TEST(signals_are_passed_on_unless_the_terminal_has_done_so)
{
    const struct event events[] = {{SIGTERM, SI_USER, 0, 0}, {SIGINT, SI_KERNEL, 0, 0},
                                   {-1, SI_USER, 0, 0},      {0, SI_USER, 0, 0},
                                   {SIGHUP, SI_USER, 0, 0},  {SIGCHLD, SI_USER, SERVER, 0}};

    ck_assert_int_eq(play(1, SERVER, events), 0);
    expect_notes("fork;kill 2 15;kill 2 1;");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, only_process_1_adopts_orphans);
    add_test(suite, the_server_goes_on_with_its_signals);
    add_test(suite, the_status_is_the_servers);
    add_test(suite, signals_are_passed_on_unless_the_terminal_has_done_so);
}
