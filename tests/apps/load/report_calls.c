/* Lines of progress, on a terminal and elsewhere, by the test's clock. */
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "tests/support/child.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <poll.h>
#include <unistd.h>

static bool terminal, blocked;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, isatty, int fd)
{
    return fd == STDERR_FILENO && terminal;
}

OWN(int, poll, struct pollfd *fds, nfds_t count, int timeout)
{
    if (count != 1 || fds[0].fd != STDERR_FILENO || fds[0].events != POLLOUT || timeout != 0)
        ck_abort_msg("it waits otherwise");
    return blocked ? 0 : 1;
}

OWN(uint64_t, clock_now_ns, void)
{
    return UINT64_C(7000000005);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct load_mode mode = {.unit = "logins"};
static struct load_options options = {.mode = &mode};

/* One line, and the last one */
static int show(void)
{
    const struct load load = {.options = &options,
                              .first_ns = 5,
                              .done = 1,
                              .failed = 2,
                              .sent = 3000000,
                              .received = 4000000};

    load_progress(&load, false);
    load_progress(&load, true);
    return 0;
}

#define LINE "7 s: 1 logins, 2 failed, 3.0 MB out, 4.0 MB in"

START_TEST(elsewhere_each_line_follows_the_one_before)
{
    succeeds_in_child(show);
    ck_assert_str_eq(child_said, LINE "\n");
}
END_TEST

START_TEST(on_a_terminal_a_line_takes_the_place_of_the_one_before)
{
    terminal = true;
    succeeds_in_child(show);
    ck_assert_str_eq(child_said, "\r" LINE "  \r" LINE "\n");
}
END_TEST

START_TEST(a_line_that_nobody_reads_is_left_out)
{
    terminal = blocked = true;
    succeeds_in_child(show);
    ck_assert_str_eq(child_said, "");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, elsewhere_each_line_follows_the_one_before);
    add_test(suite, on_a_terminal_a_line_takes_the_place_of_the_one_before);
    add_test(suite, a_line_that_nobody_reads_is_left_out);
}
