/* What nacre-client asks for: a terminal like the one here. The requests come here. */
#include "apps/client/terminal_request.h"
#include "apps/terminal/modes.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <pty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char type[32];
static bool wants_reply;
static uint8_t data[4096];
static size_t data_len;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
enum nacre_sending __wrap_nacre_channel_request(struct nacre_channel *ch, const char *name,
                                                bool want_reply, const void *bytes, size_t len);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

enum nacre_sending __wrap_nacre_channel_request(struct nacre_channel *ch, const char *name,
                                                bool want_reply, const void *bytes, size_t len)
{
    ck_assert_ptr_null(ch);
    ck_assert_uint_lt(strlen(name), sizeof type);
    ck_assert_uint_le(len, sizeof data);
    memcpy(type, name, strlen(name) + 1);
    memcpy(data, bytes, len);
    data_len = len;
    wants_reply = want_reply;
    return NACRE_SEND_LATER;
}

/* A driver may write into what it is given before it fails. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl50-cpp,cert-dcl51-cpp): the
 * linker's */
int __real_ioctl(int fd, unsigned long request, ...);

OWN(int, ioctl, int fd, unsigned long request, ...)
{
    struct winsize *size;
    va_list rest;
    int result;

    va_start(rest, request);
    size = va_arg(rest, struct winsize *);
    va_end(rest);
    ck_assert_uint_eq(request, TIOCGWINSZ);
    result = __real_ioctl(fd, request, size);
    if (result != 0)
        size->ws_col = 1;
    return result;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl50-cpp,cert-dcl51-cpp) */

static int streams[3];

/* None of the standard streams is a terminal. */
static void before(void)
{
    for (int fd = 0; fd < 3; fd++) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        streams[fd] = dup(fd);
        ck_assert_int_eq(dup2(null, fd), fd);
        (void)close(null);
    }
    (void)setenv("TERM", "xterm", 1);
}

static void after(void)
{
    for (int fd = 0; fd < 3; fd++) {
        (void)dup2(streams[fd], fd);
        (void)close(streams[fd]);
    }
}

static const uint8_t usual_size[] = {0, 0, 0, 80, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t other_size[] = {0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8};

static void expect_at(size_t at, const void *expected, size_t len)
{
    ck_assert_uint_ge(data_len, at + len);
    ck_assert_mem_eq(data + at, expected, len);
}

START_TEST(without_a_terminal_one_of_the_usual_size_is_requested)
{
    ck_assert_int_eq(terminal_request_send(NULL), NACRE_SEND_LATER);
    ck_assert_str_eq(type, "pty-req");
    ck_assert(wants_reply);
    expect_at(0, "\0\0\0\5xterm", 9);
    expect_at(9, usual_size, sizeof usual_size);
    expect_at(25, "\0\0\0\1", 5); /* no modes, only their end */
    ck_assert_uint_eq(data_len, 30);
    ck_assert_int_eq(terminal_request_resize(NULL), NACRE_SEND_LATER);
    ck_assert_str_eq(type, "window-change");
    ck_assert(!wants_reply);
    expect_at(0, usual_size, sizeof usual_size);
    ck_assert_uint_eq(data_len, sizeof usual_size);
}
END_TEST

/* Any of the standard streams; its modes only if it is standard input. */
START_TEST(the_size_and_the_modes_are_those_of_the_terminal_here)
{
    const struct winsize size = {
        .ws_col = 0x102, .ws_row = 0x304, .ws_xpixel = 0x506, .ws_ypixel = 0x708};
    uint8_t encoded[MODES_MAX];
    struct termios modes;
    int master, slave;
    size_t len;

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
    ck_assert_int_eq(dup2(slave, _i), _i);
    (void)terminal_request_resize(NULL);
    expect_at(0, other_size, sizeof other_size);
    (void)terminal_request_send(NULL);
    expect_at(9, other_size, sizeof other_size);
    if (_i == 0) {
        ck_assert_int_eq(tcgetattr(slave, &modes), 0);
        len = modes_write(&modes, encoded);
        ck_assert_uint_eq((size_t)data[27] << 8 | data[28], len);
        expect_at(29, encoded, len);
        ck_assert_uint_eq(data_len, 29 + len);
    } else {
        ck_assert_uint_eq(data_len, 30);
    }
    (void)close(master);
    (void)close(slave);
}
END_TEST

/* A terminal that does not know its size, as on a serial line */
START_TEST(a_size_of_zero_is_the_usual_one)
{
    int master, slave;

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
    ck_assert_int_eq(dup2(slave, 0), 0);
    (void)terminal_request_resize(NULL);
    expect_at(0, usual_size, sizeof usual_size);
    (void)close(master);
    (void)close(slave);
}
END_TEST

START_TEST(the_name_of_the_terminal_is_sent_up_to_256_bytes)
{
    static char name[300];

    memset(name, 't', 299);
    (void)setenv("TERM", name, 1);
    (void)terminal_request_send(NULL);
    expect_at(0, "\0\0\1\0", 4);
    expect_at(4, name, 256);
    expect_at(260, usual_size, sizeof usual_size);
    (void)unsetenv("TERM");
    (void)terminal_request_send(NULL);
    expect_at(0, "\0\0\0\0", 4);
    expect_at(4, usual_size, sizeof usual_size);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    suite_fixture(suite, before, after);
    add_test(suite, without_a_terminal_one_of_the_usual_size_is_requested);
    add_loop(suite, the_size_and_the_modes_are_those_of_the_terminal_here, 0, 3);
    add_test(suite, a_size_of_zero_is_the_usual_one);
    add_test(suite, the_name_of_the_terminal_is_sent_up_to_256_bytes);
}
