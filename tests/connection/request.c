/* How each channel request is read, and when it is allowed. RFC 4254 sections 5.4 and 6;
 * numbers in brackets are requirement ids. */
#include "connection/request.h"
#include "tests/support/request_script.h"

#include <string.h>

/* ---- how each is read ---- */

/* [4254/5.4/2] */
START_TEST(every_request_is_reported_and_answered_only_when_a_reply_is_wanted)
{
    const struct body *b = &bodies[_i];

    server_with_channel();
    send_body(b, 1, b->len);
    scripted_expect(&s, "success 7;");
    scripted_told(&s, b->told);
    ck_assert(recorder.last.want_reply);
    ck_assert_uint_eq(recorder.payload_len, b->len); /* as it came */
    ck_assert_mem_eq(recorder.payload, b->bytes, b->len);
    stop();

    server_with_channel();
    send_body(b, 0, b->len);
    scripted_expect(&s, "");
    scripted_told(&s, b->told);
    ck_assert(!recorder.last.want_reply);
    stop();

    server_with_channel();
    recorder.request = NACRE_REFUSE;
    send_body(b, 0, b->len);
    send_body(b, 1, b->len);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

START_TEST(a_request_whose_fields_end_early_or_late_is_refused_and_not_reported)
{
    const struct body *b = &bodies[_i];

    if (strcmp(b->type, "foo@example.com") == 0)
        return; /* its data may be anything */
    server_with_channel();
    for (size_t n = 0; n <= b->len + 1; n++) {
        if (n == b->len)
            continue;
        send_body(b, 1, n);
        scripted_expect(&s, "failure 7;");
        send_body(b, 0, n);
        scripted_expect(&s, "");
        scripted_told(&s, "");
    }
    send_body(b, 1, b->len);
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(the_fields_of_a_pty_request_arrive)
{
    server_with_channel();
    recorder.request = NACRE_REFUSE;
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_expect(&s, "failure 7;");
    ck_assert_int_eq(recorder.last.kind, NACRE_REQUEST_PTY);
    ck_assert_uint_eq(recorder.last.columns, 80);
    ck_assert_uint_eq(recorder.last.rows, 24);
    ck_assert_uint_eq(recorder.last.width, 640);
    ck_assert_uint_eq(recorder.last.height, 480);
    ck_assert_uint_eq(recorder.last.len, 6);
    stop();
}
END_TEST

/* [4254/6.7/1] Only after pty-req. */
START_TEST(a_window_change_needs_a_terminal)
{
    server_with_channel();
    for (int i = 0; i < 2; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", channel_id, "window-change", i, 132,
                      50, 0, 0xffffffff);
        scripted_expect(&s, i == 0 ? "" : "failure 7;");
        scripted_told(&s, "");
    }
    send_body(&bodies[0], 0, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", channel_id, "window-change", 0, 132, 50,
                  0, 0xffffffff);
    scripted_expect(&s, "");
    scripted_told(&s, "request pty-req xterm;request window-change;");
    ck_assert_uint_eq(recorder.last.columns, 132);
    ck_assert_uint_eq(recorder.last.rows, 50);
    ck_assert_uint_eq(recorder.last.height, 0xffffffff);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuu", channel_id, "window-change", 1, 132, 50,
                  0);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* [4254/6.2/3] The application reads the modes; nothing in them makes the request malformed. */
START_TEST(a_pty_request_is_read_whatever_its_modes_are)
{
    static uint8_t modes[30000];
    static const size_t lengths[] = {0, 1, 4, 5, 6, sizeof modes};

    memset(modes, 0xa0, sizeof modes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        server_with_channel();
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?suuuuS", channel_id, "pty-req", 1, "", 0, 0,
                      0, 0, modes, lengths[i]);
        scripted_expect(&s, "success 7;");
        ck_assert_uint_eq(recorder.last.len, lengths[i]);
        stop();
    }
}
END_TEST

/* [4254/6.4/1, 6.5/7] */
START_TEST(text_with_a_nul_is_refused_and_not_truncated)
{
    static const struct {
        const char *type, *fields;
    } rows[] = {{"exec", "us?S"}, {"subsystem", "us?S"}, {"signal", "us?S"}, {"env", "us?Ss"}};

    server_with_channel();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, rows[i].fields, channel_id, rows[i].type, 1,
                      "ls\0rm", (size_t)5, "value");
        scripted_expect(&s, "failure 7;");
    }
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?sS", channel_id, "env", 1, "NAME", "a\0b",
                  (size_t)3);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?SuuuuS", channel_id, "pty-req", 1, "vt\0",
                  (size_t)3, 1, 1, 1, 1, zeros, (size_t)1);
    scripted_expect(&s, "failure 7;failure 7;");
    scripted_told(&s, "");
    stop();
}
END_TEST

START_TEST(text_may_be_empty_long_or_not_utf8)
{
    static char command[32001];

    memset(command, 'x', sizeof command - 1);
    server_with_channel();
    recorder.request = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 1, "");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 1, "\xff\xfe");
    scripted_expect(&s, "failure 7;failure 7;");
    scripted_told(&s, "request exec;request exec \xff\xfe;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 1, command);
    scripted_expect(&s, "failure 7;");
    ck_assert_ptr_nonnull(strstr(s.real->log, "request exec xxx"));
    stop();
}
END_TEST

/* RFC 4250 section 4.6.1 */
START_TEST(a_request_type_that_is_not_a_name_is_refused)
{
    const struct {
        const char *type;
        size_t len;
        bool told;
    } rows[] = {{"", 0, true},         {"shell\0", 6, false}, {"she ll", 6, false},
                {"\x80", 1, false},    {long_name, 64, true}, {(const char *)zeros, 65, false},
                {long_name, 65, false}};

    server_with_channel();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        recorder.request = NACRE_REFUSE;
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "uS?", channel_id, rows[i].type, rows[i].len, 1);
        scripted_expect(&s, "failure 7;");
        ck_assert(rows[i].told == (s.real->log[0] != 0));
        s.real->log[0] = 0;
    }
    stop();
}
END_TEST

/* ---- when each is allowed ---- */

/* [4254/6.5/1] */
START_TEST(only_one_program_runs_on_a_channel)
{
    server_with_channel();
    send_request("shell", 1);
    send_request("shell", 1);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 1, "ls");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "subsystem", 1, "sftp");
    send_env(1);
    scripted_expect(&s, "success 7;failure 7;failure 7;failure 7;success 7;");
    scripted_told(&s, "request shell;request env LANG C;");
    stop();
}
END_TEST

START_TEST(after_a_refused_program_another_may_be_requested)
{
    server_with_channel();
    recorder.request = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 1, "no");
    scripted_expect(&s, "failure 7;");
    recorder.request = NACRE_GRANT;
    send_request("shell", 1);
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(after_a_program_or_terminal_refused_later_another_may_be_requested)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", channel_id, "exec", 0, "no");
    send_request("shell", 1); /* one runs: refused, in order */
    scripted_expect(&s, "");
    nacre_channel_answer_request(recorder.ch, false);
    scripted_expect(&s, "failure 7;");
    nacre_channel_answer_request(recorder.ch, false);
    scripted_expect(&s, "failure 7;");
    recorder.request = NACRE_GRANT;
    send_body(&bodies[0], 1, bodies[0].len);
    send_request("shell", 1);
    scripted_expect(&s, "success 7;success 7;");
    send_request("shell", 1);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* [4254/6.2/4] */
START_TEST(there_is_one_terminal_and_it_comes_before_the_program)
{
    server_with_channel();
    send_body(&bodies[0], 1, bodies[0].len);
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_expect(&s, "success 7;failure 7;");
    stop();
    server_with_channel();
    send_request("shell", 1);
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_expect(&s, "success 7;failure 7;");
    stop();
}
END_TEST

static const struct nacre_channel_app *look_up(void *context, const char *type)
{
    (void)context;
    (void)type;
    return &recorder_app;
}

/* [4254/5.4/1, 5.4/6] */
START_TEST(requests_of_sessions_are_refused_on_other_channels)
{
    const struct body *b = &bodies[_i];
    bool of_sessions = _i < 7; /* the last two are allowed on any channel */

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.lookup = look_up;
    scripted_login(&s);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "direct-tcpip", 7, 1000, 1000);
    scripted_expect(&s, "confirmation 7;");
    channel_id = s.got[7].id;
    s.real->log[0] = 0;
    send_body(b, 1, b->len);
    scripted_expect(&s, of_sessions ? "failure 7;" : "success 7;");
    scripted_told(&s, of_sessions ? "" : b->told);
    stop();
}
END_TEST

START_TEST(a_servers_request_is_refused_from_a_client)
{
    server_with_channel();
    for (int want = 0; want < 2; want++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?u", channel_id, "exit-status", want, 0);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", channel_id, "exit-signal", want,
                      "TERM", 0, "", "");
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us??", channel_id, "xon-xoff", want, 1);
        scripted_expect(&s, want ? "failure 7;failure 7;failure 7;" : "");
    }
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/6.2/2, 6.5/5] */
START_TEST(a_clients_request_is_refused_from_a_server)
{
    (void)client_with_channel();
    for (int i = 0; i < 7; i++) {
        send_body(&bodies[i], 1, bodies[i].len);
        scripted_expect(&s, "failure 7;");
    }
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", channel_id, "window-change", 1, 1, 1, 1,
                  1);
    scripted_expect(&s, "failure 7;");
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/6.10/4] */
START_TEST(a_client_is_notified_how_the_command_ended)
{
    (void)client_with_channel();
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?u", channel_id, "exit-status", 0, 255);
    scripted_expect(&s, "");
    ck_assert_uint_eq(recorder.last.exit_status, 255);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", channel_id, "exit-signal", 1, "KILL", 1,
                  "killed", "en");
    scripted_expect(&s, "success 7;");
    ck_assert(recorder.last.core_dumped);
    scripted_told(&s, "request exit-status;request exit-signal KILL killed;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", channel_id, "exit-signal", 1,
                  "K\x9bILL@\x1b", 0, "\x1b[2J\xc2\x9bkilled\n\x7f \xc3\xa9", "en");
    scripted_expect(&s, "success 7;");
    scripted_told(&s, "request exit-signal K?ILL@? ?[2J??killed?? \xc3\xa9;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", channel_id, "exit-status", 1);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* ---- terminal modes ---- */

/* [4254/8/1, 8/3] */
START_TEST(terminal_modes_are_read_to_their_end)
{
    static const struct {
        uint8_t bytes[24];
        size_t len;
        int count;
    } rows[] = {
        {"", 0, 0},
        {"\0", 1, 0},
        {"\1\0\0\0\3", 5, 1},                        /* without TTY_OP_END */
        {"\1\0\0\0\3\0", 6, 1},                      /* with it */
        {"\1\0\0\0\3\x9f\xff\xff\xff\xff\0", 11, 2}, /* 159 is the last with an argument */
        {"\1\0\0\0\3\xa0\0\0\0\1\2\0\0\0\1", 15, 1}, /* 160 ends it */
        {"\xff\0\0\0\1", 5, 0},
        {"\1\0\0\0\3\2\0\0\0", 9, 1}, /* an argument too short */
        {"\1", 1, 0},
        {"\1\0\0\0\1\0\2\0\0\0\1", 11, 1}, /* nothing counts after the end */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t *at = rows[i].bytes;
        size_t len = rows[i].len;
        uint8_t opcode;
        uint32_t argument;
        int count = 0;

        while (nacre_terminal_mode_next(&at, &len, &opcode, &argument))
            count++;
        ck_assert_int_eq(count, rows[i].count);
        ck_assert_ptr_eq(at + len, rows[i].bytes + rows[i].len);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, every_request_is_reported_and_answered_only_when_a_reply_is_wanted, 0, BODIES);
    add_loop(suite, a_request_whose_fields_end_early_or_late_is_refused_and_not_reported, 0,
             BODIES);
    add_test(suite, the_fields_of_a_pty_request_arrive);
    add_test(suite, a_window_change_needs_a_terminal);
    add_test(suite, a_pty_request_is_read_whatever_its_modes_are);
    add_test(suite, text_with_a_nul_is_refused_and_not_truncated);
    add_test(suite, text_may_be_empty_long_or_not_utf8);
    add_test(suite, a_request_type_that_is_not_a_name_is_refused);
    add_test(suite, only_one_program_runs_on_a_channel);
    add_test(suite, after_a_refused_program_another_may_be_requested);
    add_test(suite, after_a_program_or_terminal_refused_later_another_may_be_requested);
    add_test(suite, there_is_one_terminal_and_it_comes_before_the_program);
    add_loop(suite, requests_of_sessions_are_refused_on_other_channels, 0, BODIES);
    add_test(suite, a_servers_request_is_refused_from_a_client);
    add_test(suite, a_clients_request_is_refused_from_a_server);
    add_test(suite, a_client_is_notified_how_the_command_ended);
    add_test(suite, terminal_modes_are_read_to_their_end);
}
