/* A program that is started: its streams, its prompts on a terminal, and its end. */
#include "apps/spec/child.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_US = 60000000 };

extern char **environ;

/* Start a shell command. */
static void start(struct child *c, const char *command, bool terminal)
{
    char *words[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};

    ck_assert(child_start(c, &(struct child_plan){words, environ, "/", terminal}));
}

static void wait_for(struct child *c)
{
    ck_assert(child_wait(c, now_us() + PATIENCE_US));
}

START_TEST(both_outputs_and_the_exit_status_are_kept)
{
    struct child c;

    start(&c, "echo out; echo err >&2; exit 3", false);
    wait_for(&c);
    ck_assert(bytes_are(child_output(&c), "out\n"));
    ck_assert(bytes_are(child_errors(&c), "err\n"));
    ck_assert_int_eq(WEXITSTATUS(c.status), 3);
    ck_assert(!c.killed);
    child_end(&c);
}
END_TEST

START_TEST(input_ends_after_what_was_typed)
{
    struct child c;

    start(&c, "wc -c", false);
    child_type(&c, bytes_of("12345"));
    child_end_input(&c);
    wait_for(&c);
    ck_assert_int_eq(atoi((const char *)child_output(&c).at), 5);
    child_end(&c);
}
END_TEST

START_TEST(with_echo_the_output_comes_back_as_input)
{
    struct child c;

    start(&c, "echo question; read answer; test \"$answer\" = question", false);
    c.echo = true;
    wait_for(&c);
    ck_assert_int_eq(WEXITSTATUS(c.status), 0);
    child_end(&c);
}
END_TEST

START_TEST(prompts_on_a_terminal_are_answered_in_order)
{
    struct child c;

    start(&c,
          "test -t 0 || exit 9; printf 'name: '; read n; printf 'word: '; read w; exit $((n + w))",
          true);
    c.answers[0] = (struct child_answer){"name", "20"};
    c.answers[1] = (struct child_answer){"word", "3"};
    c.answer_count = 2;
    wait_for(&c);
    ck_assert_int_eq(WEXITSTATUS(c.status), 23);
    child_end(&c);
}
END_TEST

START_TEST(a_program_that_does_not_exist_ends_with_127)
{
    char *words[] = {"/nonexistent/program", NULL};
    struct child c;

    ck_assert(child_start(&c, &(struct child_plan){words, environ, "/", false}));
    wait_for(&c);
    ck_assert_int_eq(WEXITSTATUS(c.status), 127);
    child_end(&c);
}
END_TEST

START_TEST(the_end_kills_what_the_program_has_started)
{
    struct child c;
    pid_t other;

    start(&c, "sleep 1000 & echo $!; wait", false);
    while (child_output(&c).len == 0 ||
           memchr(child_output(&c).at, '\n', child_output(&c).len) == NULL)
        ck_assert(!child_wait(&c, now_us() + 10000));
    other = atoi((const char *)child_output(&c).at);
    child_end(&c);
    ck_assert(c.killed);
    while (kill(other, 0) == 0) /* init takes a moment to reap it; the test has a time limit */
        (void)usleep(1000);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, both_outputs_and_the_exit_status_are_kept);
    add_test(suite, input_ends_after_what_was_typed);
    add_test(suite, with_echo_the_output_comes_back_as_input);
    add_test(suite, prompts_on_a_terminal_are_answered_in_order);
    add_test(suite, a_program_that_does_not_exist_ends_with_127);
    add_test(suite, the_end_kills_what_the_program_has_started);
}
