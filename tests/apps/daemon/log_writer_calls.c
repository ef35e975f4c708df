/* The thread that writes the log, call by call: it runs when the test calls it, and what other
 * threads do happens while it waits. */
#include "apps/daemon/log.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/log_writer.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void *(*thread)(void *);
static bool no_thread, no_space; /* for a thread; at the reader */
static const struct event *script;
static struct timespec now = {.tv_sec = 100, .tv_nsec = 5};
static bool signals_blocked, runs_meanwhile, is_awaited;
static jmp_buf wakes; /* what waits for the thread */

/* What happens while the thread waits, or writes */
struct event {
    enum { PUT, STOP, NOTHING } what;
    const char *line;
    enum log_progress progress; /* of a write */
    size_t most;                /* bytes of it; 0: all */
};

/* The caller has no lock. */
static void happen(const struct event *e)
{
    if (e->what == PUT)
        log_put(e->line, strlen(e->line));
    else if (e->what == STOP)
        log_stop();
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, pthread_create, pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
    void *context)
{
    (void)out;
    thread = run;
    note("create%s%s;", signals_blocked ? "" : " with signals",
         attributes == NULL && context == NULL ? "" : " otherwise");
    return no_thread ? EAGAIN : 0;
}

OWN(int, pthread_join, pthread_t which, void **result)
{
    (void)which;
    note("join%s;", result == NULL ? "" : " otherwise");
    return 0;
}

OWN(int, pthread_sigmask, int how, const sigset_t *set, sigset_t *old)
{
    if (old != NULL)
        (void)sigemptyset(old);
    signals_blocked = how == SIG_SETMASK && sigismember(set, SIGTERM) == 1 &&
                      sigismember(set, SIGHUP) == 1 && sigismember(set, SIGSYS) == 0;
    return 0;
}

OWN(int, pthread_condattr_setclock, pthread_condattr_t *attributes, clockid_t clock)
{
    (void)attributes;
    note("clock%s;", clock == CLOCK_MONOTONIC ? "" : " another");
    return 0;
}

OWN(int, pthread_cond_wait, pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    (void)condition;
    note("wait;");
    (void)pthread_mutex_unlock(mutex);
    happen(script++);
    (void)pthread_mutex_lock(mutex);
    return 0;
}

/* Each wait is over at its end, unless the thread runs meanwhile: then until the thread signals,
 * which takes a second. A wait after that one lets the thread go on with what is left. */
OWN(int, pthread_cond_timedwait, pthread_cond_t *condition, pthread_mutex_t *mutex,
    const struct timespec *end)
{
    (void)condition;
    note("until %d.%d;", (int)end->tv_sec, (int)end->tv_nsec);
    if (!runs_meanwhile) {
        now = *end;
        return ETIMEDOUT;
    }
    is_awaited = true;
    if (setjmp(wakes) == 0) {
        (void)pthread_mutex_unlock(mutex);
        (void)thread(NULL);
    }
    is_awaited = false;
    now.tv_sec++;
    return 0; /* the thread had the lock when it signalled */
}

/* The same on 32-bit machines */
OWN(int, __pthread_cond_timedwait64, pthread_cond_t *condition, pthread_mutex_t *mutex,
    const struct timespec *end)
{
    return __wrap_pthread_cond_timedwait(condition, mutex, end);
}

OWN(int, pthread_cond_signal, pthread_cond_t *condition)
{
    (void)condition;
    note("signal;");
    if (is_awaited)
        longjmp(wakes, 1);
    return 0;
}

OWN(int, clock_gettime, clockid_t clock, struct timespec *out)
{
    (void)clock;
    *out = now;
    return 0;
}

OWN(int, __clock_gettime64, clockid_t clock, struct timespec *out)
{
    return __wrap_clock_gettime(clock, out);
}

OWN(enum log_progress, log_output_write, const char *text, size_t len, bool waits, size_t *n)
{
    const struct event *e = script;

    if (!waits) { /* there is no thread */
        if (len < LOG_LINE_MAX)
            note("at once '%.*s';", (int)len, text);
        else
            note("at once %zu bytes;", len);
        *n = no_space ? 0 : len;
        return no_space ? LOG_FULL : LOG_WRITTEN;
    }
    script++;
    *n = e->progress != LOG_WRITTEN ? 0 : e->most == 0 ? len : e->most;
    note("write '%.*s';", (int)len, text);
    happen(e);
    return e->progress;
}

OWN(bool, log_output_wait, int timeout_ms)
{
    note("space %d;", timeout_ms);
    return !no_space;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Start the thread, and let it run until the script stops it. */
static void play(const struct event *events)
{
    script = events;
    ck_assert(log_start());
    expect_notes("clock;create;");
    ck_assert(!signals_blocked); /* as before */
    ck_assert_ptr_null(thread(NULL));
}

#define STOPS "signal;until 101.5;"

START_TEST(the_thread_writes_what_is_put_and_ends_when_it_is_stopped)
{
    play((const struct event[]){{.what = PUT, .line = "a\n"},
                                {.what = NOTHING},
                                {.what = PUT, .line = "b\n"},
                                {.what = NOTHING},
                                {.what = STOP}});
    expect_notes("wait;signal;write 'a\n';wait;signal;write 'b\n';wait;" STOPS "signal;");
}
END_TEST

START_TEST(a_line_that_comes_during_a_write_wakes_nobody_and_follows)
{
    play((const struct event[]){{.what = PUT, .line = "a\n"},
                                {.what = PUT, .line = "b\n"},
                                {.what = STOP},
                                {.what = NOTHING}});
    expect_notes("wait;signal;write 'a\n';write 'b\n';" STOPS "signal;signal;");
}
END_TEST

START_TEST(what_is_left_of_a_write_is_written_first)
{
    play((const struct event[]){{.what = PUT, .line = "abc\n"},
                                {.what = PUT, .line = "d\n", .most = 1},
                                {.what = NOTHING, .progress = LOG_FULL},
                                {.what = NOTHING},
                                {.what = NOTHING},
                                {.what = STOP}});
    expect_notes(
        "wait;signal;write 'abc\n';write 'bc\n';space -1;write 'bc\n';write 'd\n';wait;" STOPS
        "signal;");
}
END_TEST

START_TEST(without_a_reader_it_waits_for_the_next_line)
{
    play((const struct event[]){{.what = PUT, .line = "a\n"},
                                {.what = NOTHING, .progress = LOG_NO_READER},
                                {.what = PUT, .line = "b\n"},
                                {.what = NOTHING},
                                {.what = NOTHING},
                                {.what = STOP}});
    expect_notes("wait;signal;write 'a\n';wait;signal;write 'a\n';write 'b\n';wait;" STOPS
                 "signal;");
}
END_TEST

START_TEST(a_line_that_came_meanwhile_is_a_time_to_try_again)
{
    play((const struct event[]){{.what = PUT, .line = "a\n"},
                                {.what = PUT, .line = "b\n", .progress = LOG_NO_READER},
                                {.what = NOTHING},
                                {.what = NOTHING},
                                {.what = STOP}});
    expect_notes("wait;signal;write 'a\n';write 'a\n';write 'b\n';wait;" STOPS "signal;");
}
END_TEST

START_TEST(without_a_reader_the_end_does_not_wait)
{
    play((const struct event[]){{.what = PUT, .line = "a\n"},
                                {.what = STOP, .progress = LOG_NO_READER},
                                {.what = NOTHING, .progress = LOG_NO_READER}});
    expect_notes("wait;signal;write 'a\n';" STOPS "signal;write 'a\n';signal;signal;");
}
END_TEST

/* ---- the end ---- */

START_TEST(a_thread_that_has_ended_is_joined_and_one_that_is_stuck_is_not)
{
    play((const struct event[]){{.what = STOP}});
    expect_notes("wait;" STOPS "signal;");
    log_stop(); /* it is stopping already */
    expect_notes("");
    log_put("late\n", 5); /* the thread does not wait for it */
    expect_notes("");
}
END_TEST

START_TEST(the_last_lines_are_written_before_the_end)
{
    script = (const struct event[]){{.what = NOTHING, .most = 1}, {.what = NOTHING}};
    ck_assert(log_start());
    log_put("abc\n", 4); /* nobody waits for it yet */
    runs_meanwhile = true;
    log_stop();
    expect_notes("clock;create;signal;until 101.5;write 'abc\n';signal;"
                 "until 102.5;write 'bc\n';signal;until 103.5;signal;join;");
    log_put("late\n", 5); /* there is no thread any more */
    log_stop();
    expect_notes("space 0;at once 'late\n';");
}
END_TEST

/* It takes a byte in each second. */
START_TEST(a_reader_that_goes_on_for_too_long_is_left)
{
    static const struct event slow = {.what = NOTHING, .most = 1};

    script = (const struct event[]){slow, slow, slow, slow, slow, slow, slow};
    ck_assert(log_start());
    log_put("abcdefghi\n", 10);
    runs_meanwhile = true;
    log_stop();
    expect_notes("clock;create;signal;until 101.5;write 'abcdefghi\n';signal;"
                 "until 102.5;write 'bcdefghi\n';signal;until 103.5;write 'cdefghi\n';signal;"
                 "until 104.5;write 'defghi\n';signal;until 105.5;write 'efghi\n';signal;"
                 "until 106.5;write 'fghi\n';signal;");
}
END_TEST

START_TEST(without_a_thread_lines_are_written_at_once)
{
    no_thread = true;
    ck_assert(!log_start());
    expect_notes("clock;create;");
    log_put("a\n", 2);
    expect_notes("space 0;at once 'a\n';");
    no_space = true;
    log_put("b\n", 2);
    expect_notes("space 0;");
    no_space = false;
    log_stop();
    expect_notes("space 1000;at once 'b\n';");
    log_stop();
    expect_notes("");
}
END_TEST

START_TEST(a_write_has_the_lines_that_a_pipe_takes_at_once)
{
    char line[LOG_LINE_MAX];

    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    no_space = true;
    log_put(line, sizeof line);
    log_put(line, sizeof line);
    log_put("\n", 1);
    expect_notes("space 0;space 0;space 0;");
    no_space = false;
    log_stop();
    expect_notes("space 1000;at once 4096 bytes;space 1000;at once '\n';");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_thread_writes_what_is_put_and_ends_when_it_is_stopped);
    add_test(suite, a_line_that_comes_during_a_write_wakes_nobody_and_follows);
    add_test(suite, what_is_left_of_a_write_is_written_first);
    add_test(suite, without_a_reader_it_waits_for_the_next_line);
    add_test(suite, a_line_that_came_meanwhile_is_a_time_to_try_again);
    add_test(suite, without_a_reader_the_end_does_not_wait);
    add_test(suite, a_thread_that_has_ended_is_joined_and_one_that_is_stuck_is_not);
    add_test(suite, the_last_lines_are_written_before_the_end);
    add_test(suite, a_reader_that_goes_on_for_too_long_is_left);
    add_test(suite, without_a_thread_lines_are_written_at_once);
    add_test(suite, a_write_has_the_lines_that_a_pipe_takes_at_once);
}
