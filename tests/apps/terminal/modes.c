#include "apps/terminal/modes.h"
#include "tests/support/suite.h"

#include <string.h>
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

    modes_read(&modes, data, sizeof data);
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

/* POSIX, termios.h, and those that Linux adds */
static const struct {
    uint32_t rate;
    speed_t speed;
} speed_rows[] = {{50, B50},         {75, B75},         {110, B110},       {134, B134},
                  {150, B150},       {200, B200},       {300, B300},       {600, B600},
                  {1200, B1200},     {1800, B1800},     {2400, B2400},     {4800, B4800},
                  {9600, B9600},     {19200, B19200},   {38400, B38400},   {57600, B57600},
                  {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600}};

START_TEST(each_speed_has_its_rate_in_both_directions)
{
    uint8_t encoded[MODES_MAX];

    for (size_t i = 0; i < sizeof speed_rows / sizeof speed_rows[0]; i++) {
        modes = (struct termios){0};
        set_one(129, speed_rows[i].rate);
        ck_assert_uint_eq(cfgetospeed(&modes), speed_rows[i].speed);
        ck_assert_int_eq(cfsetispeed(&modes, speed_rows[i].speed), 0);
        (void)modes_write(&modes, encoded);
        for (size_t at = 0; at < 10; at += 5) {
            ck_assert_uint_eq(encoded[at], 128 + at / 5);
            ck_assert_uint_eq((uint32_t)encoded[at + 1] << 24 | (uint32_t)encoded[at + 2] << 16 |
                                  (uint32_t)encoded[at + 3] << 8 | encoded[at + 4],
                              speed_rows[i].rate);
        }
    }
}
END_TEST

/* Linux has one speed in c_cflag, and notes both. */
START_TEST(each_direction_has_its_own_note)
{
    struct termios in, out;
    uint8_t encoded[MODES_MAX];

    memset(&modes, 0, sizeof modes);
    in = out = modes;
    set_one(128, 9600);
    ck_assert_int_eq(cfsetispeed(&in, B9600), 0);
    ck_assert_mem_eq(&modes, &in, sizeof modes);
    memset(&modes, 0, sizeof modes);
    set_one(129, 9600);
    ck_assert_int_eq(cfsetospeed(&out, B9600), 0);
    ck_assert_mem_eq(&modes, &out, sizeof modes);
    ck_assert_int_eq(cfsetospeed(&modes, B1000000), 0); /* SSH servers know no such speed */
    (void)modes_write(&modes, encoded);
    ck_assert_mem_eq(encoded + 5, "\x81\0\0\0\0", 5);
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
    modes_read(&modes, NULL, 0);
    modes_read(&modes, (const uint8_t[]){0}, 1);
    modes_read(&modes, (const uint8_t[]){53, 0, 0}, 3);        /* truncated */
    modes_read(&modes, (const uint8_t[]){160, 0, 0, 0, 1}, 5); /* ends the modes: section 8 */
    ck_assert_mem_eq(&modes, &before, sizeof modes);
}
END_TEST

/* Every bit and character that the table knows: what is written is read again. */
START_TEST(what_is_written_is_read_again)
{
    uint8_t encoded[MODES_MAX];
    struct termios before = {0}, after;
    size_t len;

    for (int set = 0; set < 2; set++) {
        for (size_t i = 0; i < sizeof flag_rows / sizeof flag_rows[0]; i++)
            *flag_rows[i].flags = set ? *flag_rows[i].flags | flag_rows[i].bits : 0;
        before = modes;
        before.c_cflag = (before.c_cflag & ~(tcflag_t)CSIZE) | (set ? CS8 : CS7);
        for (size_t i = 0; i < NCCS; i++)
            before.c_cc[i] = 0;
        before.c_cc[VERASE] = 0x7f;
        before.c_cc[VINTR] = set ? 3 : _POSIX_VDISABLE;
        ck_assert_int_eq(cfsetispeed(&before, set ? B9600 : B38400), 0);
        ck_assert_int_eq(cfsetospeed(&before, set ? B9600 : B38400), 0);
        len = modes_write(&before, encoded);
        ck_assert_uint_eq(encoded[len - 1], 0);
        memset(&after, 0, sizeof after);
        modes_read(&after, encoded, len);
        ck_assert_uint_eq(after.c_iflag, before.c_iflag);
        ck_assert_uint_eq(after.c_oflag, before.c_oflag);
        ck_assert_uint_eq(after.c_lflag, before.c_lflag);
        ck_assert_uint_eq(after.c_cflag, before.c_cflag);
        ck_assert_mem_eq(after.c_cc, before.c_cc, sizeof before.c_cc);
        ck_assert_uint_eq(cfgetospeed(&after), cfgetospeed(&before));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, flags_are_set_and_cleared);
    add_test(suite, characters_are_set_and_disabled);
    add_test(suite, sizes_and_speeds_are_set);
    add_test(suite, each_speed_has_its_rate_in_both_directions);
    add_test(suite, each_direction_has_its_own_note);
    add_test(suite, unknown_and_truncated_modes_are_ignored);
    add_test(suite, what_is_written_is_read_again);
}
