/* A session of nacre-serve gives back what it holds. */
#include "apps/serve/session.h"
#include "tests/support/leftovers.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned called;

static void count_call(struct serve_session *s)
{
    called += s->running;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A session whose process waits for its input, with a place and every descriptor that it can have.
 */
static struct serve_session *begin(void)
{
    char *argv[] = {"/bin/cat", NULL}, *environment[] = {NULL};
    const struct spawn program = {.argv = argv, .environment = environment};
    struct serve_session *s = session_new(NULL);
    struct child_streams streams;
    bool news;

    ck_assert_ptr_nonnull(s);
    ck_assert(child_start(&s->child, &program, &s->terminal, &streams));
    ck_assert_int_eq(quota_take(&s->place, "alice", "127.0.0.1", &news), QUOTA_GRANTED);
    s->tty = dup(0);
    s->timer = dup(0);
    s->terminal.master = dup(0);
    s->terminal.slave = dup(0);
    s->running = true;
    (void)close(streams.output);
    (void)close(streams.error);
    (void)close(streams.input); /* cat ends */
    return s;
}

START_TEST(a_session_that_is_freed_closes_its_descriptors)
{
    struct serve_session *s;
    int fds[5];
    pid_t pid;

    quota_configure(10, QUOTA_NONE);
    s = begin();
    pid = s->child.pid;
    fds[0] = s->child.pidfd;
    fds[1] = s->tty;
    fds[2] = s->timer;
    fds[3] = s->terminal.master;
    fds[4] = s->terminal.slave;
    for (size_t i = 0; i < 5; i++)
        ck_assert(is_open(fds[i]));
    ck_assert_uint_eq(quota_count(), 1);
    session_free(s);
    for (size_t i = 0; i < 5; i++)
        ck_assert(!is_open(fds[i]));
    ck_assert_uint_eq(quota_count(), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(a_session_that_has_nothing_closes_nothing)
{
    struct serve_session *s = session_new(NULL);

    ck_assert_ptr_nonnull(s);
    ck_assert(s->tty < 0 && s->timer < 0 && s->child.pidfd < 0);
    ck_assert(s->terminal.master < 0 && s->terminal.slave < 0);
    session_free(s);
    ck_assert(is_open(0));
    leftovers_refuse(1);
    s = session_new(NULL);
    ck_assert_ptr_null(s);
    s = session_new(NULL);
    ck_assert_ptr_nonnull(s);
    s->tty = 0; /* a descriptor like any other */
    session_free(s);
    ck_assert(!is_open(0));
    ck_assert_int_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}
END_TEST

/* Which of the sessions that are left is freed before does not matter. */
START_TEST(the_sessions_that_are_left_are_freed_together)
{
    struct serve_session *s[3];
    int pidfds[3];

    quota_configure(10, QUOTA_NONE);
    for (size_t i = 0; i < 3; i++) {
        s[i] = begin();
        pidfds[i] = s[i]->child.pidfd;
    }
    session_free(s[_i]);
    called = 0;
    session_free_all(count_call);
    ck_assert_uint_eq(called, 2);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!is_open(pidfds[i]));
    ck_assert_uint_eq(quota_count(), 0);
    session_free_all(count_call);
    ck_assert_uint_eq(called, 2);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, a_session_that_is_freed_closes_its_descriptors);
    add_test(suite, a_session_that_has_nothing_closes_nothing);
    add_loop(suite, the_sessions_that_are_left_are_freed_together, 0, 3);
}
