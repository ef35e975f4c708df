/* The process that nacre-serve starts: how it starts and how it ends. */
#include "apps/serve/child.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Signals 32 and 33 belong to the C library. */
START_TEST(no_signal_is_blocked_or_ignored)
{
    char out[512];
    const char *ignored;
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
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
    ck_assert_int_eq(dup(0), before); /* no descriptor was left open */
    close(before);
}
END_TEST

START_TEST(signals_have_their_rfc_names)
{
    ck_assert_int_eq(signal_number("TERM"), SIGTERM);
    ck_assert_int_eq(signal_number("USR2"), SIGUSR2);
    ck_assert_int_eq(signal_number("SIGTERM"), -1);
    ck_assert_int_eq(signal_number("term"), -1);
    ck_assert_int_eq(signal_number(""), -1);
    ck_assert_str_eq(signal_name(SIGSEGV), "SEGV");
    ck_assert_str_eq(signal_name(SIGBUS), "BUS@nacre");
    ck_assert_str_eq(signal_name(SIGRTMIN), "OTHER@nacre");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_program_ends_with_a_status_or_a_signal);
    add_test(suite, no_signal_is_blocked_or_ignored);
    add_test(suite, a_missing_program_leaves_no_descriptor_open);
    add_test(suite, signals_have_their_rfc_names);
}
