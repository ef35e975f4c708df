/* The terminal of a person while keystrokes go to the server one by one. */
#include "apps/terminal/raw_mode.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <pty.h>
#include <termios.h>
#include <unistd.h>

static struct termios modes_now(void)
{
    struct termios modes;

    ck_assert_int_eq(tcgetattr(STDIN_FILENO, &modes), 0);
    return modes;
}

static int master;

/* Standard input becomes a terminal on which all that raw mode switches off is on. */
static struct termios begin(void)
{
    struct termios modes;
    int slave;

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
    ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    (void)close(slave);
    modes = modes_now();
    modes.c_iflag = ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC | BRKINT | IUTF8;
    modes.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN | NOFLSH;
    modes.c_oflag = OPOST | ONLCR;
    modes.c_cc[VMIN] = 7;
    modes.c_cc[VTIME] = 8;
    ck_assert_int_eq(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    return modes_now();
}

static void assert_modes(const struct termios *expected)
{
    struct termios modes = modes_now();

    ck_assert_uint_eq(modes.c_iflag, expected->c_iflag);
    ck_assert_uint_eq(modes.c_lflag, expected->c_lflag);
    ck_assert_uint_eq(modes.c_oflag, expected->c_oflag);
    ck_assert_uint_eq(modes.c_cflag, expected->c_cflag);
    ck_assert_mem_eq(modes.c_cc, expected->c_cc, sizeof modes.c_cc);
}

START_TEST(raw_mode_passes_every_byte_and_leaves_the_rest)
{
    struct termios before = begin(), raw = before;

    raw.c_iflag = IUTF8 | IGNPAR;
    raw.c_lflag = NOFLSH;
    raw.c_oflag = ONLCR; /* without OPOST it means nothing */
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ck_assert(!raw_mode_is_on());
    for (int i = 0; i < 2; i++) { /* the second time the modes from before are still known */
        ck_assert(raw_mode_enter());
        ck_assert(raw_mode_is_on());
        assert_modes(&raw);
    }
    raw_mode_leave();
    ck_assert(!raw_mode_is_on());
    assert_modes(&before);
    ck_assert_int_eq(tcsetattr(STDIN_FILENO, TCSANOW, &raw), 0);
    raw_mode_leave(); /* it is off: changes nothing */
    assert_modes(&raw);
    (void)close(master);
}
END_TEST

START_TEST(what_is_no_terminal_has_no_raw_mode)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    ck_assert(!raw_mode_enter());
    ck_assert(!raw_mode_is_on());
    raw_mode_leave();
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, raw_mode_passes_every_byte_and_leaves_the_rest);
    add_test(suite, what_is_no_terminal_has_no_raw_mode);
}
