/* Where two traces differ, as nacre-trace diff prints it. */
#include "apps/trace/commands.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPEN(role) "{\"us\":1,\"conn\":1,\"event\":\"open\",\"role\":\"" role "\"}\n"
#define HELLO(dir, text)                                                                           \
    "{\"us\":1,\"conn\":1,\"event\":\"identification\",\"dir\":\"" dir "\",\"text\":\"" text "\"}" \
    "\n"
#define MESSAGE(conn, dir, number, name, fields)                                                   \
    "{\"us\":1,\"conn\":" conn ",\"event\":\"message\",\"dir\":\"" dir                             \
    "\",\"seq\":0,\"number\":" number "," name "\"length\":1,\"fields\":[" fields "]}\n"
#define NAME(name) "\"name\":\"" name "\","
#define KEXINIT(dir, fields) MESSAGE("1", dir, "20", NAME("SSH_MSG_KEXINIT"), fields)
#define LATER(text) MESSAGE("1", "in", "98", NAME("SSH_MSG_CHANNEL_REQUEST"), TEXT("type", text))
#define NUMBER(name, value)                                                                        \
    "{\"name\":\"" name "\",\"type\":\"uint32\",\"at\":1,\"len\":4,\"value\":" value "}"
#define TEXT(name, value)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"string\",\"at\":1,\"len\":4,\"text\":\"" value "\"}"
#define NEGOTIATED(kex) "{\"us\":1,\"conn\":1,\"event\":\"negotiated\",\"kex\":\"" kex "\"}\n"
#define CLOSE(why) "{\"us\":1,\"conn\":1,\"event\":\"close\",\"why\":\"" why "\"}\n"

static struct trace_options options;
static const char *printed;
static int stream;

/* The header is line 1. */
static int run(const char *a, const char *b)
{
    const char *texts[] = {a, b}, *names[] = {"a.json", "b.json"};
    char files[2][256], whole[8192];
    char *paths[] = {files[0], files[1]};
    int status;

    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(whole, sizeof whole, "{\"trace\":1}\n%s", texts[i]);
        (void)snprintf(files[i], sizeof files[i], "%s", scratch_write(names[i], whole, 0600));
    }
    printed_begin(stream);
    status = diff_run(&options, paths);
    printed = printed_end();
    return status;
}

static void expect(const char *a, const char *b, const char *expected)
{
    bool same = strncmp(expected, "0 ", 2) == 0 || strncmp(expected, "1 ", 2) == 0 ||
                strncmp(expected, "2 ", 2) == 0;

    ck_assert_int_eq(run(a, b), same ? 0 : 1);
    ck_assert_str_eq(printed, expected);
}

static void begin(void)
{
    options = (struct trace_options){.conn = 0};
    stream = STDOUT_FILENO;
}

#define NONE                                                                                       \
    "0 messages from the client are the same\n"                                                    \
    "0 messages from the server are the same\n"

START_TEST(each_side_has_its_own_sequence)
{
    expect("", "", NONE);
    /* a server receives what the client sends, in any order relative to its own */
    expect(OPEN("server") HELLO("in", "c") HELLO("out", "s") KEXINIT("in", ""),
           OPEN("server") HELLO("out", "s") HELLO("in", "c") KEXINIT("in", ""),
           "2 messages from the client are the same\n"
           "1 message from the server is the same\n");
    /* the trace of a client with that of its server */
    expect(OPEN("server") HELLO("in", "c") HELLO("out", "s"),
           OPEN("client") HELLO("in", "s") HELLO("out", "c"),
           "1 message from the client is the same\n"
           "1 message from the server is the same\n");
    /* without an event that says so, it is a server's */
    expect(HELLO("in", "c"), OPEN("server") HELLO("in", "c"),
           "1 message from the client is the same\n"
           "0 messages from the server are the same\n");
}
END_TEST

START_TEST(the_first_connection_is_compared_unless_another_is_chosen)
{
    const char *a = OPEN("server") KEXINIT("in", NUMBER("a", "1"))
        MESSAGE("2", "in", "20", NAME("SSH_MSG_KEXINIT"), NUMBER("a", "2"));
    const char *b = OPEN("server") KEXINIT("in", NUMBER("a", "1"))
        MESSAGE("2", "in", "20", NAME("SSH_MSG_KEXINIT"), NUMBER("a", "3"));

    expect(a, b,
           "1 message from the client is the same\n"
           "0 messages from the server are the same\n");
    options.conn = 2;
    expect(a, b,
           "KEXINIT from the client (A:4, B:4):\n    a: 2 in A, 3 in B\n"
           "0 messages from the client are the same before the first difference\n"
           "0 messages from the server are the same\n");
}
END_TEST

START_TEST(the_login_ends_the_comparison)
{
    const char *a = OPEN("server") MESSAGE("1", "in", "79", "", "") LATER("a");
    const char *b = OPEN("server") MESSAGE("1", "in", "79", "", "") LATER("b");
    const char *same = "1 message from the client is the same\n"
                       "0 messages from the server are the same\n";

    expect(a, b, same);
    expect(OPEN("server") MESSAGE("1", "in", "80", "", ""), OPEN("server"), NONE);
    expect(OPEN("server") MESSAGE("1", "in", "127", "", ""), OPEN("server"), NONE);
    ck_assert_int_eq(run(OPEN("server") MESSAGE("1", "in", "128", "", ""), OPEN("server")), 1);
    options.whole = true;
    expect(a, b,
           "CHANNEL_REQUEST from the client (A:4, B:4):\n    type: \"a\" in A, \"b\" in B\n"
           "1 message from the client is the same before the first difference\n"
           "0 messages from the server are the same\n");
}
END_TEST

START_TEST(other_messages_end_it_too)
{
    expect(OPEN("server") KEXINIT("in", "") MESSAGE("1", "in", "21", NAME("NEWKEYS"), ""),
           OPEN("server") KEXINIT("in", "") MESSAGE("1", "in", "99", "", "")
               MESSAGE("1", "in", "200", "", ""),
           "NEWKEYS from the client (A:4, not in B):\n    A has NEWKEYS, B has ended\n"
           "1 message from the client is the same before the first difference\n"
           "0 messages from the server are the same\n");
    expect(OPEN("server") KEXINIT("in", ""),
           OPEN("server") KEXINIT("in", "") MESSAGE("1", "in", "200", "", ""),
           "unknown message from the client (not in A, B:4):\n"
           "    A has ended, B has unknown message\n"
           "1 message from the client is the same before the first difference\n"
           "0 messages from the server are the same\n");
    expect(OPEN("server") HELLO("in", "c") KEXINIT("in", ""), OPEN("server") KEXINIT("in", ""),
           "identification from the client (A:3, B:3):\n"
           "    A has identification, B has KEXINIT\n"
           "0 messages from the client are the same before the first difference\n"
           "0 messages from the server are the same\n");
}
END_TEST

START_TEST(the_side_that_differs_first_is_printed_first)
{
    const char *client =
        "identification from the client (A:3, B:3):\n    text: \"c\" in A, \"C\" in "
        "B\n";
    const char *counts = "0 messages from the client are the same before the first difference\n"
                         "0 messages from the server are the same before the first difference\n";
    char expected[1024];

    (void)snprintf(expected, sizeof expected,
                   "%sidentification from the server (A:4, B:4):\n    text: \"s\" in A, \"S\" in "
                   "B\n%s",
                   client, counts);
    expect(OPEN("server") HELLO("in", "c") HELLO("out", "s"),
           OPEN("server") HELLO("in", "C") HELLO("out", "S"), expected);
    expect(OPEN("server") HELLO("out", "s") HELLO("in", "c"),
           OPEN("server") HELLO("out", "S") HELLO("in", "C"),
           "identification from the server (A:3, B:3):\n    text: \"s\" in A, \"S\" in B\n"
           "identification from the client (A:4, B:4):\n    text: \"c\" in A, \"C\" in B\n"
           "0 messages from the client are the same before the first difference\n"
           "0 messages from the server are the same before the first difference\n");
    expect(OPEN("server") HELLO("in", "c") HELLO("out", "s"),
           OPEN("server") HELLO("in", "c") HELLO("out", "S"),
           "identification from the server (A:4, B:4):\n    text: \"s\" in A, \"S\" in B\n"
           "1 message from the client is the same\n"
           "0 messages from the server are the same before the first difference\n");
}
END_TEST

/* Both are after all of A. */
START_TEST(of_two_differences_in_the_same_place_the_client_s_is_first)
{
    expect("", OPEN("server") HELLO("out", "s") HELLO("in", "c"),
           "identification from the client (not in A, B:4):\n"
           "    A has ended, B has identification\n"
           "identification from the server (not in A, B:3):\n"
           "    A has ended, B has identification\n"
           "0 messages from the client are the same before the first difference\n"
           "0 messages from the server are the same before the first difference\n");
}
END_TEST

START_TEST(differences_are_collected_until_the_messages_are_others)
{
    expect(OPEN("server") HELLO("in", "c") KEXINIT("in", NUMBER("a", "1"))
               MESSAGE("1", "in", "21", NAME("SSH_MSG_NEWKEYS"), NUMBER("b", "1")),
           OPEN("server") HELLO("in", "c") KEXINIT("in", NUMBER("a", "2"))
               MESSAGE("1", "in", "21", NAME("SSH_MSG_NEWKEYS"), NUMBER("b", "2")),
           "KEXINIT from the client (A:4, B:4):\n    a: 1 in A, 2 in B\n"
           "NEWKEYS from the client (A:5, B:5):\n    b: 1 in A, 2 in B\n"
           "1 message from the client is the same before the first difference\n"
           "0 messages from the server are the same\n");
}
END_TEST

START_TEST(the_outcome_is_what_was_negotiated_and_how_it_ended)
{
    expect(NEGOTIATED("k") CLOSE("x"), NEGOTIATED("k") CLOSE("x"), NONE);
    expect(NEGOTIATED("k") CLOSE("x"), NEGOTIATED("l") CLOSE("y"),
           "negotiated of the outcome (A:2, B:2):\n    kex: \"k\" in A, \"l\" in B\n"
           "close of the outcome (A:3, B:3):\n    why: \"x\" in A, \"y\" in B\n" NONE);
}
END_TEST

START_TEST(a_trace_that_cannot_be_read_has_status_2)
{
    static char dash[] = "-", missing[] = "/nonexistent";
    char *paths[] = {dash, missing};

    printed_begin(STDERR_FILENO);
    ck_assert_int_eq(diff_run(&options, paths), 2);
    paths[0] = missing;
    paths[1] = dash;
    ck_assert_int_eq(diff_run(&options, paths), 2);
    paths[1] = missing;
    ck_assert_int_eq(diff_run(&options, paths), 2);
    expect_printed("nacre-trace: diff reads its traces more than once: give files, not '-'\n"
                   "nacre-trace: diff reads its traces more than once: give files, not '-'\n"
                   "nacre-trace: cannot open /nonexistent: No such file or directory\n");
    ck_assert_int_eq(run("nonsense\n", ""), 2);
    ck_assert_str_eq(printed, "");
    stream = STDERR_FILENO;
    ck_assert_int_eq(run("", "nonsense\n"), 2);
    assert_says(printed, "b.json:2: ");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, begin, NULL);
    add_test(suite, each_side_has_its_own_sequence);
    add_test(suite, the_first_connection_is_compared_unless_another_is_chosen);
    add_test(suite, the_login_ends_the_comparison);
    add_test(suite, other_messages_end_it_too);
    add_test(suite, the_side_that_differs_first_is_printed_first);
    add_test(suite, of_two_differences_in_the_same_place_the_client_s_is_first);
    add_test(suite, differences_are_collected_until_the_messages_are_others);
    add_test(suite, the_outcome_is_what_was_negotiated_and_how_it_ended);
    add_test(suite, a_trace_that_cannot_be_read_has_status_2);
}
