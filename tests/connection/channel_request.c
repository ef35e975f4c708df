/* Answers to channel requests, in order, and our own requests. RFC 4254 section 5.4;
 * numbers in brackets are requirement ids. */
#include "connection/request.h"
#include "tests/support/request_script.h"

#include <string.h>

/* ---- answers in order ---- */

/* [4254/5.4/3, 5.4/4] */
START_TEST(requests_sent_ahead_are_answered_in_order)
{
    server_with_channel();
    send_env(1);
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", channel_id, "exec", 1); /* malformed */
    send_request("window-change", 0);
    send_request("shell", 1);
    send_request("shell", 1);
    scripted_expect(&s, "success 7;success 7;failure 7;success 7;failure 7;");
    stop();
}
END_TEST

START_TEST(answers_wait_for_an_earlier_one_that_is_pending)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    send_env(1);
    send_env(0);
    send_env(1);
    scripted_expect(&s, "");
    recorder.request = NACRE_GRANT;
    send_env(1);
    send_env(0);
    scripted_expect(&s, "");
    recorder.request = NACRE_REFUSE;
    send_request("foo", 1);
    scripted_expect(&s, "");
    nacre_channel_answer_request(recorder.ch, true);
    scripted_expect(&s, "success 7;");
    nacre_channel_answer_request(recorder.ch, true); /* for the one that wants no reply */
    scripted_expect(&s, "");
    nacre_channel_answer_request(recorder.ch, false);
    scripted_expect(&s, "failure 7;success 7;failure 7;");
    nacre_channel_answer_request(recorder.ch, true); /* no request is pending */
    scripted_expect(&s, "");
    stop();
}
END_TEST

static bool early;

static void answer_at_once(struct nacre_channel *ch)
{
    nacre_channel_answer_request(ch, early);
}

START_TEST(a_request_may_be_answered_inside_its_callback)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    recorder.where = "request";
    recorder.act = answer_at_once;
    for (int i = 0; i < 4; i++) {
        early = i % 2 == 0;
        send_env(i < 2 ? 1 : 0);
        scripted_expect(&s, i == 0 ? "success 7;" : i == 1 ? "failure 7;" : "");
    }
    early = false;
    send_request("shell", 1);
    early = true;
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(too_many_requests_that_wait_for_an_answer_disconnect)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    for (int i = 0; i < REPLIES_MAX; i++)
        send_env(i % 2);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    send_env(1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

START_TEST(requests_without_reply_do_not_count_while_one_is_pending)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    send_env(1);
    scripted_run(&s);
    recorder.request = NACRE_GRANT;
    for (int i = 0; i < 2 * REPLIES_MAX; i++)
        send_request("foo", 0);
    scripted_expect(&s, "");
    nacre_channel_answer_request(recorder.ch, true);
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(a_thousand_answers_after_a_pending_one_arrive_even_when_the_output_is_full)
{
    size_t n = 0;

    server_with_window(0x7fffffff);
    recorder.request = NACRE_LATER;
    send_env(1);
    scripted_run(&s);
    recorder.request = NACRE_GRANT;
    for (int i = 1; i < REPLIES_MAX; i++)
        send_env(1);
    scripted_expect(&s, "");
    s.reads = false;
    fill(recorder.ch);
    if (_i < 2)
        nacre_channel_answer_request(recorder.ch, true);
    ck_assert(!s.real->ended);
    if (_i > 0)
        nacre_channel_close(recorder.ch); /* after all of them */
    s.reads = true;
    scripted_run(&s);
    for (const char *at = s.log; (at = strstr(at, "success 7;")) != NULL; at++)
        n++;
    ck_assert_uint_eq(n, _i < 2 ? REPLIES_MAX : REPLIES_MAX - 1);
    if (_i == 2)
        ck_assert_ptr_nonnull(strstr(s.log, "failure 7;success 7;"));
    if (_i > 0)
        ck_assert_str_eq(s.log + strlen(s.log) - strlen("close 7;"), "close 7;");
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(closing_refuses_pending_requests)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    send_env(1);
    send_env(0);
    send_env(1);
    scripted_expect(&s, "");
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;failure 7;failure 7;close 7;");
    stop();
}
END_TEST

static void finish_program(struct nacre_channel *ch)
{
    ck_assert_uint_eq(nacre_channel_write(ch, "x", 1), 0); /* the answer goes first */
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

START_TEST(a_program_that_ends_inside_its_request_is_answered_first)
{
    server_with_channel();
    recorder.where = "request";
    recorder.act = finish_program;
    send_request("shell", 1);
    scripted_expect(&s, "success 7;request 7 exit-status;eof 7;close 7;");
    stop();
}
END_TEST

static size_t say_hello(struct nacre_channel *ch)
{
    recorder.write = NULL;
    return nacre_channel_write(ch, "hello", 5);
}

static void want_to_write(struct nacre_channel *ch)
{
    ck_assert_uint_eq(nacre_channel_space(ch), 0);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 0);
    recorder.write = say_hello;
}

START_TEST(data_written_inside_a_request_follows_its_answer)
{
    server_with_channel();
    recorder.where = "request";
    recorder.act = want_to_write;
    send_request("shell", 1);
    scripted_expect(&s, "success 7;data 7 5;");
    scripted_told(&s, "request shell;writable;");
    stop();
}
END_TEST

START_TEST(answers_given_during_a_key_exchange_follow_it_in_order)
{
    server_with_channel();
    recorder.request = NACRE_LATER;
    send_env(1);
    scripted_run(&s);
    recorder.request = NACRE_REFUSE;
    send_request("foo", 1);
    scripted_expect(&s, "");
    s.reads = false;
    nacre_session_rekey(s.real->session);
    nacre_channel_answer_request(recorder.ch, true);
    scripted_run(&s);
    s.reads = true;
    send_request("foo", 1);
    scripted_expect(&s, "success 7;failure 7;failure 7;");
    stop();
}
END_TEST

/* ---- our own requests ---- */

START_TEST(answers_to_our_requests_are_reported_in_order)
{
    struct nacre_channel *ch = client_with_channel();

    ck_assert_int_eq(nacre_channel_pty(ch, "xterm", 80, 24), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_env(ch, "A", "1"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_signal(ch, "TERM"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_window_change(ch, 100, 40), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_exec(ch, "ls"), NACRE_SEND_DONE);
    scripted_expect(&s, "request 7 pty-req;request 7 env;request 7 signal;request 7 window-change;"
                        "request 7 exec;");
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_expect(&s, "");
    scripted_told(&s, "replied yes;replied no;replied yes;");
    stop();
}
END_TEST

/* [4254/5.4/7] */
START_TEST(an_unsolicited_answer_is_ignored)
{
    struct nacre_channel *ch = client_with_channel();

    if (_i == 0) {
        ck_assert_int_eq(nacre_channel_window_change(ch, 100, 40),
                         NACRE_SEND_DONE); /* wants no reply */
        scripted_run(&s);
        s.log[0] = 0;
        scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
        scripted_expect(&s, "");
    }
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    scripted_run(&s);
    s.log[0] = s.real->log[0] = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_expect(&s, "");
    scripted_told(&s, "replied no;");
    ck_assert_int_eq(nacre_channel_env(ch, "A", "1"), NACRE_SEND_DONE);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_expect(&s, "request 7 env;");
    scripted_told(&s, "replied yes;");
    stop();
}
END_TEST

static void close_it(struct nacre_channel *ch)
{
    nacre_channel_close(ch);
}

START_TEST(after_a_close_inside_replied_no_more_answers_are_reported)
{
    struct nacre_channel *ch = client_with_channel();

    recorder.where = "replied";
    recorder.act = close_it;
    ck_assert_int_eq(nacre_channel_env(ch, "A", "1"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    scripted_run(&s);
    s.log[0] = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", channel_id);
    scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", channel_id, "data");
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", channel_id);
    scripted_expect(&s, "eof 7;close 7;");
    scripted_told(&s, "replied yes;closed we closed;");
    stop();
}
END_TEST

START_TEST(a_request_with_too_long_a_type_is_not_sent_and_the_session_survives)
{
    struct nacre_channel *ch = client_with_channel();
    char type[CHANNEL_TYPE_MAX + 2];

    memset(type, 'x', sizeof type);
    type[CHANNEL_TYPE_MAX + 1] = 0;
    ck_assert_int_eq(nacre_channel_request(ch, type, true, NULL, 0), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_channel_request(ch, "foo", true, zeros, SIZE_MAX), NACRE_SEND_NEVER);
    scripted_expect(&s, "");
    type[CHANNEL_TYPE_MAX] = 0;
    ck_assert_int_eq(nacre_channel_request(ch, type, true, NULL, 0), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, "foo", true, zeros, 30000), NACRE_SEND_DONE);
    scripted_run(&s);
    ck_assert(ends_with(s.log, "request 7 foo;"));
    s.log[0] = 0;
    nacre_channel_close(ch);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_NEVER);
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

static void send_text(uint32_t id, const char *type, size_t len)
{
    static char text[PACKET_MESSAGE_LARGE];

    memset(text, 'x', sizeof text);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?S", id, type, 1, text, len);
}

static size_t text_seen;

static void see_text(struct nacre_channel *ch)
{
    (void)ch;
    text_seen = strlen(recorder.last.text);
}

/* As sshd, each request may fill a packet of 256 KiB. */
START_TEST(a_command_that_fills_a_packet_is_received_whole)
{
    static const char *const types[] = {"exec", "subsystem"};
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, 1000, 1000);
    s.real->log[0] = 0;
    recorder.request = NACRE_REFUSE;
    recorder.where = "request";
    recorder.act = see_text;
    s.chunk = 50000;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t len = PACKET_MESSAGE_LARGE - 10 - strlen(types[i]) - 4;

        send_text(id, types[i], len);
        scripted_expect(&s, "failure 7;");
        ck_assert_uint_eq(text_seen, len);
    }
    stop();
}
END_TEST

/* [4254/6.10/1 to 6.10/3] */
START_TEST(the_exit_of_the_command_is_sent_once_in_the_form_of_the_rfc)
{
    uint8_t expected[128];
    size_t len;

    server_with_channel();
    if (_i == 0) {
        nacre_channel_exit_status(recorder.ch, 0xdeadbeef);
        nacre_channel_exit_signal(recorder.ch, "TERM", true);
        len = scripted_encode(expected, sizeof expected, SSH_MSG_CHANNEL_REQUEST, "us?u", 7,
                              "exit-status", 0, 0xdeadbeef);
    } else {
        nacre_channel_exit_signal(recorder.ch, "SEGV", _i == 1);
        nacre_channel_exit_status(recorder.ch, 1);
        len = scripted_encode(expected, sizeof expected, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", 7,
                              "exit-signal", 0, "SEGV", _i == 1, "", "");
    }
    scripted_expect(&s, _i == 0 ? "request 7 exit-status;" : "request 7 exit-signal;");
    ck_assert_uint_eq(s.last_len, len);
    ck_assert_mem_eq(s.last, expected, len);
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, requests_sent_ahead_are_answered_in_order);
    add_test(suite, answers_wait_for_an_earlier_one_that_is_pending);
    add_test(suite, a_request_may_be_answered_inside_its_callback);
    add_test(suite, too_many_requests_that_wait_for_an_answer_disconnect);
    add_test(suite, requests_without_reply_do_not_count_while_one_is_pending);
    add_loop(suite, a_thousand_answers_after_a_pending_one_arrive_even_when_the_output_is_full, 0,
             3);
    add_test(suite, closing_refuses_pending_requests);
    add_test(suite, a_program_that_ends_inside_its_request_is_answered_first);
    add_test(suite, data_written_inside_a_request_follows_its_answer);
    add_test(suite, answers_given_during_a_key_exchange_follow_it_in_order);
    add_test(suite, answers_to_our_requests_are_reported_in_order);
    add_loop(suite, an_unsolicited_answer_is_ignored, 0, 2);
    add_test(suite, after_a_close_inside_replied_no_more_answers_are_reported);
    add_test(suite, a_request_with_too_long_a_type_is_not_sent_and_the_session_survives);
    add_test(suite, a_command_that_fills_a_packet_is_received_whole);
    add_loop(suite, the_exit_of_the_command_is_sent_once_in_the_form_of_the_rfc, 0, 3);
}
