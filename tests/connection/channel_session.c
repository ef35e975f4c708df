/* The requests of a session channel, as a client sends them. RFC 4254 section 6. */
#include "tests/support/channel_script.h"

#include <stdio.h>
#include <string.h>

/* The last message to the script is a CHANNEL_REQUEST of that type, with these bytes after
 * want_reply. */
static void expect_request(const char *type, bool want_reply, const void *data, size_t len)
{
    struct reader r = read_from((struct bytes){s.last, s.last_len});
    char line[64];

    (void)snprintf(line, sizeof line, "request 7 %s;", type);
    scripted_expect(&s, line);
    r = read_from((struct bytes){s.last, s.last_len});
    ck_assert_uint_eq(read_u8(&r), SSH_MSG_CHANNEL_REQUEST);
    ck_assert_uint_eq(read_u32(&r), 7);
    ck_assert(bytes_are(read_string(&r), type));
    ck_assert_int_eq(read_bool(&r), want_reply);
    assert_bytes(read_rest(&r), (struct bytes){data, len});
}

START_TEST(each_request_has_the_fields_of_its_section)
{
    struct nacre_channel *ch = client_open();

    ck_assert(nacre_channel_pty(ch, "vt100", 80, 24));
    expect_request("pty-req", true,
                   "\0\0\0\5vt100"
                   "\0\0\0\x50\0\0\0\x18\0\0\0\0\0\0\0\0"
                   "\0\0\0\1\0",
                   9 + 16 + 5);
    ck_assert(nacre_channel_env(ch, "LANG", "C"));
    expect_request("env", true, "\0\0\0\4LANG\0\0\0\1C", 13);
    ck_assert(nacre_channel_shell(ch));
    expect_request("shell", true, "", 0);
    ck_assert(nacre_channel_exec(ch, "ls"));
    expect_request("exec", true, "\0\0\0\2ls", 6);
    ck_assert(nacre_channel_subsystem(ch, "sftp"));
    expect_request("subsystem", true, "\0\0\0\4sftp", 8);
    ck_assert(nacre_channel_window_change(ch, 132, 43));
    expect_request("window-change", false, "\0\0\0\x84\0\0\0\x2b\0\0\0\0\0\0\0\0", 16);
    ck_assert(nacre_channel_signal(ch, "INT"));
    expect_request("signal", false, "\0\0\0\3INT", 7);
    stop();
}
END_TEST

START_TEST(texts_that_do_not_fit_in_a_request_are_refused_and_nothing_is_sent)
{
    static char text[8 * 1024];
    struct nacre_channel *ch = client_open();

    memset(text, 'x', sizeof text - 1);
    ck_assert(!nacre_channel_exec(ch, text));
    ck_assert(!nacre_channel_subsystem(ch, text));
    ck_assert(!nacre_channel_env(ch, "A", text));
    ck_assert(!nacre_channel_env(ch, text, ""));
    ck_assert(!nacre_channel_signal(ch, text));
    text[512] = '\0';
    ck_assert(!nacre_channel_pty(ch, text, 80, 24));
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(the_longest_command_arrives_whole)
{
    static char text[8 * 1024 - 4 + 1];
    struct nacre_channel *ch = client_open();

    memset(text, 'x', sizeof text - 1);
    ck_assert(nacre_channel_exec(ch, text));
    scripted_expect(&s, "request 7 exec;");
    ck_assert_mem_eq(s.last + s.last_len - strlen(text), text, strlen(text));
    stop();
}
END_TEST

START_TEST(after_close_no_request_is_sent)
{
    struct nacre_channel *ch = client_open();

    nacre_channel_close(ch);
    ck_assert(!nacre_channel_shell(ch));
    ck_assert(!nacre_channel_window_change(ch, 80, 24));
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_request_has_the_fields_of_its_section);
    add_test(suite, texts_that_do_not_fit_in_a_request_are_refused_and_nothing_is_sent);
    add_test(suite, the_longest_command_arrives_whole);
    add_test(suite, after_close_no_request_is_sent);
}
