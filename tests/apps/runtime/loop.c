/* The event loop: descriptors, timers and tasks in turns. */
#include "apps/runtime/loop.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LONG_NS = 200 * 1000 }; /* more than a loop's slice of tasks */

static struct nacre_loop loop;
static char happened[64]; /* a letter each */

static struct worker {
    struct task task;
    char letter;
    bool is_long;
    unsigned again; /* times that it asks for itself again */
    int rings;      /* an eventfd it makes ready, or -1 */
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
    struct worker *w = (struct worker *)(void *)task;
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
    ck_assert_int_eq(eventfd_read(((struct bell *)(void *)source)->fd, &value), 0);
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
    while (loop.first != NULL)
        loop_turn(&loop);
}

static void end(const char *expected)
{
    ck_assert_str_eq(happened, expected);
    loop_unwatch(&loop, bell.fd, &bell.source);
    (void)close(bell.fd);
    loop_clear(&loop);
}

START_TEST(what_becomes_ready_waits_for_one_long_task_at_most)
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

START_TEST(a_task_that_goes_on_waits_for_the_others)
{
    begin();
    workers[0].again = 2;
    loop_later(&loop, &workers[0].task);
    loop_later(&loop, &workers[1].task);
    loop_later(&loop, &workers[1].task); /* once */
    workers[1].again = 1;
    run();
    end("ababa");
}
END_TEST

START_TEST(a_task_that_is_forgotten_does_not_run)
{
    begin();
    for (int i = 0; i < 4; i++)
        loop_later(&loop, &workers[i].task);
    loop_forget(&loop, &workers[3].task); /* the last, the first, one that is not there */
    loop_forget(&loop, &workers[0].task);
    loop_forget(&loop, &workers[0].task);
    loop_later(&loop, &workers[3].task);
    run();
    end("bcd");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, what_becomes_ready_waits_for_one_long_task_at_most);
    add_test(suite, a_task_that_goes_on_waits_for_the_others);
    add_test(suite, a_task_that_is_forgotten_does_not_run);
}
