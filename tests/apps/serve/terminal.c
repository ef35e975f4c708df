/* The terminal that nacre-serve gives a program: its modes and size. RFC 4254 section 8. */
#include "apps/serve/terminal.h"
#include "tests/support/suite.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct termios modes;

static void set_one(uint8_t opcode, uint32_t argument)
{
    const uint8_t data[] = {opcode,
                            (uint8_t)(argument >> 24),
                            (uint8_t)(argument >> 16),
                            (uint8_t)(argument >> 8),
                            (uint8_t)argument,
                            0};

    terminal_modes(&modes, data, sizeof data);
}

static const struct {
    uint8_t opcode;
    tcflag_t *flags, bits;
} flag_rows[] = {
    {30, &modes.c_iflag, IGNPAR}, {31, &modes.c_iflag, PARMRK},  {32, &modes.c_iflag, INPCK},
    {33, &modes.c_iflag, ISTRIP}, {34, &modes.c_iflag, INLCR},   {35, &modes.c_iflag, IGNCR},
    {36, &modes.c_iflag, ICRNL},  {37, &modes.c_iflag, IUCLC},   {38, &modes.c_iflag, IXON},
    {39, &modes.c_iflag, IXANY},  {40, &modes.c_iflag, IXOFF},   {41, &modes.c_iflag, IMAXBEL},
    {42, &modes.c_iflag, IUTF8},  {50, &modes.c_lflag, ISIG},    {51, &modes.c_lflag, ICANON},
    {53, &modes.c_lflag, ECHO},   {54, &modes.c_lflag, ECHOE},   {55, &modes.c_lflag, ECHOK},
    {56, &modes.c_lflag, ECHONL}, {57, &modes.c_lflag, NOFLSH},  {58, &modes.c_lflag, TOSTOP},
    {59, &modes.c_lflag, IEXTEN}, {60, &modes.c_lflag, ECHOCTL}, {61, &modes.c_lflag, ECHOKE},
    {62, &modes.c_lflag, PENDIN}, {70, &modes.c_oflag, OPOST},   {71, &modes.c_oflag, OLCUC},
    {72, &modes.c_oflag, ONLCR},  {73, &modes.c_oflag, OCRNL},   {74, &modes.c_oflag, ONOCR},
    {75, &modes.c_oflag, ONLRET}, {92, &modes.c_cflag, PARENB},  {93, &modes.c_cflag, PARODD},
};

START_TEST(flags_are_set_and_cleared)
{
    for (size_t i = 0; i < sizeof flag_rows / sizeof flag_rows[0]; i++) {
        modes = (struct termios){0};
        set_one(flag_rows[i].opcode, 1);
        ck_assert_msg(*flag_rows[i].flags == flag_rows[i].bits, "%d", flag_rows[i].opcode);
        *flag_rows[i].flags = ~(tcflag_t)0;
        set_one(flag_rows[i].opcode, 0);
        ck_assert_msg(*flag_rows[i].flags == ~flag_rows[i].bits, "%d", flag_rows[i].opcode);
    }
}
END_TEST

START_TEST(characters_are_set_and_disabled)
{
    static const struct {
        uint8_t opcode;
        int index;
    } rows[] = {{1, VINTR},     {2, VQUIT},    {3, VERASE},  {4, VKILL},    {5, VEOF},
                {6, VEOL},      {7, VEOL2},    {8, VSTART},  {9, VSTOP},    {10, VSUSP},
                {12, VREPRINT}, {13, VWERASE}, {14, VLNEXT}, {18, VDISCARD}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        modes = (struct termios){0};
        set_one(rows[i].opcode, 'x');
        ck_assert_int_eq(modes.c_cc[rows[i].index], 'x');
        set_one(rows[i].opcode, 255);
        ck_assert_int_eq(modes.c_cc[rows[i].index], _POSIX_VDISABLE);
    }
}
END_TEST

START_TEST(sizes_and_speeds_are_set)
{
    modes = (struct termios){0};
    set_one(91, 1);
    ck_assert_uint_eq(modes.c_cflag & CSIZE, CS8);
    set_one(90, 1);
    ck_assert_uint_eq(modes.c_cflag & CSIZE, CS7);
    set_one(91, 0);
    ck_assert_uint_eq(modes.c_cflag & CSIZE, CS7);
    set_one(128, 9600);
    set_one(129, 115200); /* Linux has one for both directions */
    ck_assert_uint_eq(cfgetospeed(&modes), B115200);
    set_one(129, 12345); /* there is no such speed: nothing changes */
    ck_assert_uint_eq(cfgetospeed(&modes), B115200);
}
END_TEST

START_TEST(unknown_and_truncated_modes_are_ignored)
{
    static const uint8_t unknown[] = {11, 15, 17, 19, 29, 43, 63, 76, 94, 127, 130, 159};
    struct termios before;

    memset(&before, 0x5a, sizeof before);
    memset(&modes, 0x5a, sizeof modes);
    for (size_t i = 0; i < sizeof unknown; i++)
        set_one(unknown[i], 1);
    terminal_modes(&modes, NULL, 0);
    terminal_modes(&modes, (const uint8_t[]){0}, 1);
    terminal_modes(&modes, (const uint8_t[]){53, 0, 0}, 3);        /* truncated */
    terminal_modes(&modes, (const uint8_t[]){160, 0, 0, 0, 1}, 5); /* ends the modes: section 8 */
    ck_assert_mem_eq(&modes, &before, sizeof modes);
}
END_TEST

START_TEST(a_terminal_has_size_and_modes)
{
    static const uint8_t no_echo[] = {53, 0, 0, 0, 0, 0};
    const struct nacre_request request = {
        .columns = 100, .rows = 100000, .width = 5, .data = no_echo, .len = sizeof no_echo};
    struct terminal t;
    struct winsize size;

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
    add_test(suite, flags_are_set_and_cleared);
    add_test(suite, characters_are_set_and_disabled);
    add_test(suite, sizes_and_speeds_are_set);
    add_test(suite, unknown_and_truncated_modes_are_ignored);
    add_test(suite, a_terminal_has_size_and_modes);
}
