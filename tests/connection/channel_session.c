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

    ck_assert_int_eq(nacre_channel_pty(ch, "vt100", 80, 24), NACRE_SEND_DONE);
    expect_request("pty-req", true,
                   "\0\0\0\5vt100"
                   "\0\0\0\x50\0\0\0\x18\0\0\0\0\0\0\0\0"
                   "\0\0\0\1\0",
                   9 + 16 + 5);
    ck_assert_int_eq(nacre_channel_env(ch, "LANG", "C"), NACRE_SEND_DONE);
    expect_request("env", true, "\0\0\0\4LANG\0\0\0\1C", 13);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    expect_request("shell", true, "", 0);
    ck_assert_int_eq(nacre_channel_exec(ch, "ls"), NACRE_SEND_DONE);
    expect_request("exec", true, "\0\0\0\2ls", 6);
    ck_assert_int_eq(nacre_channel_subsystem(ch, "sftp"), NACRE_SEND_DONE);
    expect_request("subsystem", true, "\0\0\0\4sftp", 8);
    ck_assert_int_eq(nacre_channel_window_change(ch, 132, 43), NACRE_SEND_DONE);
    expect_request("window-change", false, "\0\0\0\x84\0\0\0\x2b\0\0\0\0\0\0\0\0", 16);
    ck_assert_int_eq(nacre_channel_signal(ch, "INT"), NACRE_SEND_DONE);
    expect_request("signal", false, "\0\0\0\3INT", 7);
    stop();
}
END_TEST

START_TEST(a_ready_request_grants_a_shell_and_nothing_else)
{
    for (int kind = NACRE_REQUEST_OTHER; kind <= NACRE_REQUEST_EOW; kind++) {
        const struct nacre_request request = {.kind = (enum nacre_request_kind)kind};

        ck_assert_int_eq(nacre_channel_grant_shell(NULL, &request),
                         kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE);
    }
}
END_TEST

enum { FIXED = 1 + 4 + 4 + 1 }; /* bytes of a request beside its type and its data */

static char text[NACRE_REQUEST_BYTES_MAX + 1];

/* A text of that many characters. */
static const char *text_of(size_t len)
{
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static enum nacre_sending send_exec(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_exec(ch, text_of(len));
}

static enum nacre_sending send_subsystem(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_subsystem(ch, text_of(len));
}

static enum nacre_sending send_value(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_env(ch, "A", text_of(len));
}

static enum nacre_sending send_name(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_env(ch, text_of(len), "");
}

static enum nacre_sending send_signal(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_signal(ch, text_of(len));
}

static enum nacre_sending send_pty(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_pty(ch, text_of(len), 80, 24);
}

static enum nacre_sending send_other(struct nacre_channel *ch, size_t len)
{
    return nacre_channel_request(ch, "x@y", true, text_of(len), len);
}

static const struct {
    enum nacre_sending (*send)(struct nacre_channel *ch, size_t len);
    const char *type;
    size_t data; /* bytes of the data beside the text */
} sends[] = {
    {send_exec, "exec", 4},    {send_subsystem, "subsystem", 4}, {send_value, "env", 4 + 1 + 4},
    {send_name, "env", 4 + 4}, {send_signal, "signal", 4},       {send_pty, "pty-req", 4 + 16 + 5},
    {send_other, "x@y", 0},
};

/* A packet of 256 KiB is full, and the next byte does not fit: no answer is "no space now". */
START_TEST(a_request_may_fill_a_packet_and_a_longer_one_can_never_be_sent)
{
    size_t longest = NACRE_REQUEST_BYTES_MAX - FIXED - strlen(sends[_i].type) - sends[_i].data;
    struct nacre_channel *ch = client_open();
    char expected[64];

    (void)snprintf(expected, sizeof expected, "request 7 %s;", sends[_i].type);
    ck_assert_int_eq(sends[_i].send(ch, longest + 1), NACRE_SEND_NEVER);
    scripted_expect(&s, "");
    ck_assert_int_eq(sends[_i].send(ch, longest), NACRE_SEND_DONE);
    scripted_expect(&s, expected);
    ck_assert_uint_eq(s.last_len, NACRE_REQUEST_BYTES_MAX);
    ck_assert_ptr_nonnull(memmem(s.last, s.last_len, text_of(longest), longest));
    stop();
}
END_TEST

START_TEST(the_longest_command_is_as_the_header_says)
{
    struct nacre_channel *ch = client_open();

    ck_assert_int_eq(send_exec(ch, NACRE_COMMAND_MAX + 1), NACRE_SEND_NEVER);
    ck_assert_int_eq(send_exec(ch, NACRE_COMMAND_MAX), NACRE_SEND_DONE);
    scripted_expect(&s, "request 7 exec;");
    stop();
}
END_TEST

/* A server may grant no window before the command: requests need none, and must not wait for it. */
START_TEST(a_request_without_space_is_followed_by_writable_without_a_window)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 0, 32768);
    scripted_told(&s, "open;");
    nacre_session_rekey(s.real->session);
    ck_assert_int_eq(nacre_channel_exec(ch, "ls"), NACRE_SEND_LATER);
    scripted_expect(&s, "");
    scripted_told(&s, "writable;");
    ck_assert_int_eq(nacre_channel_exec(ch, "ls"), NACRE_SEND_DONE);
    scripted_expect(&s, "request 7 exec;");
    scripted_told(&s, "");
    s.reads = false;
    ck_assert_int_eq(send_exec(ch, NACRE_COMMAND_MAX), NACRE_SEND_DONE);
    ck_assert_int_eq(send_exec(ch, 100000), NACRE_SEND_LATER);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_LATER);
    scripted_run(&s);
    scripted_told(&s, "");
    s.reads = true;
    scripted_expect(&s, "request 7 exec;");
    scripted_told(&s, "writable;");
    stop();
}
END_TEST

/* Too little space is no space: otherwise the application would try again and again. */
START_TEST(writable_is_called_when_there_is_space_for_the_whole_request)
{
    struct nacre_channel *ch = client_open();

    s.reads = false;
    while (transport_room(ch->connection->transport) > 30000)
        ck_assert_int_eq(nacre_channel_request(ch, "x@y", false, zeros, 1000), NACRE_SEND_DONE);
    ck_assert_int_eq(send_exec(ch, 30000), NACRE_SEND_LATER);
    for (int i = 0; i < 3; i++) {
        look();
        scripted_run(&s);
        scripted_told(&s, "");
    }
    s.reads = true;
    scripted_run(&s);
    scripted_told(&s, "writable;");
    ck_assert_int_eq(send_exec(ch, 30000), NACRE_SEND_DONE);
    scripted_run(&s);
    scripted_told(&s, "");
    stop();
}
END_TEST

START_TEST(before_it_is_open_a_request_is_for_later)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, NULL, 0);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_LATER);
    ck_assert_int_eq(send_exec(ch, NACRE_COMMAND_MAX + 1), NACRE_SEND_NEVER);
    recorder.alive++; /* it is closed without having been open */
    stop();
}
END_TEST

START_TEST(after_close_no_request_is_sent)
{
    struct nacre_channel *ch = client_open();

    nacre_channel_close(ch);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_channel_window_change(ch, 80, 24), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_channel_eow(ch), NACRE_SEND_NEVER);
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_request_has_the_fields_of_its_section);
    add_test(suite, a_ready_request_grants_a_shell_and_nothing_else);
    add_loop(suite, a_request_may_fill_a_packet_and_a_longer_one_can_never_be_sent, 0,
             sizeof sends / sizeof sends[0]);
    add_test(suite, the_longest_command_is_as_the_header_says);
    add_test(suite, a_request_without_space_is_followed_by_writable_without_a_window);
    add_test(suite, writable_is_called_when_there_is_space_for_the_whole_request);
    add_test(suite, before_it_is_open_a_request_is_for_later);
    add_test(suite, after_close_no_request_is_sent);
}
