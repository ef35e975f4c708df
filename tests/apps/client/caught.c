/* Signals of nacre-client: they are noted, and end a wait. */
#include "apps/client/caught.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static int ends[2]; /* of a pipe */

static void open_pipe(void)
{
    ck_assert_int_eq(pipe(ends), 0);
}

static void close_pipe(void)
{
    ck_assert_int_eq(close(ends[0]), 0);
    ck_assert_int_eq(close(ends[1]), 0);
}

static bool is_caught(int number)
{
    struct sigaction action;

    ck_assert_int_eq(sigaction(number, NULL, &action), 0);
    if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
        return false;
    ck_assert_int_eq(action.sa_flags & SA_RESTART, 0); /* a write that waits is interrupted */
    return true;
}

START_TEST(a_signal_that_was_ignored_stays_ignored)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};

    for (size_t i = 0; i < 7; i++)
        (void)signal(numbers[i], numbers[i] == SIGHUP ? SIG_IGN : SIG_DFL);
    caught_begin();
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(is_caught(numbers[i]), numbers[i] != SIGHUP);
    (void)raise(SIGHUP);
    ck_assert_int_eq(caught_end(), 0);
}
END_TEST

START_TEST(the_first_signal_that_ends_the_program_counts)
{
    caught_begin();
    ck_assert_int_eq(caught_end(), 0);
    (void)raise(SIGTERM);
    (void)raise(SIGINT);
    ck_assert_int_eq(caught_end(), SIGTERM);
    ck_assert_int_eq(caught_end(), SIGTERM);
    ck_assert(!caught_take_stop() && !caught_take_continue() && !caught_take_resize());
}
END_TEST

START_TEST(each_other_signal_is_taken_once)
{
    caught_begin();
    (void)raise(SIGTSTP);
    ck_assert(caught_take_stop() && !caught_take_stop());
    ck_assert(!caught_take_continue() && !caught_take_resize());
    (void)raise(SIGCONT);
    ck_assert(caught_take_continue() && !caught_take_continue());
    ck_assert(!caught_take_stop() && !caught_take_resize());
    (void)raise(SIGWINCH);
    ck_assert(caught_take_resize() && !caught_take_resize());
    ck_assert_int_eq(caught_end(), 0);
}
END_TEST

/* With anything noted, a wait for ever ends at once, and nothing is ready. */
START_TEST(a_signal_before_the_wait_ends_it)
{
    static const int numbers[] = {SIGTSTP, SIGCONT, SIGWINCH, SIGTERM};

    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    caught_begin();
    for (size_t i = 0; i < 4; i++) {
        struct pollfd at[2] = {{.fd = ends[0], .events = POLLIN, .revents = POLLIN},
                               {.fd = -1, .revents = POLLIN}};
        sigset_t now;

        (void)raise(numbers[i]);
        caught_poll(at, 2, UINT32_MAX);
        ck_assert_int_eq(at[0].revents, 0);
        ck_assert_int_eq(at[1].revents, 0);
        (void)caught_take_stop();
        (void)caught_take_continue();
        (void)caught_take_resize();
        ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &now), 0);
        ck_assert_int_eq(sigismember(&now, SIGTERM), 0);
    }
}
END_TEST

static uint64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

START_TEST(a_wait_ends_when_something_is_ready_or_the_time_is_over)
{
    struct pollfd at = {.fd = ends[0], .events = POLLIN};
    uint64_t before;

    caught_begin();
    before = now_ms();
    caught_poll(&at, 1, 1020); /* seconds, and the rest */
    ck_assert_int_eq(at.revents, 0);
    ck_assert_uint_ge(now_ms() - before, 1019);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    caught_poll(&at, 1, UINT32_MAX);
    ck_assert_int_eq(at.revents, POLLIN);
}
END_TEST

/* SIGCONT's default is to do nothing, so it returns, as SIGTSTP does after the stop. */
START_TEST(a_signal_with_its_default_effect_is_caught_again)
{
    caught_begin();
    caught_default(SIGCONT);
    ck_assert(!caught_take_continue());
    (void)raise(SIGCONT);
    ck_assert(caught_take_continue());
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, open_pipe, close_pipe);
    add_test(suite, a_signal_that_was_ignored_stays_ignored);
    add_test(suite, the_first_signal_that_ends_the_program_counts);
    add_test(suite, each_other_signal_is_taken_once);
    add_test(suite, a_signal_before_the_wait_ends_it);
    add_test(suite, a_wait_ends_when_something_is_ready_or_the_time_is_over);
    add_test(suite, a_signal_with_its_default_effect_is_caught_again);
}
