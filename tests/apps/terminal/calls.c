/* Prompts, raw mode and SSH_ASKPASS, call by call: signals that interrupt them, and what fails. The
 * terminal is the test's. */
#include "apps/terminal/askpass.h"
#include "apps/terminal/prompt.h"
#include "apps/terminal/raw_mode.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TTY = 1000 /* its descriptor */ };

static bool scripted;        /* otherwise the calls are the system's */
static const char *typed;    /* what can be read; a digit d is signal number stops[d] */
static struct termios modes; /* of the terminal */
static int set_failures; /* so many calls of tcsetattr are interrupted, or fail for good if < 0 */
static bool no_terminal;
static bool exit_is_full;
static int interruptions; /* of read and waitpid */
static bool no_fork, no_pipe;
static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGINT};
static void (*handlers[NSIG])(int);

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_open64(const char *path, int flags, ...);
int __real_close(int fd);
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __real_raise(int number);
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
pid_t __real_fork(void);
pid_t __real_waitpid(pid_t pid, int *status, int flags);
int __real_pipe2(int ends[2], int flags);

OWN(int, open64, const char *path, int flags, ...)
{
    if (!scripted || strcmp(path, "/dev/tty") != 0)
        return __real_open64(path, flags, 0600);
    note("open%s;", flags == (O_RDWR | O_CLOEXEC) ? "" : " otherwise");
    return no_terminal ? -1 : TTY;
}

OWN(int, close, int fd)
{
    if (fd != TTY)
        return __real_close(fd);
    note("close;");
    return 0;
}

OWN(int, tcgetattr, int fd, struct termios *out)
{
    (void)fd;
    *out = modes;
    return no_terminal ? -1 : 0;
}

OWN(int, tcsetattr, int fd, int when, const struct termios *given)
{
    note("%s%s%s;", fd == TTY ? "" : "input ", when == TCSAFLUSH ? "" : "drain ",
         given->c_lflag & ECHO     ? "echo"
         : given->c_lflag & ECHONL ? "newline"
                                   : "hide");
    if (set_failures != 0) {
        errno = set_failures < 0 ? EIO : EINTR;
        set_failures -= set_failures > 0;
        return -1;
    }
    return 0;
}

OWN(int, sigaction, int number, const struct sigaction *action, struct sigaction *old)
{
    if (!scripted)
        return __real_sigaction(number, action, old);
    if (old != NULL) {
        *old = (struct sigaction){.sa_handler = SIG_DFL};
        handlers[number] = action->sa_flags == 0 ? action->sa_handler : NULL;
    } else {
        handlers[number] = action->sa_handler;
    }
    return 0;
}

OWN(int, raise, int number)
{
    if (!scripted)
        return __real_raise(number);
    note("raise %s%s;", sigabbrev_np(number), handlers[number] == SIG_DFL ? "" : " caught");
    return 0;
}

OWN(ssize_t, read, int fd, void *out, size_t len)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    if (fd != TTY)
        return __real_read(fd, out, len);
    if (*typed >= '0' && *typed <= '3') {
        int number = stops[*typed++ - '0'];

        handlers[number](number);
        errno = EINTR;
        return -1;
    }
    if (*typed == 0)
        return 0;
    *(char *)out = *typed++;
    return 1;
}

OWN(ssize_t, write, int fd, const void *data, size_t len)
{
    if (fd != TTY)
        return __real_write(fd, data, len);
    note("'%.*s';", (int)len, (const char *)data);
    return (ssize_t)len;
}

OWN(pid_t, fork, void)
{
    if (no_fork) {
        errno = EAGAIN;
        return -1;
    }
    return __real_fork();
}

OWN(pid_t, waitpid, pid_t pid, int *status, int flags)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return __real_waitpid(pid, status, flags);
}

OWN(int, pipe2, int ends[2], int flags)
{
    return no_pipe ? -1 : __real_pipe2(ends, flags);
}

OWN(int, atexit, void (*function)(void))
{
    note("at exit%s;", function == raw_mode_leave ? "" : " something else");
    return exit_is_full ? -1 : 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void set_up(void)
{
    modes = (struct termios){.c_lflag = ECHO | ECHONL | ICANON};
}

static void tear_down(void)
{
    scripted = false;
}

/* ---- questions ---- */

static char text[16];
static bool too_long;

static bool ask(const char *given, bool echo)
{
    bool good;

    typed = given;
    scripted = true;
    memset(text, 'x', sizeof text);
    good = prompt_ask("who? ", echo, text, sizeof text, &too_long);
    scripted = false;
    return good;
}

START_TEST(a_question_hides_its_answer_and_ends_the_line)
{
    ck_assert(ask("me\n", false) && strcmp(text, "me") == 0);
    expect_notes("open;hide;'who? ';'\n';echo;close;");
    ck_assert(ask("me\n", true) && strcmp(text, "me") == 0);
    expect_notes("open;echo;'who? ';echo;close;");
    ck_assert(!ask("", true)); /* the person's terminal shows no newline */
    expect_notes("open;echo;'who? ';'\n';echo;close;");
    for (size_t i = 0; i < sizeof text; i++)
        ck_assert_int_eq(text[i], 0);
    for (int number = 1; number < NSIG; number++)
        ck_assert(handlers[number] == SIG_DFL);
}
END_TEST

START_TEST(after_a_stop_the_question_is_asked_again)
{
    static const char *const given[] = {"se0me\n", "se1me\n", "2me\n"};
    static const char *const notes[] = {"TSTP", "TTIN", "TTOU"};

    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        char expected[128];

        (void)snprintf(expected, sizeof expected,
                       "open;hide;'who? ';'\n';echo;raise %s;hide;'who? ';'\n';echo;close;",
                       notes[i]);
        ck_assert(ask(given[i], false));
        ck_assert_str_eq(text, "me");
        expect_notes(expected);
    }
}
END_TEST

START_TEST(another_signal_ends_the_question)
{
    ck_assert(!ask("se3me\n", false));
    expect_notes("open;hide;'who? ';'\n';echo;raise INT;close;");
    for (size_t i = 0; i < sizeof text; i++)
        ck_assert_int_eq(text[i], 0);
    ck_assert(ask("me\n", false)); /* it is forgotten */
    expect_notes("open;hide;'who? ';'\n';echo;close;");
}
END_TEST

START_TEST(what_is_no_terminal_is_not_asked)
{
    no_terminal = true;
    ck_assert(!ask("me\n", false));
    expect_notes("open;");
    ck_assert_str_eq(text, "");
    scripted = true;
    ck_assert(!prompt_is_possible());
    no_terminal = false;
    ck_assert(prompt_is_possible());
    scripted = false;
    expect_notes("open;open;close;");
}
END_TEST

/* ---- raw mode ---- */

START_TEST(raw_mode_ends_with_the_program)
{
    ck_assert(raw_mode_enter());
    expect_notes("at exit;input drain hide;");
    ck_assert(raw_mode_enter());
    expect_notes("input drain hide;");
    raw_mode_leave();
    expect_notes("input drain echo;");
    raw_mode_leave();
    expect_notes("");
    ck_assert(raw_mode_enter());
    expect_notes("input drain hide;");
    raw_mode_leave();
    noted[0] = 0;
}
END_TEST

START_TEST(without_a_place_at_the_exit_it_is_tried_again)
{
    exit_is_full = true;
    ck_assert(raw_mode_enter());
    ck_assert(raw_mode_enter());
    expect_notes("at exit;input drain hide;at exit;input drain hide;");
    raw_mode_leave();
    noted[0] = 0;
}
END_TEST

START_TEST(an_interrupted_change_is_made_again)
{
    set_failures = 2;
    ck_assert(raw_mode_enter());
    expect_notes("at exit;input drain hide;input drain hide;input drain hide;");
    raw_mode_leave();
    noted[0] = 0;
}
END_TEST

START_TEST(a_terminal_that_refuses_is_not_in_raw_mode)
{
    set_failures = -1;
    ck_assert(!raw_mode_enter());
    ck_assert(!raw_mode_is_on());
    expect_notes("at exit;input drain hide;");
    raw_mode_leave();
    expect_notes("");
}
END_TEST

/* ---- SSH_ASKPASS ---- */

static bool ask_program(const char *script, size_t size)
{
    ck_assert_int_eq(setenv("SSH_ASKPASS", scratch_write("askpass", script, 0700), 1), 0);
    memset(text, 'x', sizeof text);
    return askpass_ask("?", text, size);
}

#define SAYS_SECRET "#!/bin/sh\nprintf 'secret\\nmore\\n'\n"

START_TEST(an_interrupted_answer_is_read_on)
{
    interruptions = 3;
    ck_assert(ask_program(SAYS_SECRET, sizeof text));
    ck_assert_str_eq(text, "secret");
    ck_assert_int_eq(interruptions, 0);
    for (size_t i = 7; i < strlen("secret\nmore\n"); i++)
        ck_assert_int_eq(text[i], 0); /* nothing else is left of it */
}
END_TEST

START_TEST(an_answer_fits_with_its_newline_and_nul)
{
    ck_assert(ask_program("#!/bin/sh\necho 12345678901234\n", sizeof text));
    ck_assert_str_eq(text, "12345678901234");
    ck_assert(!ask_program("#!/bin/sh\necho 123456789012345\n", sizeof text));
    for (size_t i = 0; i < sizeof text; i++)
        ck_assert_int_eq(text[i], 0);
}
END_TEST

START_TEST(without_a_process_or_a_pipe_there_is_no_answer)
{
    no_fork = true;
    ck_assert(!ask_program(SAYS_SECRET, sizeof text));
    ck_assert_str_eq(text, "");
    no_fork = false;
    no_pipe = true;
    ck_assert(!ask_program(SAYS_SECRET, sizeof text));
    ck_assert_str_eq(text, "");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, a_question_hides_its_answer_and_ends_the_line);
    add_test(suite, after_a_stop_the_question_is_asked_again);
    add_test(suite, another_signal_ends_the_question);
    add_test(suite, what_is_no_terminal_is_not_asked);
    add_test(suite, raw_mode_ends_with_the_program);
    add_test(suite, without_a_place_at_the_exit_it_is_tried_again);
    add_test(suite, an_interrupted_change_is_made_again);
    add_test(suite, a_terminal_that_refuses_is_not_in_raw_mode);
    add_test(suite, an_interrupted_answer_is_read_on);
    add_test(suite, an_answer_fits_with_its_newline_and_nul);
    add_test(suite, without_a_process_or_a_pipe_there_is_no_answer);
}
