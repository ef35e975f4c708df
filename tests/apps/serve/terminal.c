/* The terminal that nacre-serve gives a program. */
#include "apps/serve/terminal.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static bool grants = true, has_modes = true;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_grantpt(int fd);
int __real_tcgetattr(int fd, struct termios *modes);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

OWN(int, grantpt, int fd)
{
    return grants ? __real_grantpt(fd) : -1;
}

OWN(int, tcgetattr, int fd, struct termios *modes)
{
    return has_modes ? __real_tcgetattr(fd, modes) : -1;
}

START_TEST(a_terminal_has_size_and_modes)
{
    static const uint8_t no_echo[] = {53, 0, 0, 0, 0, 0};
    const struct nacre_request request = {.columns = 100,
                                          .rows = 100000,
                                          .width = 5,
                                          .height = 0xfffe,
                                          .data = no_echo,
                                          .len = sizeof no_echo};
    struct terminal t;
    struct winsize size;
    struct termios modes;

    ck_assert(terminal_open(&t, &request));
    ck_assert_int_eq(ioctl(t.slave, TIOCGWINSZ, &size), 0);
    ck_assert_uint_eq(size.ws_col, 100);
    ck_assert_uint_eq(size.ws_row, 0xffff);
    ck_assert_uint_eq(size.ws_xpixel, 5);
    ck_assert_uint_eq(size.ws_ypixel, 0xfffe);
    ck_assert_int_ne(fcntl(t.master, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(t.slave, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(tcgetattr(t.slave, &modes), 0);
    ck_assert_uint_eq(modes.c_lflag & ECHO, 0);
    terminal_close(&t);
    ck_assert_int_eq(t.master, -1);
    ck_assert_int_eq(t.slave, -1);
    terminal_close(&t);
    ck_assert_int_ge(fcntl(0, F_GETFD), 0);
}
END_TEST

/* termios(3), BRKINT: nothing, a signal, or a zero byte. */
START_TEST(a_break_is_what_the_modes_make_of_it)
{
    static const struct {
        tcflag_t flags;
        int bytes;
    } rows[] = {{IGNBRK, 0}, {IGNBRK | BRKINT, 0}, {BRKINT, 0}, {0, 1}};
    const struct nacre_request request = {.columns = 80, .rows = 24};
    struct terminal t;
    int ends[2];

    ck_assert(terminal_open(&t, &request));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct termios modes;
        int waiting;

        ck_assert_int_eq(tcgetattr(t.slave, &modes), 0);
        cfmakeraw(&modes);
        modes.c_iflag = rows[i].flags;
        ck_assert_int_eq(tcsetattr(t.slave, TCSANOW, &modes), 0);
        ck_assert(terminal_break(t.master));
        if (rows[i].bytes > 0)
            ck_assert_int_eq(poll(&(struct pollfd){.fd = t.slave, .events = POLLIN}, 1, -1), 1);
        ck_assert_int_eq(ioctl(t.slave, FIONREAD, &waiting), 0);
        ck_assert_int_eq(waiting, rows[i].bytes);
    }
    terminal_close(&t);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert(!terminal_break(ends[1])); /* it is no terminal */
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

/* Its descriptors may have the numbers of the standard streams. */
START_TEST(a_terminal_s_descriptors_may_be_any)
{
    const struct nacre_request request = {.columns = 80, .rows = 24};
    struct terminal t;

    (void)close(0);
    ck_assert(terminal_open(&t, &request));
    ck_assert_int_eq(t.master, 0);
    ck_assert_int_eq(dup2(t.slave, 9), 9);
    terminal_close(&t);
    ck_assert_int_eq(dup(9), 0);
    (void)close(9);
    t = (struct terminal){.master = -1, .slave = 0};
    terminal_close(&t);
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);
    ck_assert_int_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}
END_TEST

/* Nothing of it is left. */
START_TEST(a_terminal_that_cannot_be_opened_is_closed)
{
    const struct nacre_request request = {.columns = 80, .rows = 24};
    struct terminal t = {.master = -1};

    for (int step = 0; step < 2; step++) {
        grants = step != 0;
        has_modes = step != 1;
        ck_assert(!terminal_open(&t, &request));
        ck_assert_int_eq(t.master, -1);
        ck_assert_int_eq(t.slave, -1);
    }
    has_modes = false;
    ck_assert(!terminal_break(0));
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, a_terminal_has_size_and_modes);
    add_test(suite, a_break_is_what_the_modes_make_of_it);
    add_test(suite, a_terminal_s_descriptors_may_be_any);
    add_test(suite, a_terminal_that_cannot_be_opened_is_closed);
}
