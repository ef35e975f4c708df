/* What nacre-serve gives a program: its terminal, its environment, its process. */
#include "apps/serve/child.h"
#include "apps/serve/environment.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- terminal modes: RFC 4254 section 8 ---- */

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

START_TEST(flags_are_set_and_taken_away)
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

START_TEST(characters)
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

START_TEST(sizes_and_speeds)
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
    set_one(129, 12345); /* no such speed: as before */
    ck_assert_uint_eq(cfgetospeed(&modes), B115200);
}
END_TEST

START_TEST(modes_that_mean_nothing_here)
{
    static const uint8_t unknown[] = {11, 15, 17, 19, 29, 43, 63, 76, 94, 127, 130, 159};
    struct termios before;

    memset(&before, 0x5a, sizeof before);
    memset(&modes, 0x5a, sizeof modes);
    for (size_t i = 0; i < sizeof unknown; i++)
        set_one(unknown[i], 1);
    terminal_modes(&modes, NULL, 0);
    terminal_modes(&modes, (const uint8_t[]){0}, 1);
    terminal_modes(&modes, (const uint8_t[]){53, 0, 0}, 3);        /* cut short */
    terminal_modes(&modes, (const uint8_t[]){160, 0, 0, 0, 1}, 5); /* the end, by section 8 */
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

/* ---- environment ---- */

static const char *variable(const struct environment *e, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < e->count; i++)
        if (strncmp(e->list[i], name, strlen(name)) == 0 && e->list[i][strlen(name)] == '=') {
            ck_assert_ptr_null(found); /* none twice */
            found = e->list[i] + strlen(name) + 1;
        }
    ck_assert_ptr_null(e->list[e->count]);
    return found;
}

START_TEST(what_is_inherited)
{
    struct environment e = {0};

    clearenv();
    setenv("PATH", "/p", 1);
    setenv("LC_TIME", "C", 1);
    setenv("SECRET", "x", 1);
    setenv("PATHX", "x", 1);
    setenv("TERM", "x", 1);
    environment_begin(&e);
    ck_assert_str_eq(variable(&e, "PATH"), "/p");
    ck_assert_str_eq(variable(&e, "LC_TIME"), "C");
    ck_assert_uint_eq(e.count, 2);
    ck_assert(environment_set(&e, "PATH", "/q"));
    ck_assert(environment_set(&e, "PAT", ""));
    ck_assert_str_eq(variable(&e, "PATH"), "/q");
    ck_assert_str_eq(variable(&e, "PAT"), "");
    environment_clear(&e);
}
END_TEST

START_TEST(what_a_client_may_set)
{
    static const char *const good[] = {"LANG", "LC_ALL", "LC_", "TERM"};
    static const char *const bad[] = {"",         "PATH",       "LANGX",   "LC",
                                      "XLC_ALL",  "lang",       "LC_A=B",  "LC_x",
                                      "HOME",     "LD_PRELOAD", "LC_ALL ", "LC_1",
                                      "LANGUAGE", "BASH_ENV",   "IFS",     "SSH_CONNECTION"};
    char value[1026];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(environment_is_clients(good[i], "x"), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!environment_is_clients(bad[i], "x"), "%s", bad[i]);
    memset(value, 'x', sizeof value);
    value[1025] = 0;
    ck_assert(!environment_is_clients("LANG", value));
    value[1024] = 0;
    ck_assert(environment_is_clients("LANG", value));
}
END_TEST

START_TEST(an_environment_is_bounded)
{
    struct environment e = {0};
    char name[16];
    int n = 0;

    do
        snprintf(name, sizeof name, "V%d", n++);
    while (environment_set(&e, name, "x"));
    ck_assert_int_eq(n - 1, ENVIRONMENT_MAX);
    ck_assert(environment_set(&e, "V0", "still"));
    ck_assert_str_eq(variable(&e, "V0"), "still");
    environment_clear(&e);
    ck_assert_uint_eq(e.count, 0);
}
END_TEST

/* ---- process ---- */

static struct child_end run(const char *script, char *out, size_t size)
{
    char *argv[] = {"/bin/sh", "-c", (char *)(uintptr_t)script, NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    struct terminal none = {.master = -1, .slave = -1};
    struct child child;
    struct child_streams streams;
    struct child_end end;
    struct pollfd ended;
    ssize_t n;
    size_t got = 0;

    ck_assert(child_start(&child, argv, environment, &none, &streams));
    close(streams.input);
    while ((n = read(streams.output, out + got, size - got - 1)) > 0)
        got += (size_t)n;
    out[got] = 0;
    close(streams.output);
    close(streams.error);
    ended = (struct pollfd){.fd = child.pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 60 * 1000), 1);
    ck_assert(child_reap(&child, &end));
    ck_assert_int_eq(child.pid, 0);
    child_signal(&child, SIGKILL); /* nobody */
    return end;
}

START_TEST(how_a_program_ends)
{
    char out[256];
    struct child_end end = run("echo hi; exit 200", out, sizeof out);

    ck_assert(!end.by_signal && end.status == 200);
    ck_assert_str_eq(out, "hi\n");
    end = run("kill -KILL $$", out, sizeof out);
    ck_assert(end.by_signal && end.status == SIGKILL);
}
END_TEST

/* The C library keeps signals 32 and 33 to itself. */
START_TEST(no_signal_is_blocked_or_ignored)
{
    char out[512];
    const char *ignored;
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    run("grep -E 'Sig(Blk|Ign)' /proc/self/status", out, sizeof out);
    ck_assert_msg(strstr(out, "SigBlk:\t0000000000000000") != NULL, "%s", out);
    ignored = strstr(out, "SigIgn:\t");
    ck_assert_ptr_nonnull(ignored);
    ck_assert_uint_eq(strtoull(ignored + 8, NULL, 16) & ~0x180000000ULL, 0);
}
END_TEST

START_TEST(no_such_program)
{
    char *argv[] = {"/no/such/program", NULL};
    char *environment[] = {NULL};
    struct nacre_request request = {.columns = 80, .rows = 24};
    struct terminal none = {.master = -1, .slave = -1}, t;
    struct child child;
    struct child_streams streams;
    int before = dup(0);

    close(before);
    ck_assert(!child_start(&child, argv, environment, &none, &streams));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert(terminal_open(&t, &request));
    ck_assert(!child_start(&child, argv, environment, &t, &streams));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(dup(0), before); /* no descriptor was left open */
    close(before);
}
END_TEST

START_TEST(names_of_signals)
{
    ck_assert_int_eq(signal_number("TERM"), SIGTERM);
    ck_assert_int_eq(signal_number("USR2"), SIGUSR2);
    ck_assert_int_eq(signal_number("SIGTERM"), -1);
    ck_assert_int_eq(signal_number("term"), -1);
    ck_assert_int_eq(signal_number(""), -1);
    ck_assert_str_eq(signal_name(SIGSEGV), "SEGV");
    ck_assert_str_eq(signal_name(SIGBUS), "BUS@nacre");
    ck_assert_str_eq(signal_name(SIGRTMIN), "OTHER@nacre");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, flags_are_set_and_taken_away);
    add_test(suite, characters);
    add_test(suite, sizes_and_speeds);
    add_test(suite, modes_that_mean_nothing_here);
    add_test(suite, a_terminal_has_size_and_modes);
    add_test(suite, what_is_inherited);
    add_test(suite, what_a_client_may_set);
    add_test(suite, an_environment_is_bounded);
    add_test(suite, how_a_program_ends);
    add_test(suite, no_signal_is_blocked_or_ignored);
    add_test(suite, no_such_program);
    add_test(suite, names_of_signals);
}
