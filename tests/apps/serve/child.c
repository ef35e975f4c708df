/* The process that nacre-serve starts: how it starts and how it ends. */
#include "apps/serve/child.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int waitid_code = -1; /* what waitid finds, without a process; 0: an interruption */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_waitid(idtype_t type, id_t id, siginfo_t *found, int options);

OWN(int, waitid, idtype_t type, id_t id, siginfo_t *found, int options)
{
    if (waitid_code < 0)
        return __real_waitid(type, id, found, options);
    errno = EINTR;
    if (waitid_code == 0)
        return -1;
    found->si_pid = 1;
    found->si_code = waitid_code;
    found->si_status = 3;
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct child_end run(const char *script, char *out, size_t size)
{
    char *argv[] = {"/bin/sh", "-c", (char *)(uintptr_t)script, NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    const struct spawn program = {.argv = argv, .environment = environment};
    struct terminal none = {.master = -1, .slave = -1};
    struct child child;
    struct child_streams streams;
    struct child_end end;
    struct pollfd ended;
    ssize_t n;
    size_t got = 0;

    ck_assert(child_start(&child, &program, &none, &streams));
    close(streams.input);
    while ((n = read(streams.output, out + got, size - got - 1)) > 0)
        got += (size_t)n;
    out[got] = 0;
    close(streams.output);
    close(streams.error);
    ended = (struct pollfd){.fd = child.pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 60 * 1000), 1);
    ck_assert(child_reap(&child, &end));
    ck_assert_int_eq(child.pid, 0);
    child_signal(&child, SIGKILL); /* does nothing */
    return end;
}

START_TEST(a_program_ends_with_a_status_or_a_signal)
{
    char out[256];
    struct child_end end = run("echo hi; exit 200", out, sizeof out);

    ck_assert(!end.by_signal && end.status == 200);
    ck_assert_str_eq(out, "hi\n");
    end = run("kill -KILL $$", out, sizeof out);
    ck_assert(end.by_signal && end.status == SIGKILL);
}
END_TEST

START_TEST(the_end_of_a_program_is_what_the_system_says)
{
    static const struct {
        int code;
        bool by_signal, core_dumped;
    } rows[] = {{CLD_EXITED, false, false}, {CLD_KILLED, true, false}, {CLD_DUMPED, true, true}};
    struct child_end end;
    struct child child;

    child = (struct child){.pid = 1, .pidfd = dup(0)};
    waitid_code = 0;
    ck_assert(!child_reap(&child, &end)); /* it is asked again later */
    ck_assert_int_eq(child.pid, 1);
    (void)close(child.pidfd);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        child = (struct child){.pid = 1, .pidfd = dup(0)};
        waitid_code = rows[i].code;
        ck_assert(child_reap(&child, &end));
        ck_assert_int_eq(end.by_signal, rows[i].by_signal);
        ck_assert_int_eq(end.core_dumped, rows[i].core_dumped);
        ck_assert_int_eq(end.status, 3);
        ck_assert_int_eq(child.pidfd, -1);
    }
}
END_TEST

/* Signals 32 and 33 belong to the C library. */
START_TEST(no_signal_is_blocked_or_ignored)
{
    char out[512];
    const char *ignored;
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* the first one */
    signal(SIGRTMAX, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    run("grep -E 'Sig(Blk|Ign)' /proc/self/status", out, sizeof out);
    ck_assert_msg(strstr(out, "SigBlk:\t0000000000000000") != NULL, "%s", out);
    ignored = strstr(out, "SigIgn:\t");
    ck_assert_ptr_nonnull(ignored);
    ck_assert_uint_eq(strtoull(ignored + 8, NULL, 16) & ~0x180000000ULL, 0);
}
END_TEST

START_TEST(a_missing_program_leaves_no_descriptor_open)
{
    char *argv[] = {"/no/such/program", NULL};
    char *environment[] = {NULL};
    const struct spawn program = {.argv = argv, .environment = environment};
    struct nacre_request request = {.columns = 80, .rows = 24};
    struct terminal none = {.master = -1, .slave = -1}, t;
    struct child child;
    struct child_streams streams;
    int before = dup(0);

    close(before);
    ck_assert(!child_start(&child, &program, &none, &streams));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert(terminal_open(&t, &request));
    ck_assert(!child_start(&child, &program, &t, &streams));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(child.pid, 0);
    ck_assert_int_eq(child.pidfd, -1);
    ck_assert_int_eq(dup(0), before); /* no descriptor was left open */
    close(before);
}
END_TEST

START_TEST(a_server_without_descriptors_starts_nothing)
{
    char *argv[] = {"/bin/true", NULL}, *environment[] = {NULL};
    const struct spawn program = {.argv = argv, .environment = environment};
    struct terminal none = {.master = -1, .slave = -1};
    struct child child;
    struct child_streams streams;
    struct rlimit limit;
    int before = dup(0);

    close(before);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (unsigned left = 0; left < 6; left++) {
        const struct rlimit few = {(rlim_t)before + left, limit.rlim_max};

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        ck_assert(!child_start(&child, &program, &none, &streams));
        ck_assert_int_eq(errno, EMFILE);
        ck_assert_int_eq(child.pid, 0);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        ck_assert_int_eq(dup(0), before);
        close(before);
    }
}
END_TEST

/* A shell and a program that it started, in one session: both have the pipe of the output. */
static struct child start_two(struct child_streams *streams)
{
    char *argv[] = {"/bin/sh", "-c", "sleep 1000 & echo begun; wait", NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", NULL}, begun[8] = "";
    const struct spawn program = {.argv = argv, .environment = environment};
    struct terminal none = {.master = -1, .slave = -1};
    struct child child;

    ck_assert(child_start(&child, &program, &none, streams));
    ck_assert_int_eq(read(streams->output, begun, 6), 6);
    return child;
}

START_TEST(a_signal_is_for_the_whole_session)
{
    struct child_streams streams;
    struct child child = start_two(&streams);
    struct child_end end = {.status = 77};
    const pid_t pid = child.pid;
    char byte;

    ck_assert(!child_reap(&child, &end)); /* it has not ended */
    ck_assert_int_eq(child.pid, pid);
    ck_assert_int_eq(end.status, 77);
    child_signal(&child, SIGKILL);
    ck_assert_int_eq(read(streams.output, &byte, 1), 0); /* nobody is left */
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert(child_reap(&child, &end)); /* its status was taken here */
    ck_assert(!end.by_signal && !end.core_dumped);
    ck_assert_int_eq(end.status, 255);
    ck_assert_int_eq(child.pid, 0);
    ck_assert_int_eq(child.pidfd, -1);
    close(streams.input);
    close(streams.output);
    close(streams.error);
}
END_TEST

START_TEST(a_program_on_a_terminal_has_it_and_nothing_else)
{
    char *argv[] = {"/bin/sh", "-c", "tty; stty size; echo done", NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", NULL}, out[512] = "", expected[128];
    const struct spawn program = {.argv = argv, .environment = environment};
    const struct nacre_request request = {.columns = 81, .rows = 25};
    struct terminal t;
    struct child child;
    struct child_streams streams;
    struct child_end end;
    size_t got = 0;
    ssize_t n;
    int before = dup(0);

    close(before);
    ck_assert(terminal_open(&t, &request));
    (void)snprintf(expected, sizeof expected, "%s\r\n25 81\r\ndone\r\n", t.name);
    ck_assert(child_start(&child, &program, &t, &streams));
    ck_assert_int_eq(t.master, -1);
    ck_assert_int_eq(t.slave, -1);
    ck_assert_int_eq(streams.input, streams.output);
    ck_assert_int_eq(streams.error, -1);
    while ((n = read(streams.output, out + got, sizeof out - got - 1)) > 0)
        got += (size_t)n; /* until the program's side is closed */
    ck_assert_str_eq(out, expected);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = child.pidfd, .events = POLLIN}, 1, 60 * 1000), 1);
    ck_assert(child_reap(&child, &end));
    ck_assert_int_eq(end.status, 0);
    close(streams.output);
    ck_assert_int_eq(dup(0), before);
    close(before);
}
END_TEST

START_TEST(signals_have_their_rfc_names)
{
    int named = 0;

    ck_assert_int_eq(signal_number("TERM"), SIGTERM);
    ck_assert_int_eq(signal_number("USR2"), SIGUSR2);
    ck_assert_int_eq(signal_number("SIGTERM"), -1);
    ck_assert_int_eq(signal_number("term"), -1);
    ck_assert_int_eq(signal_number(""), -1);
    ck_assert_str_eq(signal_name(SIGSEGV), "SEGV");
    ck_assert_str_eq(signal_name(SIGBUS), "BUS@nacre");
    ck_assert_str_eq(signal_name(SIGRTMIN), "OTHER@nacre");
    for (int i = 1; i < SIGRTMIN; i++) {
        const char *name = signal_name(i), *system = sigabbrev_np(i);
        size_t len = strcspn(name, "@");

        if (system == NULL || strcmp(name, "OTHER@nacre") == 0)
            continue;
        ck_assert_int_eq(signal_number(name), i);
        ck_assert(strncmp(name, i == SIGIO ? "IO" : system, len) == 0);
        named++;
    }
    ck_assert_int_eq(named, 21);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, a_program_ends_with_a_status_or_a_signal);
    add_test(suite, the_end_of_a_program_is_what_the_system_says);
    add_test(suite, no_signal_is_blocked_or_ignored);
    add_test(suite, a_missing_program_leaves_no_descriptor_open);
    add_test(suite, a_server_without_descriptors_starts_nothing);
    add_test(suite, a_signal_is_for_the_whole_session);
    add_test(suite, a_program_on_a_terminal_has_it_and_nothing_else);
    add_test(suite, signals_have_their_rfc_names);
}
