/* The event loop: descriptors and tasks. */
#include "apps/runtime/loop.h"
#include "apps/session/container_of.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { LONG_NS = 200 * 1000 }; /* more than a loop's slice of tasks */

static struct nacre_loop loop;
static char happened[64]; /* a letter for each event */

static struct worker {
    struct task task;
    char letter;
    bool is_long;
    unsigned again; /* times that it queues itself again */
    int rings;      /* an eventfd that it makes readable, or -1 */
} workers[4];

static struct bell {
    struct source source;
    int fd;
} bell;

static void note(char letter)
{
    char text[2] = {letter, 0};

    ck_assert_uint_lt(strlen(happened), sizeof happened - 1);
    strcat(happened, text); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): there is room */
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void work(struct task *task)
{
    struct worker *w = container_of(task, struct worker, task);
    uint64_t end = now_ns() + (w->is_long ? LONG_NS : 0);

    note(w->letter);
    while (now_ns() < end)
        ;
    if (w->rings >= 0)
        ck_assert_int_eq(eventfd_write(w->rings, 1), 0);
    if (w->again > 0) {
        w->again--;
        loop_later(&loop, task);
    }
}

static void on_bell(struct source *source, uint32_t events)
{
    eventfd_t value;

    (void)events;
    ck_assert_int_eq(eventfd_read(container_of(source, struct bell, source)->fd, &value), 0);
    note('!');
}

static void begin(void)
{
    happened[0] = 0;
    ck_assert(loop_init(&loop));
    bell = (struct bell){{on_bell}, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    ck_assert_int_ge(bell.fd, 0);
    ck_assert(loop_watch(&loop, bell.fd, &bell.source, EPOLLIN));
    for (int i = 0; i < 4; i++)
        workers[i] = (struct worker){.task = {.run = work}, .letter = (char)('a' + i), .rings = -1};
}

static void run(void)
{
    while (loop.soon.first != NULL || loop.deferred.first != NULL)
        loop_run_once(&loop);
}

static void end(const char *expected)
{
    ck_assert_str_eq(happened, expected);
    loop_unwatch(&loop, bell.fd, &bell.source);
    (void)close(bell.fd);
    loop_clear(&loop);
}

START_TEST(a_ready_source_waits_for_at_most_one_long_task)
{
    begin();
    for (int i = 0; i < 4; i++) {
        workers[i].is_long = true;
        loop_later(&loop, &workers[i].task);
    }
    workers[1].rings = bell.fd;
    run();
    end("ab!cd");
}
END_TEST

START_TEST(a_task_that_queues_itself_waits_for_the_others)
{
    begin();
    workers[0].again = 2;
    loop_later(&loop, &workers[0].task);
    loop_later(&loop, &workers[1].task);
    loop_later(&loop, &workers[1].task); /* queued once */
    workers[1].again = 1;
    run();
    end("ababa");
}
END_TEST

START_TEST(a_deferred_task_runs_after_the_others_but_is_not_starved)
{
    begin();
    loop_defer(&loop, &workers[0].task);
    loop_defer(&loop, &workers[1].task);
    loop_later(&loop, &workers[0].task); /* it is queued already */
    workers[2].again = 11;
    loop_later(&loop, &workers[2].task);
    ck_assert_int_eq(loop_timeout(&loop), 0);
    run();
    end("ccccccccaccccb");
    begin();
    for (int i = 0; i < 4; i++)
        loop_defer(&loop, &workers[i].task);
    loop_forget(&loop, &workers[3].task);
    loop_forget(&loop, &workers[1].task);
    loop_defer(&loop, &workers[3].task);
    run();
    end("acd");
}
END_TEST

START_TEST(a_forgotten_task_does_not_run)
{
    begin();
    for (int i = 0; i < 4; i++)
        loop_later(&loop, &workers[i].task);
    loop_forget(&loop, &workers[3].task); /* the last, the first, one that is not queued */
    loop_forget(&loop, &workers[0].task);
    loop_forget(&loop, &workers[0].task);
    loop_later(&loop, &workers[3].task);
    run();
    end("bcd");
}
END_TEST

/* A source that removes the other, which has an event in the same iteration. */
struct rival {
    struct source source;
    struct rival *other;
    int fd, calls;
};

static void on_rival(struct source *source, uint32_t events)
{
    struct rival *r = container_of(source, struct rival, source);

    (void)events;
    r->calls++;
    loop_unwatch(&loop, r->other->fd, &r->other->source);
}

START_TEST(a_source_removed_during_an_iteration_is_not_called)
{
    struct rival a = {.source = {on_rival}, .fd = eventfd(1, EFD_CLOEXEC)};
    struct rival b = {.source = {on_rival}, .fd = eventfd(1, EFD_CLOEXEC)};

    begin();
    a.other = &b;
    b.other = &a;
    ck_assert(loop_watch(&loop, a.fd, &a.source, EPOLLIN) &&
              loop_watch(&loop, b.fd, &b.source, EPOLLIN));
    loop_run_once(&loop);
    ck_assert_int_eq(a.calls + b.calls, 1);
    (void)close(a.fd);
    (void)close(b.fd);
    end("");
}
END_TEST

static struct timer timers[3];

static void on_timer(struct timer *timer)
{
    note((char)('0' + (timer - timers)));
    (void)loop_set_timer(&loop, &timers[2], UINT64_MAX);
}

START_TEST(timers_fire_in_order_and_may_remove_each_other)
{
    begin();
    for (int i = 0; i < 3; i++)
        timers[i] = (struct timer){.fire = on_timer};
    ck_assert(loop_set_timer(&loop, &timers[2], loop.now_ms + 1));
    ck_assert(loop_set_timer(&loop, &timers[0], loop.now_ms + 60 * 1000));
    ck_assert(loop_set_timer(&loop, &timers[1], loop.now_ms));
    ck_assert(loop_set_timer(&loop, &timers[0], loop.now_ms)); /* moved */
    ck_assert_int_eq(loop_timeout(&loop), 0);
    loop_run_once(&loop);
    ck_assert_int_eq(loop_timeout(&loop), -1);
    end(happened[0] == '0' ? "01" : "10");
}
END_TEST

enum { MANY_TIMERS = 200 };

static struct timer many[MANY_TIMERS];
static uint64_t last_ms;
static unsigned fired;

static void on_one_of_many(struct timer *timer)
{
    (void)timer;
    fired++;
}

/* Whatever the order in which they were set, moved and removed, the earliest is always known. */
START_TEST(the_earliest_of_many_timers_fires_first)
{
    uint32_t random = 1;

    begin();
    for (int i = 0; i < MANY_TIMERS; i++)
        many[i] = (struct timer){.fire = on_one_of_many};
    for (int i = 0; i < 3 * MANY_TIMERS; i++) {
        random = random * 1103515245 + 12345;
        ck_assert(loop_set_timer(&loop, &many[i % MANY_TIMERS],
                                 (random >> 16) % 5 == 0 ? UINT64_MAX : 1 + (random >> 16)));
    }
    last_ms = 0;
    while (loop.timers > 0) {
        const struct timer *first = loop.heap[0];

        for (int i = 0; i < MANY_TIMERS; i++)
            ck_assert(many[i].place == 0 || many[i].at_ms >= first->at_ms);
        ck_assert_uint_ge(first->at_ms, last_ms);
        last_ms = first->at_ms;
        ck_assert(loop_set_timer(&loop, loop.heap[0], UINT64_MAX));
    }
    end("");
}
END_TEST

START_TEST(many_due_timers_all_fire)
{
    begin();
    fired = 0;
    for (int i = 0; i < MANY_TIMERS; i++) {
        many[i] = (struct timer){.fire = on_one_of_many};
        ck_assert(loop_set_timer(&loop, &many[i], (uint64_t)(1 + i * 7 % MANY_TIMERS)));
    }
    loop_run_once(&loop);
    ck_assert_uint_eq(fired, MANY_TIMERS);
    ck_assert_uint_eq(loop.timers, 0);
    end("");
}
END_TEST

/* A loop without timers has no alarm, and 0 may be a descriptor of the application's. */
START_TEST(a_loop_closes_only_its_own_descriptors)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* 0, unless that is open already */
    struct stat before, after;

    ck_assert_int_eq(fstat(STDIN_FILENO, &before), 0);
    ck_assert(loop_init(&loop));
    loop_clear(&loop);
    ck_assert_int_eq(fstat(STDIN_FILENO, &after), 0);
    ck_assert_uint_eq(after.st_ino, before.st_ino);
    (void)close(fd);
}
END_TEST

static void on_time(struct timer *timer)
{
    (void)timer;
    note('t');
}

static bool is_readable(int fd, int wait_ms)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, wait_ms) == 1;
}

/* The program that it is embedded in waits for it. */
START_TEST(an_embedded_loop_is_readable_when_something_is_due)
{
    struct timer timer = {.fire = on_time};
    struct itimerspec left;
    int fd;

    begin();
    fd = loop_fd(&loop);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(loop_fd(&loop), fd);
    ck_assert(!is_readable(fd, 0));
    loop_later(&loop, &workers[0].task);
    ck_assert(is_readable(fd, 5000));
    loop_run_once(&loop);
    ck_assert(!is_readable(fd, 0));
    loop_defer(&loop, &workers[1].task);
    ck_assert(is_readable(fd, 5000));
    loop_run_once(&loop);
    ck_assert(!is_readable(fd, 0));
    loop_update_clock(&loop);
    ck_assert(loop_set_timer(&loop, &timer, loop.now_ms + 30));
    ck_assert_int_eq(timerfd_gettime(loop.alarm, &left), 0);
    ck_assert(left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= 31 * 1000 * 1000);
    ck_assert(!is_readable(fd, 0));
    ck_assert(is_readable(fd, 5000));
    loop_update_clock(&loop);
    ck_assert_uint_ge(loop.now_ms, timer.at_ms);
    loop_run_once(&loop);
    ck_assert(loop_set_timer(&loop, &timer, (loop.now_ms / 1000 + 2) * 1000)); /* a whole second */
    ck_assert_int_eq(timerfd_gettime(loop.alarm, &left), 0);
    ck_assert(left.it_value.tv_sec >= 1 || left.it_value.tv_nsec > 0);
    ck_assert(loop_set_timer(&loop, &timer, UINT64_MAX));
    end("abt");
}
END_TEST

START_TEST(a_descriptor_is_watched_for_what_was_asked_last)
{
    struct source other = {on_bell};
    int fds[2];

    begin();
    ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    ck_assert(!loop_rewatch(&loop, fds[1], &other, EPOLLOUT)); /* it is not watched yet */
    ck_assert(loop_watch(&loop, fds[1], &other, 0));
    ck_assert(!loop_watch(&loop, fds[1], &other, 0));
    ck_assert(!is_readable(loop.epoll, 0));
    ck_assert(loop_rewatch(&loop, fds[1], &other, EPOLLOUT));
    ck_assert(is_readable(loop.epoll, 0));
    ck_assert(loop_rewatch(&loop, fds[1], &other, 0));
    ck_assert(!is_readable(loop.epoll, 0));
    loop_unwatch(&loop, fds[1], &other);
    ck_assert(!loop_rewatch(&loop, fds[1], &other, EPOLLOUT));
    (void)close(fds[0]);
    (void)close(fds[1]);
    end("");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_loop_closes_only_its_own_descriptors);
    add_test(suite, a_ready_source_waits_for_at_most_one_long_task);
    add_test(suite, a_task_that_queues_itself_waits_for_the_others);
    add_test(suite, a_deferred_task_runs_after_the_others_but_is_not_starved);
    add_test(suite, a_forgotten_task_does_not_run);
    add_test(suite, a_source_removed_during_an_iteration_is_not_called);
    add_test(suite, timers_fire_in_order_and_may_remove_each_other);
    add_test(suite, the_earliest_of_many_timers_fires_first);
    add_test(suite, many_due_timers_all_fire);
    add_test(suite, an_embedded_loop_is_readable_when_something_is_due);
    add_test(suite, a_descriptor_is_watched_for_what_was_asked_last);
}
