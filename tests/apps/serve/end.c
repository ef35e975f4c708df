/* How a session of nacre-serve ends, call by call: neither the channel nor the process is there. */
#include "apps/serve/end.h"
#include "apps/daemon/log.h"
#include "apps/runtime/stream.h"
#include "apps/serve/survivors.h"
#include "tests/support/notes.h"
#include "tests/support/real_clock.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static struct child_end child_end;
static bool reaps, survivors, frees, watches;
static unsigned survivor_count;
static int polled, timeout_ms; /* what poll returns, and how long it would have waited */
static void (*ready)(void *context);
static struct serve_session *watched;
static bool has_timers = true, sets_timers = true;
static struct timespec times[2]; /* of the next calls; zeros: the real one */
static char one;

#define CHANNEL ((struct nacre_channel *)(void *)&one)
#define WATCH ((struct nacre_watch *)(void *)&one)
#define LOOP ((struct nacre_loop *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __wrap_nacre_channel_exit_signal(struct nacre_channel *ch, const char *name, bool core_dumped);
void __wrap_nacre_channel_exit_status(struct nacre_channel *ch, uint32_t status);
void __wrap_nacre_channel_close(struct nacre_channel *ch);
void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch);
void __wrap_nacre_stream_finish(struct nacre_channel *ch);
struct nacre_watch *__wrap_nacre_watch_new(struct nacre_loop *loop, int fd,
                                           void (*call)(void *context), void *context);
void __wrap_nacre_watch_free(struct nacre_watch *watch);
bool __wrap_child_reap(struct child *child, struct child_end *end);
void __wrap_child_signal(const struct child *child, int number);
bool __wrap_survivors_exist(pid_t group);
unsigned __wrap_survivors_count(pid_t leader);
void __wrap_quota_return(struct quota_place *place);
void __wrap_log_end(struct log_line *l);
void __real_session_free(struct serve_session *s);
void __wrap_session_free(struct serve_session *s);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *set,
                           struct itimerspec *before);

OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    if (times[0].tv_sec == 0)
        return real_clock_gettime(clock, now);
    *now = times[0];
    times[0] = times[1];
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}

OWN(int, timerfd_create, int clock, int flags)
{
    ck_assert_int_eq(clock, CLOCK_MONOTONIC);
    return has_timers ? __real_timerfd_create(clock, flags) : -1;
}

OWN(int, timerfd_settime, int fd, int flags, const struct itimerspec *set,
    struct itimerspec *before_set)
{
    ck_assert(flags == 0 && set->it_value.tv_sec == 2 && set->it_value.tv_nsec == 0);
    return sets_timers ? __real_timerfd_settime(fd, flags, set, before_set) : -1;
}

/* The same on 32-bit machines */
OWN(int, __timerfd_settime64, int fd, int flags, const struct itimerspec *set,
    struct itimerspec *before_set)
{
    return __wrap_timerfd_settime(fd, flags, set, before_set);
}

void __wrap_nacre_channel_exit_signal(struct nacre_channel *ch, const char *name, bool core_dumped)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("signal %s%s;", name, core_dumped ? " core" : "");
}

void __wrap_nacre_channel_exit_status(struct nacre_channel *ch, uint32_t status)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("status %u;", status);
}

void __wrap_nacre_channel_close(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("close;");
}

void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return watched;
}

void __wrap_nacre_stream_finish(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("finish;");
}

struct nacre_watch *__wrap_nacre_watch_new(struct nacre_loop *loop, int fd,
                                           void (*call)(void *context), void *context)
{
    struct itimerspec set;

    ck_assert(loop == LOOP && context == watched && fd == watched->timer);
    ck_assert_int_eq(timerfd_gettime(fd, &set), 0);
    ck_assert(set.it_value.tv_sec == 2 || (set.it_value.tv_sec == 1 && set.it_value.tv_nsec > 0));
    ck_assert_int_eq(set.it_interval.tv_sec, 0);
    ready = call;
    note("watch;");
    return watches ? WATCH : NULL;
}

void __wrap_nacre_watch_free(struct nacre_watch *watch)
{
    if (watch != NULL)
        note("unwatch;");
}

bool __wrap_child_reap(struct child *child, struct child_end *end)
{
    ck_assert_ptr_eq(child, &watched->child);
    if (!reaps)
        return false;
    *end = child_end;
    child->pid = 0; /* it is gone */
    note("reap;");
    return true;
}

void __wrap_child_signal(const struct child *child, int number)
{
    ck_assert_ptr_eq(child, &watched->child);
    note("kill %d;", number);
}

bool __wrap_survivors_exist(pid_t group)
{
    ck_assert_int_eq(group, 41);
    return survivors;
}

unsigned __wrap_survivors_count(pid_t leader)
{
    ck_assert_int_eq(leader, 41);
    return survivor_count;
}

void __wrap_quota_return(struct quota_place *place)
{
    ck_assert_ptr_eq(place, &watched->place);
    note("return;");
}

void __wrap_log_end(struct log_line *l)
{
    l->text[l->len] = 0;
    note("%s;", strstr(l->text, "level="));
}

void __wrap_session_free(struct serve_session *s)
{
    frees = true;
    note("free;");
    __real_session_free(s);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    ck_assert(count == 1 && fds->fd == watched->child.pidfd && fds->events == POLLIN);
    timeout_ms = timeout;
    return polled;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A session whose process runs. */
static struct serve_session *begin(void)
{
    struct serve_session *s = watched = session_new(CHANNEL);

    ck_assert_ptr_nonnull(s);
    s->child.pid = s->leader = 41;
    s->child.pidfd = dup(0);
    s->watch = WATCH;
    s->running = true;
    child_end = (struct child_end){.status = 3};
    reaps = watches = true;
    survivors = frees = false;
    survivor_count = 0;
    noted[0] = 0;
    return s;
}

#define EXITED "level=info event=exited pid=41 "

START_TEST(the_channel_ends_after_the_process_and_its_output)
{
    struct serve_session *s = begin();

    end_on_exit(s);
    ck_assert(!s->running && s->ended && s->watch == NULL);
    ck_assert_int_eq(s->end.status, 3);
    expect_notes("unwatch;reap;" EXITED "status=3;");
    end_on_drained(CHANNEL);
    expect_notes("status 3;close;");
    session_free(s);
    s = begin();
    end_on_drained(CHANNEL);
    expect_notes("");
    child_end = (struct child_end){.by_signal = true, .core_dumped = true, .status = SIGSEGV};
    end_on_exit(s);
    expect_notes("unwatch;reap;" EXITED "signal=SEGV;signal SEGV core;close;");
    session_free(s);
}
END_TEST

START_TEST(the_output_of_a_terminal_ends_with_the_process)
{
    struct serve_session *s = begin();

    s->tty = dup(0);
    end_on_exit(s);
    expect_notes("unwatch;reap;" EXITED "status=3;finish;");
    session_free(s);
    s = begin();
    s->tty = 0; /* the number that a descriptor may have, too */
    end_on_exit(s);
    expect_notes("unwatch;reap;" EXITED "status=3;finish;");
    s->tty = -1;
    session_free(s);
}
END_TEST

START_TEST(a_process_that_cannot_be_reaped_has_not_ended)
{
    struct serve_session *s = begin();

    reaps = false;
    end_on_exit(s);
    ck_assert(s->running && !s->ended);
    expect_notes("unwatch;");
    session_free(s);
}
END_TEST

START_TEST(a_process_that_outlives_its_client_is_hung_up_on)
{
    struct serve_session *s = begin();

    s->ch = NULL;
    end_hang_up(s, LOOP);
    expect_notes("kill 1;kill 18;watch;");
    ck_assert_ptr_eq(s->hangup, WATCH);
    end_on_exit(s); /* what it started has as much time */
    expect_notes("unwatch;reap;" EXITED "status=3;return;");
    ck_assert(!frees);
    survivors = true;
    survivor_count = 2;
    ready(s);
    expect_notes("unwatch;level=info event=outlived pid=41 processes=2;free;return;");
}
END_TEST

START_TEST(a_session_is_freed_when_both_have_ended)
{
    struct serve_session *s = begin();

    s->ch = NULL;
    end_hang_up(s, LOOP);
    noted[0] = 0;
    ready(s); /* it runs on */
    expect_notes("unwatch;level=info event=outlived pid=41;");
    ck_assert_int_eq(s->timer, -1);
    end_on_exit(s);
    expect_notes("unwatch;reap;" EXITED "status=3;free;return;");
    s = begin();
    s->ch = NULL;
    end_hang_up(s, LOOP);
    end_on_exit(s);
    noted[0] = 0;
    ready(s);
    expect_notes("unwatch;free;return;"); /* nothing is left to be logged */
}
END_TEST

START_TEST(a_timer_may_have_any_descriptor)
{
    struct serve_session *s = begin();

    s->ch = NULL;
    (void)close(0);
    end_hang_up(s, LOOP);
    ck_assert_int_eq(s->timer, 0);
    expect_notes("kill 1;kill 18;watch;");
    s->running = false;
    ready(s);
    expect_notes("unwatch;free;unwatch;return;");
    ck_assert_int_eq(open("/dev/null", O_RDONLY), 0); /* it was closed */
}
END_TEST

START_TEST(without_a_timer_nothing_waits_for_what_a_process_leaves)
{
    for (int i = 0; i < 2; i++) {
        struct serve_session *s = begin();

        has_timers = i != 0;
        sets_timers = false;
        s->ch = NULL;
        end_hang_up(s, LOOP);
        ck_assert_ptr_null(s->hangup);
        expect_notes("kill 1;kill 18;");
        end_on_exit(s);
        expect_notes("unwatch;reap;" EXITED "status=3;free;return;");
    }
}
END_TEST

/* All together, whenever it is that each is asked. */
START_TEST(the_half_second_is_that_of_the_clock)
{
    static const struct {
        struct timespec times[2];
        int timeout;
    } rows[] = {{{{10, 0}, {10, 0}}, 500},        {{{10, 999999999}, {11, 0}}, 499},
                {{{10, 0}, {10, 499999999}}, 1},  {{{10, 0}, {10, 500000000}}, 0},
                {{{10, 0}, {10, 501000000}}, 0},  {{{10, 0}, {20, 0}}, 0},
                {{{10, 600000000}, {11, 0}}, 100}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)begin();
        polled = 0;
        memcpy(times, rows[i].times, sizeof times);
        end_all();
        times[0].tv_sec = 0;
        ck_assert_int_eq(timeout_ms, rows[i].timeout);
    }
}
END_TEST

/* Without a watch nothing waits for the process but its own end. */
START_TEST(a_timer_that_cannot_be_watched_is_left_out)
{
    struct serve_session *s = begin();

    watches = false;
    s->ch = NULL;
    end_hang_up(s, LOOP);
    ck_assert_ptr_null(s->hangup);
    noted[0] = 0;
    end_on_exit(s);
    expect_notes("unwatch;reap;" EXITED "status=3;free;return;");
}
END_TEST

START_TEST(the_last_processes_have_half_a_second)
{
    (void)begin();
    polled = 1;
    end_all();
    expect_notes("reap;" EXITED "status=3;unwatch;return;");
    ck_assert(timeout_ms > 0 && timeout_ms <= 500);
    (void)begin();
    polled = 0;
    end_all();
    expect_notes("level=info event=outlived pid=41;unwatch;return;");
    (void)begin();
    polled = 1;
    reaps = false;
    end_all();
    expect_notes("level=info event=outlived pid=41;unwatch;return;");
    (void)begin();
    watched->running = false;
    survivors = true;
    end_all();
    expect_notes("level=info event=outlived pid=41;unwatch;return;");
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, the_channel_ends_after_the_process_and_its_output);
    add_test(suite, the_output_of_a_terminal_ends_with_the_process);
    add_test(suite, a_process_that_cannot_be_reaped_has_not_ended);
    add_test(suite, a_process_that_outlives_its_client_is_hung_up_on);
    add_test(suite, a_session_is_freed_when_both_have_ended);
    add_test(suite, a_timer_may_have_any_descriptor);
    add_test(suite, a_timer_that_cannot_be_watched_is_left_out);
    add_test(suite, without_a_timer_nothing_waits_for_what_a_process_leaves);
    add_test(suite, the_half_second_is_that_of_the_clock);
    add_test(suite, the_last_processes_have_half_a_second);
}
