/* A trace as text, as nacre-trace text prints it. The lines themselves: tests/apps/observe/trace.c
 */
#include "apps/trace/commands.h"
#include "tests/support/leftovers.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(each_event_is_a_line_that_a_terminal_can_show)
{
    const struct trace_options options = {.conn = 2};
    char path[256], *files[] = {path};
    const char *printed;
    int status;

    (void)snprintf(path, sizeof path, "%s",
                   scratch_write("t",
                                 "{\"trace\":1,\"program\":\"p\\u007f\"}\n"
                                 "{\"us\":1,\"conn\":1,\"event\":\"close\",\"why\":\"one\"}\n"
                                 "{\"us\":1,\"conn\":2,\"event\":\"close\",\"why\":\"two\"}\n",
                                 0600));
    printed_begin(STDOUT_FILENO);
    ck_assert_int_eq(text_run(&options, files), 0);
    printed = printed_end();
    assert_says(printed, "trace of p\\x7f ");
    assert_says(printed, "#2 close why two\n");
    ck_assert_ptr_null(strstr(printed, "one"));
    ck_assert_int_eq(unlink(path), 0);
    printed_begin(STDERR_FILENO);
    ck_assert_int_eq(text_run(&options, files), 1);
    assert_says(printed_end(), "No such file");
    printed_begin(STDERR_FILENO);
    leftovers_refuse(1);
    status = text_run(&options, files);
    expect_printed("nacre-trace: not enough memory\n");
    ck_assert_int_eq(status, 1);
}
END_TEST

#define MESSAGE(conn, number, len, payload)                                                        \
    "{\"us\":1,\"conn\":" conn                                                                     \
    ",\"event\":\"message\",\"dir\":\"in\",\"seq\":0,\"number\":" number ",\"length\":" len        \
    ",\"fields\":[],\"payload\":\"" payload "\"}\n"
#define REQUEST(conn)                                                                              \
    MESSAGE(                                                                                       \
        conn, "50", "43",                                                                          \
        "3200000001610000000173000000146b6579626f6172642d696e7465726163746976650000000000000000")
#define QUESTION(conn) MESSAGE(conn, "60", "17", "3c00000000000000000000000000000000")
#define CLOSE(conn) "{\"us\":1,\"conn\":" conn ",\"event\":\"close\"}\n"

/* What message 60 is depends on the login method of its connection. */
START_TEST(a_message_is_what_those_before_it_make_of_it)
{
    static const char trace[] = "{\"trace\":1}\n" REQUEST("1") QUESTION("1") QUESTION("2")
        REQUEST("2") CLOSE("1") QUESTION("1") QUESTION("2") "{\"trace\":1}\n" QUESTION("2");
    static const bool is_known[] = {true, false, false, true, false};
    const struct trace_options options = {.conn = 0};
    char path[256], *files[] = {path};
    const char *printed;

    (void)snprintf(path, sizeof path, "%s", scratch_write("t", trace, 0600));
    printed_begin(STDOUT_FILENO);
    ck_assert_int_eq(text_run(&options, files), 0);
    printed = printed_end();
    for (size_t i = 0; i < sizeof is_known; i++) {
        const char *known = strstr(printed, "USERAUTH_INFO_REQUEST (60)");

        printed = strstr(printed, " (60)");
        ck_assert_ptr_nonnull(printed);
        ck_assert_msg(is_known[i] == (known != NULL && known < printed), "%zu: %s", i, printed);
        printed++;
    }
    ck_assert_ptr_null(strstr(printed, " (60)"));
}
END_TEST

/* Then its members are all there is to show. */
START_TEST(a_payload_that_cannot_be_is_not_decoded)
{
    static const char trace[] =
        "{\"trace\":1}\n" MESSAGE("1", "2", "0", "") MESSAGE("1", "2", "3", "027a7a7a")
            MESSAGE("1", "2", "8388609", "02") MESSAGE("1", "2", "4", "027a7a7a")
                MESSAGE("1", "2", "8388608", "02") "{\"us\":1,\"conn\":1,\"event\":\"message\","
                                                   "\"dir\":\"in\",\"seq\":0,\"number\":2,"
                                                   "\"length\":1,\"fields\":[]}\n";
    static const char *const expected[] = {
        "message dir in, seq 0, number 2, length 0, payload ''\n",
        "message dir in, seq 0, number 2, length 3, payload 027a7a7a\n",
        "message dir in, seq 0, number 2, length 8388609, payload 02\n",
        "  IGNORE (2)  RFC 4253 11.2  4 bytes",
        "  IGNORE (2)  RFC 4253 11.2  8388608 bytes",
        "message dir in, seq 0, number 2, length 1\n"};
    const struct trace_options options = {.conn = 0};
    char path[256], *files[] = {path};
    const char *at;

    (void)snprintf(path, sizeof path, "%s", scratch_write("t", trace, 0600));
    printed_begin(STDOUT_FILENO);
    leftovers_secret("\x02zz", 3);
    ck_assert_int_eq(text_run(&options, files), 0);
    leftovers_secret(NULL, 0);
    at = printed_end();
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *found = strstr(at, expected[i]);

        ck_assert_msg(found != NULL, "no %s in %.900s", expected[i], at);
        at = found;
    }
}
END_TEST

/* K of a trace that shows secrets, and a password: in the messages' payloads and values. */
START_TEST(no_secret_is_in_memory_that_is_given_back)
{
    static const char *const secrets[] = {"hunter2", "68756e74657232", "\x42\x43\x44\x45",
                                          "42434445"};
    static const char trace[] =
        "{\"trace\":1,\"secrets\":true}\n"
        "{\"us\":1,\"conn\":2,\"event\":\"secret\",\"label\":\"K\",\"hex\":\"42434445\"}\n"
        "{\"us\":1,\"conn\":2,\"event\":\"hash\",\"hash\":\"SHA-256\",\"inputs\":["
        "{\"name\":\"K\",\"type\":\"mpint\",\"len\":4,\"hex\":\"42434445\"}],\"H\":\"00\"}\n"
        "{\"us\":1,\"conn\":2,\"event\":\"message\",\"dir\":\"in\",\"seq\":0,\"number\":50,"
        "\"length\":35,\"fields\":[],\"payload\":\"32000000016100000001730000000870617373776f7264"
        "000000000768756e74657232\"}\n";
    const struct trace_options options = {.conn = 0};
    char path[256], *files[] = {path};

    (void)snprintf(path, sizeof path, "%s", scratch_write("t", trace, 0600));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *printed;
        int status;

        printed_begin(STDOUT_FILENO);
        leftovers_secret(secrets[i], strlen(secrets[i]));
        status = text_run(&options, files);
        leftovers_secret(NULL, 0);
        printed = printed_end();
        ck_assert_int_eq(status, 0);
        assert_says(printed, "secret label K, hex 42434445\n");
        assert_says(printed, "    K: mpint 42434445 (4 bytes)\n");
        assert_says(printed, "'hunter2'\n");
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_message_is_what_those_before_it_make_of_it);
    add_test(suite, a_payload_that_cannot_be_is_not_decoded);
    add_test(suite, no_secret_is_in_memory_that_is_given_back);
    add_test(suite, each_event_is_a_line_that_a_terminal_can_show);
}
