#include "apps/daemon/signals.h"

#include "tests/support/child.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <sys/wait.h>

static const int harmless[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM};

enum { HARMLESS = sizeof harmless / sizeof harmless[0] };

static int raise_at_once(void)
{
    signals_start();
    for (size_t i = 0; i < HARMLESS; i++)
        if (raise(harmless[i]) != 0)
            return 1;
    return 0;
}

START_TEST(no_other_signal_ends_a_server_that_starts)
{
    succeeds_in_child(raise_at_once);
}
END_TEST

static int raise_at_the_end(void)
{
    signals_start();
    signals_hold();
    signals_serve(NULL, false);
    signals_stop();
    for (size_t i = 0; i < HARMLESS; i++)
        if (raise(harmless[i]) != 0)
            return 1;
    return raise(SIGTERM) != 0 || raise(SIGINT) != 0;
}

START_TEST(no_signal_ends_a_server_that_is_being_freed)
{
    succeeds_in_child(raise_at_the_end);
}
END_TEST

static int terminate_without_server(void)
{
    (void)signal(SIGTERM, SIG_DFL); /* Check has a handler */
    signals_start();
    signals_hold();
    if (raise(SIGTERM) != 0)
        return 1; /* it waits */
    signals_serve(NULL, false);
    return 2;
}

START_TEST(a_start_that_failed_can_be_terminated)
{
    int status = in_child(terminate_without_server);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

static int take(void)
{
    signals_start();
    if (signals_take_hangup() || raise(SIGHUP) != 0)
        return 1;
    if (!signals_take_hangup() || signals_take_hangup())
        return 2;
    return signals_take_report() ? 3 : 0;
}

START_TEST(a_hangup_is_reported_once_and_is_no_report_of_counters)
{
    succeeds_in_child(take);
}
END_TEST

static int count_ignored(void)
{
    struct sigaction action;
    int ignored = 0;

    signals_start();
    for (size_t i = 0; i < HARMLESS; i++)
        ignored += sigaction(harmless[i], NULL, &action) != 0 || action.sa_handler == SIG_IGN;
    return ignored;
}

static int end(void)
{
    signals_start();
    signals_hold();
    signals_set_drain(1);
    return signals_are_ending() ? 1 : 0;
}

START_TEST(a_server_that_starts_is_not_ending)
{
    succeeds_in_child(end);
}
END_TEST

START_TEST(programs_that_the_server_starts_do_not_inherit_an_ignored_signal)
{
    succeeds_in_child(count_ignored);
}
END_TEST

static bool is_blocked(int number)
{
    sigset_t now;

    return pthread_sigmask(SIG_SETMASK, NULL, &now) != 0 || sigismember(&now, number) == 1;
}

static bool restarts(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && (action.sa_flags & SA_RESTART) != 0;
}

static int hold(void)
{
    static const int held[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGUSR2};
    struct sigaction action;

    (void)signal(SIGCHLD, SIG_IGN);
    signals_start();
    if (sigaction(SIGCHLD, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
        return 1; /* programs would leave no status */
    for (size_t i = 0; i < HARMLESS; i++)
        if (!restarts(harmless[i]))
            return 2;
    signals_hold();
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (!is_blocked(held[i]))
            return 3;
    if (is_blocked(SIGCHLD))
        return 4;
    signals_serve(NULL, false);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (is_blocked(held[i]))
            return 5;
    signals_stop();
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (!restarts(held[i]))
            return 6;
    return 0;
}

START_TEST(signals_wait_while_the_server_is_made_and_interrupt_nothing)
{
    succeeds_in_child(hold);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, no_other_signal_ends_a_server_that_starts);
    add_test(suite, no_signal_ends_a_server_that_is_being_freed);
    add_test(suite, a_start_that_failed_can_be_terminated);
    add_test(suite, a_hangup_is_reported_once_and_is_no_report_of_counters);
    add_test(suite, signals_wait_while_the_server_is_made_and_interrupt_nothing);
    add_test(suite, a_server_that_starts_is_not_ending);
    add_test(suite, programs_that_the_server_starts_do_not_inherit_an_ignored_signal);
}
