/* The terminal that nacre-serve gives a program. */
#include "apps/serve/terminal.h"
#include "tests/support/suite.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

START_TEST(a_terminal_has_size_and_modes)
{
    static const uint8_t no_echo[] = {53, 0, 0, 0, 0, 0};
    const struct nacre_request request = {
        .columns = 100, .rows = 100000, .width = 5, .data = no_echo, .len = sizeof no_echo};
    struct terminal t;
    struct winsize size;
    struct termios modes;

    ck_assert(terminal_open(&t, &request));
    ck_assert_int_eq(ioctl(t.slave, TIOCGWINSZ, &size), 0);
    ck_assert_uint_eq(size.ws_col, 100);
    ck_assert_uint_eq(size.ws_row, 0xffff);
    ck_assert_uint_eq(size.ws_xpixel, 5);
    ck_assert_int_eq(tcgetattr(t.slave, &modes), 0);
    ck_assert_uint_eq(modes.c_lflag & ECHO, 0);
    terminal_close(&t);
    ck_assert_int_eq(t.master, -1);
    terminal_close(&t);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_terminal_has_size_and_modes);
}
