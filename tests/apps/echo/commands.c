/* What the commands of nacre-echo do on a channel, call by call: the library is not there. */
#include "apps/echo/commands.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENT_MAX = 256 * 1024 };

static struct echo_session session;
static char sent[SENT_MAX], one;
static size_t sent_len, room, largest; /* bytes; the channel accepts `room` of them */

#define CHANNEL ((struct nacre_channel *)(void *)&one)

/* Not an assertion, because Check allocates memory then (leftovers.h) */
static void check(const struct nacre_channel *ch)
{
    if (ch != CHANNEL)
        ck_abort_msg("it is another channel");
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(size_t, nacre_channel_write, struct nacre_channel *ch, const void *data, size_t len)
{
    size_t n = len < room ? len : room;

    check(ch);
    if (n > sizeof sent - sent_len)
        ck_abort_msg("too much is sent");
    memcpy(sent + sent_len, data, n);
    sent_len += n;
    room -= n;
    largest = len > largest ? len : largest;
    return n;
}

OWN(void, nacre_channel_exit_status, struct nacre_channel *ch, uint32_t status)
{
    check(ch);
    note("exit %u;", status);
}

OWN(void, nacre_channel_exit_signal, struct nacre_channel *ch, const char *name, bool core_dumped)
{
    check(ch);
    note("signal %s%s;", name, core_dumped ? " core" : "");
}

OWN(void, nacre_channel_close, struct nacre_channel *ch)
{
    check(ch);
    note("close;");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Another session, whose channel accepts so many bytes. */
static void begin(size_t accepts)
{
    echo_session_clear(&session);
    session = (struct echo_session){.command = &echo_shell};
    sent_len = largest = 0;
    room = accepts;
    noted[0] = 0;
}

static void set_up(void)
{
    session = (struct echo_session){.command = NULL};
    begin(SENT_MAX);
}

static void tear_down(void)
{
    echo_session_clear(&session);
}

static size_t data(const void *bytes, size_t len)
{
    return session.command->data(CHANNEL, &session, bytes, len);
}

static void make_room(size_t bytes)
{
    room += bytes;
    session.command->writable(CHANNEL, &session);
}

static void eof(void)
{
    session.got_eof = true;
    session.command->eof(CHANNEL, &session);
}

static void expect_sent(const char *text)
{
    assert_bytes((struct bytes){(const uint8_t *)sent, sent_len}, bytes_of(text));
}

/* ---- echo ---- */

START_TEST(each_chunk_is_answered_as_python_prints_it)
{
    ck_assert_uint_eq(data("hello", 5), 5);
    ck_assert_uint_eq(data("it's\n", 5), 5);
    ck_assert_uint_eq(data("\0\\", 2), 2);
    expect_sent("echo: 'hello'\r\necho: \"it's\\n\"\r\necho: '\\x00\\\\'\r\n");
    expect_notes("");
}
END_TEST

enum { LONG = 5000 };

/* "echo: '\x00...'", for so many bytes, each of which needs four */
static const char *long_answer(void)
{
    static char text[4 * LONG + 32];
    size_t n = 0;

    n += (size_t)snprintf(text, sizeof text, "echo: '");
    for (size_t i = 0; i < LONG; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "\\x00");
    (void)snprintf(text + n, sizeof text - n, "'\r\n");
    return text;
}

/* "echo: '" and 1019 bytes of four characters */
START_TEST(a_long_answer_is_made_in_stages_of_4096_bytes_at_most)
{
    static const uint8_t zeros[LONG];

    ck_assert_uint_eq(data(zeros, LONG), LONG);
    expect_sent(long_answer());
    ck_assert_uint_eq(largest, 7 + 1019 * 4);
}
END_TEST

START_TEST(what_the_channel_does_not_accept_waits_and_nothing_is_lost)
{
    static const size_t rooms[] = {1, 7, 1000, 4083, 5000};
    static const uint8_t zeros[LONG];

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        size_t used;

        begin(0);
        for (used = 0; used < LONG; make_room(rooms[i])) {
            used += data(zeros + used, LONG - used);
            if (room == 0)
                ck_assert_uint_eq(data(zeros + used, LONG - used), 0);
        }
        while (session.pending != NULL)
            make_room(rooms[i]);
        expect_sent(long_answer());
        expect_notes("");
    }
}
END_TEST

START_TEST(a_chunk_that_comes_in_parts_stays_one_chunk)
{
    begin(0);
    ck_assert_uint_eq(data("abc", 3), 3);
    ck_assert_uint_eq(data("def", 3), 0);
    make_room(SENT_MAX);
    ck_assert_uint_eq(data("def", 3), 3);
    expect_sent("echo: 'abc'\r\necho: 'def'\r\n");
}
END_TEST

START_TEST(after_eof_the_last_words_are_sent_once)
{
    eof();
    expect_sent("eof received\r\n");
    expect_notes("exit 0;close;");
    begin(0);
    ck_assert_uint_eq(data("x", 1), 1);
    eof();
    make_room(strlen("echo: 'x'\r\neof"));
    expect_notes("");
    make_room(100);
    expect_sent("echo: 'x'\r\neof received\r\n");
    expect_notes("exit 0;close;");
}
END_TEST

START_TEST(without_eof_space_on_the_channel_ends_nothing)
{
    make_room(1);
    expect_sent("");
    expect_notes("");
}
END_TEST

START_TEST(without_memory_for_what_waits_the_channel_is_closed)
{
    begin(0);
    leftovers_refuse(1);
    ck_assert_uint_eq(data("x", 1), 1);
    expect_notes("close;");
    make_room(100);
    expect_sent("");
}
END_TEST

/* ---- cat, discard ---- */

static bool run(const char *line)
{
    session.command = NULL;
    return echo_run(CHANNEL, &session, line);
}

START_TEST(cat_returns_what_the_channel_accepts)
{
    begin(3);
    ck_assert(run("cat"));
    ck_assert_uint_eq(data("hello", 5), 3);
    expect_sent("hel");
    expect_notes("");
    eof();
    expect_notes("exit 0;close;");
}
END_TEST

START_TEST(discard_returns_nothing)
{
    ck_assert(run("discard"));
    ck_assert_uint_eq(data("hello", 5), 5);
    expect_sent("");
    eof();
    expect_notes("exit 0;close;");
}
END_TEST

START_TEST(echo_is_the_shell)
{
    ck_assert(run("echo"));
    ck_assert_uint_eq(data("x", 1), 1);
    eof();
    expect_sent("echo: 'x'\r\neof received\r\n");
}
END_TEST

/* ---- chargen ---- */

/* Lines of 72 characters, the last of which ends the text; RFC 864 suggests a line that begins one
 * character later each time. */
static void expect_characters(size_t n)
{
    ck_assert_uint_eq(sent_len, n);
    for (size_t left = n; left > 0; left--)
        ck_assert_int_eq(sent[n - left], left % 73 == 0 ? '\n' : (char)('!' + left % 94));
}

START_TEST(chargen_sends_as_many_bytes_as_were_asked_for)
{
    static const unsigned counts[] = {0, 1, 72, 73, 74, 6861, 6862, 6863, 32768, 32769, 100000};
    static const size_t rooms[] = {SENT_MAX, 1000, 32768, 6862};
    char line[32];

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (size_t k = 0; k < sizeof rooms / sizeof rooms[0]; k++) {
            begin(0);
            (void)snprintf(line, sizeof line, "chargen %u", counts[i]);
            ck_assert(run(line));
            ck_assert_str_eq(noted, counts[i] == 0 ? "exit 0;close;" : "");
            while (sent_len < counts[i])
                make_room(rooms[k]);
            expect_characters(counts[i]);
            ck_assert_uint_eq(largest, counts[i] < 32768 ? counts[i] : 32768);
            expect_notes("exit 0;close;");
        }
}
END_TEST

START_TEST(chargen_reads_and_forgets)
{
    begin(0);
    ck_assert(run("chargen 5"));
    ck_assert_uint_eq(data("hello", 5), 5);
    ck_assert(session.command->eof == NULL);
}
END_TEST

/* ---- exit, signal ---- */

START_TEST(a_status_and_a_signal_end_the_channel)
{
    ck_assert(run("exit 4294967295"));
    expect_notes("exit 4294967295;close;");
    ck_assert(run("exit 0"));
    expect_notes("exit 0;close;");
    ck_assert(run("signal TERM"));
    expect_notes("signal TERM;close;");
    begin(0);
    ck_assert(run("signal !~"));
    expect_notes("signal !~;close;");
}
END_TEST

static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm";

START_TEST(the_name_of_a_signal_has_up_to_64_characters)
{
    char line[80];

    (void)snprintf(line, sizeof line, "signal %.64s", letters);
    ck_assert(run(line));
    ck_assert_uint_eq(strlen(session.signal), 64);
    begin(0);
    (void)snprintf(line, sizeof line, "signal %.65s", letters);
    ck_assert(!run(line));
    leftovers_refuse(1);
    ck_assert(!run("signal TERM"));
    expect_notes("");
}
END_TEST

START_TEST(other_lines_are_refused)
{
    static const char *const lines[] = {
        "",
        " ",
        "ca",
        "catt",
        "cat x",
        "cat ",
        "discard x",
        "exit",
        "exit ",
        "exit x",
        "exit -1",
        "exit 4294967296",
        "exit  1",
        "exit 1 ",
        "chargen",
        "chargen",
        "chargen x",
        "signal",
        "signal ",
        "signal A B",
        "Echo",
        " echo",
        "signal \x7f",
        "signal \xc3\xbf",
        "signal A\n",
        "signal A\x1f",
        "echo\t",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ck_assert_msg(!run(lines[i]), "'%s' was accepted", lines[i]);
        ck_assert_ptr_null(session.command);
    }
    expect_notes("");
    expect_sent("");
}
END_TEST

START_TEST(the_help_lists_every_command)
{
    struct option_word word;

    for (size_t i = 0; echo_command(i, &word); i++)
        note("%s %s: %s\n", word.name, word.argument != NULL ? word.argument : "-", word.about);
    expect_notes("echo -: does the same as a shell\n"
                 "cat -: sends the bytes back as they are\n"
                 "discard -: sends nothing back\n"
                 "chargen N: sends N bytes\n"
                 "exit N: ends with exit status N\n"
                 "signal NAME: ends as if killed by signal NAME\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, each_chunk_is_answered_as_python_prints_it);
    add_test(suite, a_long_answer_is_made_in_stages_of_4096_bytes_at_most);
    add_test(suite, what_the_channel_does_not_accept_waits_and_nothing_is_lost);
    add_test(suite, a_chunk_that_comes_in_parts_stays_one_chunk);
    add_test(suite, after_eof_the_last_words_are_sent_once);
    add_test(suite, without_eof_space_on_the_channel_ends_nothing);
    add_test(suite, without_memory_for_what_waits_the_channel_is_closed);
    add_test(suite, cat_returns_what_the_channel_accepts);
    add_test(suite, discard_returns_nothing);
    add_test(suite, echo_is_the_shell);
    add_test(suite, chargen_sends_as_many_bytes_as_were_asked_for);
    add_test(suite, chargen_reads_and_forgets);
    add_test(suite, a_status_and_a_signal_end_the_channel);
    add_test(suite, the_name_of_a_signal_has_up_to_64_characters);
    add_test(suite, other_lines_are_refused);
    add_test(suite, the_help_lists_every_command);
}
