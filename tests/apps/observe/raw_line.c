/* Lines on a terminal, in raw mode or not. */
#include "apps/observe/raw_line.h"

#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;
static ssize_t written = -2; /* what writev returns; -2: what the system does */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
ssize_t __real_writev(int fd, const struct iovec *parts, int count);

OWN(ssize_t, writev, int fd, const struct iovec *parts, int count)
{
    return written == -2 ? __real_writev(fd, parts, count) : written;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void open_terminal(bool raw)
{
    struct termios modes;

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
    ck_assert_int_eq(tcgetattr(slave, &modes), 0);
    if (raw)
        cfmakeraw(&modes);
    ck_assert_int_eq(tcsetattr(slave, TCSANOW, &modes), 0);
}

static void close_both(int one, int other)
{
    ck_assert_int_eq(close(one), 0);
    ck_assert_int_eq(close(other), 0);
}

static void expect(const char *text)
{
    char got[64] = "";

    ck_assert_int_eq(read(master, got, sizeof got - 1), (ssize_t)strlen(text));
    ck_assert_str_eq(got, text);
}

START_TEST(only_a_terminal_in_raw_mode_needs_it)
{
    int ends[2];

    open_terminal(true);
    ck_assert(raw_line_is_needed(slave));
    close_both(master, slave);
    open_terminal(false);
    ck_assert(!raw_line_is_needed(slave));
    close_both(master, slave);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert(!raw_line_is_needed(ends[1]));
    close_both(ends[0], ends[1]);
}
END_TEST

START_TEST(each_line_ends_with_a_carriage_return)
{
    open_terminal(true);
    ck_assert_int_eq(raw_line_write(slave, "one\ntwo\n", 8), 4);
    expect("one\r\n");
    ck_assert_int_eq(raw_line_write(slave, "\n", 1), 1);
    expect("\r\n");
    ck_assert_int_eq(raw_line_write(slave, "begin", 5), 5);
    expect("begin");
    close_both(master, slave);
}
END_TEST

/* A pipe with space for one more byte stands for a terminal that accepts little. */
START_TEST(what_was_not_written_comes_again)
{
    static char fill[65536], got[65536];
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    ck_assert_int_eq(write(ends[1], fill, 4094), 4094);
    ck_assert_int_eq(raw_line_write(ends[1], "ab\n", 3), -1); /* writes of a pipe are whole */
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(raw_line_write(ends[1], "a\n", 2), -1);
    ck_assert_int_eq(raw_line_write(ends[1], "\n", 1), 1);
    ck_assert_int_eq(read(ends[0], got, sizeof got), 4096);
    ck_assert_mem_eq(got + 4094, "\r\n", 2);
    close_both(ends[0], ends[1]);
}
END_TEST

/* ... and of CR LF both again, or the LF would be alone. */
START_TEST(a_line_that_is_cut_ends_with_both_again)
{
    static const ssize_t rows[][2] = {{-1, -1}, {0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        written = rows[i][0];
        ck_assert_int_eq(raw_line_write(0, "ab\ncd\n", 6), rows[i][1]);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, only_a_terminal_in_raw_mode_needs_it);
    add_test(suite, each_line_ends_with_a_carriage_return);
    add_test(suite, what_was_not_written_comes_again);
    add_test(suite, a_line_that_is_cut_ends_with_both_again);
}
