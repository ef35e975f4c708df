/* Questions to the person at the terminal, in a process that has one. */
#include "apps/terminal/prompt.h"
#include "tests/support/child.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* ---- lines ---- */

static char line[8];
static bool too_long;

static bool read_line(const char *text, size_t len)
{
    int ends[2];
    bool good;

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, len), (ssize_t)len);
    close(ends[1]);
    memset(line, 'x', sizeof line);
    too_long = true;
    good = prompt_read_line(ends[0], line, sizeof line, &too_long);
    close(ends[0]);
    return good;
}

START_TEST(a_line_ends_at_its_newline_or_with_the_input)
{
    ck_assert(read_line("one\ntwo\n", 8) && !too_long);
    ck_assert_str_eq(line, "one");
    ck_assert(read_line("two", 3) && !too_long);
    ck_assert_str_eq(line, "two");
    ck_assert(read_line("\n", 1) && !too_long);
    ck_assert_str_eq(line, "");
    ck_assert(!read_line("", 0));
    ck_assert_str_eq(line, "");
    ck_assert(!prompt_read_line(-1, line, sizeof line, &too_long));
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_no_shorter_line)
{
    ck_assert(read_line("1234567\n", 8) && !too_long);
    ck_assert_str_eq(line, "1234567");
    ck_assert(read_line("12345678\n", 9) && too_long);
    ck_assert_str_eq(line, "1234567");
    ck_assert(read_line("a\0b\n", 4) && too_long);
    ck_assert(read_line("\0\n", 2) && too_long);
}
END_TEST

/* ---- questions ---- */

static int master; /* the other side of the terminal */
static const char *typed;
static bool echoed; /* while the question waited */
static char shown[256];

/* The person: reads up to the end of the question, then types. */
static void *answer(void *unused)
{
    struct termios modes;
    size_t len = 0;

    while (strstr(shown, "? ") == NULL && len < sizeof shown - 1) {
        ssize_t n = read(master, shown + len, sizeof shown - 1 - len);

        if (n <= 0)
            return NULL;
        len += (size_t)n;
    }
    if (tcgetattr(master, &modes) == 0)
        echoed = (modes.c_lflag & ECHO) != 0 && (modes.c_lflag & ICANON) != 0;
    (void)!write(master, typed, strlen(typed));
    return unused;
}

/* This process gets a terminal. */
static int begin(void)
{
    int slave;

    (void)setsid();
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
        return -1;
    return slave;
}

static bool ask(bool echo, char *text, size_t size)
{
    pthread_t person;
    bool good;

    if (pthread_create(&person, NULL, answer, NULL) != 0)
        return false;
    good = prompt_ask("who? ", echo, text, size, &too_long);
    (void)pthread_join(person, NULL);
    return good;
}

/* Returns 0, or a number that says what went wrong. */
static int ask_hidden(void)
{
    struct termios before, after;
    int slave = begin();
    char text[16];

    typed = "secret\n";
    if (slave < 0 || tcgetattr(slave, &before) != 0 || !prompt_is_possible())
        return 1;
    if (!ask(false, text, sizeof text) || strcmp(text, "secret") != 0 || too_long)
        return 2;
    if (echoed || strstr(shown, "secret") != NULL)
        return 3;
    if (tcgetattr(slave, &after) != 0 || after.c_lflag != before.c_lflag)
        return 4;
    return strcmp(shown, "who? ") == 0 ? 0 : 5;
}

START_TEST(an_answer_may_be_hidden)
{
    succeeds_in_child(ask_hidden);
}
END_TEST

static int ask_openly(void)
{
    char text[16];

    typed = "alice\n";
    if (begin() < 0 || !ask(true, text, sizeof text) || strcmp(text, "alice") != 0)
        return 1;
    return echoed ? 0 : 2;
}

START_TEST(an_answer_may_be_shown)
{
    succeeds_in_child(ask_openly);
}
END_TEST

static volatile sig_atomic_t interrupts;

static void on_interrupt(int number)
{
    (void)number;
    interrupts++;
}

/* Control-C after some characters. */
static int ask_and_interrupt(void)
{
    const char nothing[16] = {0};
    struct termios before, after;
    int slave = begin();
    char text[16] = "before";

    typed = "sec\x03";
    (void)signal(SIGINT, on_interrupt);
    if (slave < 0 || tcgetattr(slave, &before) != 0)
        return 1;
    if (ask(false, text, sizeof text) || interrupts != 1)
        return 2;
    if (memcmp(text, nothing, sizeof text) != 0)
        return 3;
    if (tcgetattr(slave, &after) != 0 || after.c_lflag != before.c_lflag)
        return 4;
    (void)raise(SIGINT);
    return interrupts == 2 ? 0 : 5; /* the program's handler is back */
}

START_TEST(a_signal_ends_the_question_and_reaches_the_program)
{
    succeeds_in_child(ask_and_interrupt);
}
END_TEST

static int ask_nobody(void)
{
    char text[16] = "before";

    (void)setsid();
    if (prompt_is_possible() || prompt_ask("who? ", true, text, sizeof text, &too_long))
        return 1;
    return text[0] == '\0' ? 0 : 2;
}

START_TEST(without_a_terminal_nobody_is_asked)
{
    succeeds_in_child(ask_nobody);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_line_ends_at_its_newline_or_with_the_input);
    add_test(suite, a_line_that_does_not_fit_is_no_shorter_line);
    add_test(suite, an_answer_may_be_hidden);
    add_test(suite, an_answer_may_be_shown);
    add_test(suite, a_signal_ends_the_question_and_reaches_the_program);
    add_test(suite, without_a_terminal_nobody_is_asked);
}
