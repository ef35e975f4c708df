/* Channel and global requests, one real session against a script. RFC 4254 sections 4, 5.4, 6 and
 * 8; numbers in brackets are requirement ids. */
#include "connection/request.h"
#include "connection/connection.h"
#include "tests/support/recorder.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

#define BAD "disconnect 2;" /* what every breach of the protocol is answered with */

static struct scripted s;
static uint32_t id; /* the session's number of the channel, 7 to the script */
static const uint8_t zeros[64 * 1024];
static const char long_name[] =
    "0123456789012345678901234567890123456789012345678901234567890123"; /* 64 bytes, the most */

static void stop(void)
{
    scripted_clear(&s);
    recorder_clear();
}

static void server_start_with_window(uint32_t window)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    scripted_login(&s);
    id = scripted_open(&s, 7, window, 32768);
    scripted_told(&s, "open;");
}

static void server_start(void)
{
    server_start_with_window(1000);
}

static struct nacre_channel *client_start(void)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 1000, 1000);
    scripted_told(&s, "open;");
    id = nacre_channel_id(ch);
    return ch;
}

/* A request, its type and want_reply; what follows comes from a row. */
struct body {
    const char *type;
    uint8_t bytes[96];
    size_t len;
    const char *told;
};

static const struct body bodies[] = {
    {"pty-req", "\0\0\0\5xterm\0\0\0\x50\0\0\0\x18\0\0\2\x80\0\0\1\xe0\0\0\0\6\x35\0\0\0\1\0",
     9 + 16 + 4 + 6, "request pty-req xterm;"},
    {"env", "\0\0\0\4LANG\0\0\0\1C", 13, "request env LANG C;"},
    {"shell", "", 0, "request shell;"},
    {"exec", "\0\0\0\2ls", 6, "request exec ls;"},
    {"subsystem", "\0\0\0\4sftp", 8, "request subsystem sftp;"},
    {"signal", "\0\0\0\4TERM", 8, "request signal TERM;"},
    {"break", "\0\0\1\xf4", 4, "request break;"},
    {"eow@openssh.com", "", 0, "request eow@openssh.com;"},
    {"foo@example.com", "anything", 8, "request foo@example.com;"},
};

enum { BODIES = sizeof bodies / sizeof bodies[0] };

static void send_body(const struct body *b, int want_reply, size_t len)
{
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?x", id, b->type, want_reply, b->bytes, len);
}

static void ask(const char *type, int want_reply)
{
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, type, want_reply);
}

static void send_env(int want_reply)
{
    send_body(&bodies[1], want_reply, bodies[1].len);
}

/* ---- how each is read ---- */

/* [4254/5.4/2] */
START_TEST(every_request_is_told_and_answered_only_when_that_is_wanted)
{
    const struct body *b = &bodies[_i];

    server_start();
    send_body(b, 1, b->len);
    scripted_expect(&s, "success 7;");
    scripted_told(&s, b->told);
    ck_assert(recorder.last.want_reply);
    stop();

    server_start();
    send_body(b, 0, b->len);
    scripted_expect(&s, "");
    scripted_told(&s, b->told);
    ck_assert(!recorder.last.want_reply);
    stop();

    server_start();
    recorder.request = NACRE_REFUSE;
    send_body(b, 0, b->len);
    send_body(b, 1, b->len);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

START_TEST(a_request_whose_fields_end_early_or_late_is_refused_and_not_told)
{
    const struct body *b = &bodies[_i];

    if (strcmp(b->type, "foo@example.com") == 0)
        return; /* what it holds is not ours to say */
    server_start();
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
    server_start();
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
    server_start();
    for (int i = 0; i < 2; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", id, "window-change", i, 132, 50, 0,
                      0xffffffff);
        scripted_expect(&s, i == 0 ? "" : "failure 7;");
        scripted_told(&s, "");
    }
    send_body(&bodies[0], 0, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", id, "window-change", 0, 132, 50, 0,
                  0xffffffff);
    scripted_expect(&s, "");
    scripted_told(&s, "request pty-req xterm;request window-change;");
    ck_assert_uint_eq(recorder.last.columns, 132);
    ck_assert_uint_eq(recorder.last.rows, 50);
    ck_assert_uint_eq(recorder.last.height, 0xffffffff);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuu", id, "window-change", 1, 132, 50, 0);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* [4254/6.2/3] The modes are the application's to read; no content of theirs makes the request
 * malformed. */
START_TEST(a_pty_request_is_read_whatever_its_modes_hold)
{
    static uint8_t modes[30000];
    static const size_t lengths[] = {0, 1, 4, 5, 6, sizeof modes};

    memset(modes, 0xa0, sizeof modes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        server_start();
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?suuuuS", id, "pty-req", 1, "", 0, 0, 0, 0,
                      modes, lengths[i]);
        scripted_expect(&s, "success 7;");
        ck_assert_uint_eq(recorder.last.len, lengths[i]);
        stop();
    }
}
END_TEST

/* [4254/6.4/1, 6.5/7] */
START_TEST(text_with_a_nul_is_refused_and_not_cut_short)
{
    static const struct {
        const char *type, *fields;
    } rows[] = {{"exec", "us?S"}, {"subsystem", "us?S"}, {"signal", "us?S"}, {"env", "us?Ss"}};

    server_start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, rows[i].fields, id, rows[i].type, 1, "ls\0rm",
                      (size_t)5, "value");
        scripted_expect(&s, "failure 7;");
    }
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?sS", id, "env", 1, "NAME", "a\0b", (size_t)3);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?SuuuuS", id, "pty-req", 1, "vt\0", (size_t)3, 1,
                  1, 1, 1, zeros, (size_t)1);
    scripted_expect(&s, "failure 7;failure 7;");
    scripted_told(&s, "");
    stop();
}
END_TEST

START_TEST(text_may_be_empty_long_or_no_utf8)
{
    static char command[32001];

    memset(command, 'x', sizeof command - 1);
    server_start();
    recorder.request = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 1, "");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 1, "\xff\xfe");
    scripted_expect(&s, "failure 7;failure 7;");
    scripted_told(&s, "request exec;request exec \xff\xfe;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 1, command);
    scripted_expect(&s, "failure 7;");
    ck_assert_ptr_nonnull(strstr(s.real->log, "request exec xxx"));
    stop();
}
END_TEST

/* RFC 4250 section 4.6.1 */
START_TEST(a_request_type_that_is_no_name_is_refused)
{
    const struct {
        const char *type;
        size_t len;
        bool told;
    } rows[] = {{"", 0, true},         {"shell\0", 6, false}, {"she ll", 6, false},
                {"\x80", 1, false},    {long_name, 64, true}, {(const char *)zeros, 65, false},
                {long_name, 65, false}};

    server_start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        recorder.request = NACRE_REFUSE;
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "uS?", id, rows[i].type, rows[i].len, 1);
        scripted_expect(&s, "failure 7;");
        ck_assert(rows[i].told == (s.real->log[0] != 0));
        s.real->log[0] = 0;
    }
    stop();
}
END_TEST

/* ---- which are in place ---- */

/* [4254/6.5/1] */
START_TEST(only_one_program_runs_on_a_channel)
{
    server_start();
    ask("shell", 1);
    ask("shell", 1);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 1, "ls");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "subsystem", 1, "sftp");
    send_env(1);
    scripted_expect(&s, "success 7;failure 7;failure 7;failure 7;success 7;");
    scripted_told(&s, "request shell;request env LANG C;");
    stop();
}
END_TEST

START_TEST(after_a_refused_program_another_may_be_asked_for)
{
    server_start();
    recorder.request = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 1, "no");
    scripted_expect(&s, "failure 7;");
    recorder.request = NACRE_GRANT;
    ask("shell", 1);
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(after_a_program_or_terminal_refused_later_another_may_be_asked_for)
{
    server_start();
    recorder.request = NACRE_LATER;
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s", id, "exec", 0, "no");
    ask("shell", 1); /* one is under way: refused, in its turn */
    scripted_expect(&s, "");
    nacre_channel_answer(recorder.ch, false);
    scripted_expect(&s, "failure 7;");
    nacre_channel_answer(recorder.ch, false);
    scripted_expect(&s, "failure 7;");
    recorder.request = NACRE_GRANT;
    send_body(&bodies[0], 1, bodies[0].len);
    ask("shell", 1);
    scripted_expect(&s, "success 7;success 7;");
    ask("shell", 1);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* [4254/6.2/4] */
START_TEST(there_is_one_terminal_and_it_comes_before_the_program)
{
    server_start();
    send_body(&bodies[0], 1, bodies[0].len);
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_expect(&s, "success 7;failure 7;");
    stop();
    server_start();
    ask("shell", 1);
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
    bool of_sessions = _i < 7; /* the last two may come on any */

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.lookup = look_up;
    scripted_login(&s);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "direct-tcpip", 7, 1000, 1000);
    scripted_expect(&s, "confirmation 7;");
    id = s.got[7].id;
    s.real->log[0] = 0;
    send_body(b, 1, b->len);
    scripted_expect(&s, of_sessions ? "failure 7;" : "success 7;");
    scripted_told(&s, of_sessions ? "" : b->told);
    stop();
}
END_TEST

START_TEST(what_only_a_server_says_is_refused_from_a_client)
{
    server_start();
    for (int want = 0; want < 2; want++) {
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?u", id, "exit-status", want, 0);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", id, "exit-signal", want, "TERM", 0,
                      "", "");
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us??", id, "xon-xoff", want, 1);
        scripted_expect(&s, want ? "failure 7;failure 7;failure 7;" : "");
    }
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/6.2/2, 6.5/5] */
START_TEST(what_only_a_client_says_is_refused_from_a_server)
{
    (void)client_start();
    for (int i = 0; i < 7; i++) {
        send_body(&bodies[i], 1, bodies[i].len);
        scripted_expect(&s, "failure 7;");
    }
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?uuuu", id, "window-change", 1, 1, 1, 1, 1);
    scripted_expect(&s, "failure 7;");
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/6.10/4] */
START_TEST(a_client_hears_how_the_command_ended)
{
    (void)client_start();
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?u", id, "exit-status", 0, 255);
    scripted_expect(&s, "");
    ck_assert_uint_eq(recorder.last.exit_status, 255);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?s?ss", id, "exit-signal", 1, "KILL", 1, "killed",
                  "en");
    scripted_expect(&s, "success 7;");
    ck_assert(recorder.last.core_dumped);
    scripted_told(&s, "request exit-status;request exit-signal KILL killed;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "exit-status", 1);
    scripted_expect(&s, "failure 7;");
    stop();
}
END_TEST

/* ---- answers in order ---- */

/* [4254/5.4/3, 5.4/4] */
START_TEST(requests_sent_ahead_are_answered_in_order)
{
    server_start();
    send_env(1);
    send_body(&bodies[0], 1, bodies[0].len);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "exec", 1); /* malformed */
    ask("window-change", 0);
    ask("shell", 1);
    ask("shell", 1);
    scripted_expect(&s, "success 7;success 7;failure 7;success 7;failure 7;");
    stop();
}
END_TEST

START_TEST(answers_wait_for_one_that_comes_later)
{
    server_start();
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
    ask("foo", 1);
    scripted_expect(&s, "");
    nacre_channel_answer(recorder.ch, true);
    scripted_expect(&s, "success 7;");
    nacre_channel_answer(recorder.ch, true); /* of the one that wants none */
    scripted_expect(&s, "");
    nacre_channel_answer(recorder.ch, false);
    scripted_expect(&s, "failure 7;success 7;failure 7;");
    nacre_channel_answer(recorder.ch, true); /* nothing is open any more */
    scripted_expect(&s, "");
    stop();
}
END_TEST

static bool early;

static void answer_at_once(struct nacre_channel *ch)
{
    nacre_channel_answer(ch, early);
}

START_TEST(a_request_may_be_answered_inside_of_the_question)
{
    server_start();
    recorder.request = NACRE_LATER;
    recorder.where = "request";
    recorder.act = answer_at_once;
    for (int i = 0; i < 4; i++) {
        early = i % 2 == 0;
        send_env(i < 2 ? 1 : 0);
        scripted_expect(&s, i == 0 ? "success 7;" : i == 1 ? "failure 7;" : "");
    }
    early = false;
    ask("shell", 1);
    early = true;
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

START_TEST(too_many_requests_that_wait_for_an_answer_disconnect)
{
    server_start();
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

START_TEST(requests_that_want_no_answer_do_not_count_behind_one_that_waits)
{
    server_start();
    recorder.request = NACRE_LATER;
    send_env(1);
    scripted_run(&s);
    recorder.request = NACRE_GRANT;
    for (int i = 0; i < 2 * REPLIES_MAX; i++)
        ask("foo", 0);
    scripted_expect(&s, "");
    nacre_channel_answer(recorder.ch, true);
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

static void fill(struct nacre_channel *ch)
{
    while (nacre_channel_write(ch, zeros, sizeof zeros) > 0)
        ;
}

START_TEST(a_thousand_answers_held_back_by_one_all_arrive_though_the_output_is_full)
{
    size_t n = 0;

    server_start_with_window(0x7fffffff);
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
        nacre_channel_answer(recorder.ch, true);
    ck_assert(!s.real->ended);
    if (_i > 0)
        nacre_channel_close(recorder.ch); /* behind them all */
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

START_TEST(closing_refuses_what_is_not_answered_yet)
{
    server_start();
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
    server_start();
    recorder.where = "request";
    recorder.act = finish_program;
    ask("shell", 1);
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
    ck_assert_uint_eq(nacre_channel_room(ch), 0);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 0);
    recorder.write = say_hello;
}

START_TEST(what_is_written_inside_a_request_follows_its_answer)
{
    server_start();
    recorder.where = "request";
    recorder.act = want_to_write;
    ask("shell", 1);
    scripted_expect(&s, "success 7;data 7 5;");
    scripted_told(&s, "request shell;writable;");
    stop();
}
END_TEST

START_TEST(answers_that_come_during_a_key_exchange_follow_it_in_order)
{
    server_start();
    recorder.request = NACRE_LATER;
    send_env(1);
    scripted_run(&s);
    recorder.request = NACRE_REFUSE;
    ask("foo", 1);
    scripted_expect(&s, "");
    s.reads = false;
    nacre_session_rekey(s.real->session);
    nacre_channel_answer(recorder.ch, true);
    scripted_run(&s);
    s.reads = true;
    ask("foo", 1);
    scripted_expect(&s, "success 7;failure 7;failure 7;");
    stop();
}
END_TEST

/* ---- our own requests ---- */

START_TEST(answers_to_our_requests_are_told_in_order)
{
    struct nacre_channel *ch = client_start();

    ck_assert(nacre_channel_pty(ch, "xterm", 80, 24));
    ck_assert(nacre_channel_env(ch, "A", "1"));
    ck_assert(nacre_channel_signal(ch, "TERM"));
    ck_assert(nacre_channel_window_change(ch, 100, 40));
    ck_assert(nacre_channel_exec(ch, "ls"));
    scripted_expect(&s, "request 7 pty-req;request 7 env;request 7 signal;request 7 window-change;"
                        "request 7 exec;");
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", id);
    scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", id);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", id);
    scripted_expect(&s, "");
    scripted_told(&s, "replied yes;replied no;replied yes;");
    stop();
}
END_TEST

/* [4254/5.4/7] */
START_TEST(an_answer_that_nobody_asked_for_disconnects)
{
    struct nacre_channel *ch = client_start();

    if (_i == 0) {
        ck_assert(nacre_channel_window_change(ch, 100, 40)); /* wants none */
        scripted_run(&s);
        s.log[0] = 0;
        scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", id);
    } else {
        ck_assert(nacre_channel_shell(ch));
        scripted_run(&s);
        s.log[0] = 0;
        scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", id);
        scripted_send(&s, SSH_MSG_CHANNEL_FAILURE, "u", id);
    }
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

static void close_it(struct nacre_channel *ch)
{
    nacre_channel_close(ch);
}

START_TEST(after_a_close_inside_of_replied_nothing_more_is_told)
{
    struct nacre_channel *ch = client_start();

    recorder.where = "replied";
    recorder.act = close_it;
    ck_assert(nacre_channel_env(ch, "A", "1"));
    ck_assert(nacre_channel_shell(ch));
    scripted_run(&s);
    s.log[0] = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", id);
    scripted_send(&s, SSH_MSG_CHANNEL_SUCCESS, "u", id);
    scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", id, "data");
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", id);
    scripted_expect(&s, "eof 7;close 7;");
    scripted_told(&s, "replied yes;closed we closed;");
    stop();
}
END_TEST

START_TEST(a_request_that_does_not_fit_is_not_sent_and_the_session_lives)
{
    struct nacre_channel *ch = client_start();
    static char text[40000];

    memset(text, 'x', sizeof text - 1);
    ck_assert(!nacre_channel_exec(ch, text));
    ck_assert(!nacre_channel_env(ch, "A", text));
    ck_assert(!nacre_channel_pty(ch, text, 1, 1));
    ck_assert(!nacre_channel_request(ch, text, true, NULL, 0));
    ck_assert(!nacre_channel_request(ch, "foo", true, zeros, sizeof zeros));
    scripted_expect(&s, "");
    ck_assert(nacre_channel_request(ch, "foo", true, zeros, 30000));
    scripted_expect(&s, "request 7 foo;");
    nacre_channel_close(ch);
    ck_assert(!nacre_channel_shell(ch));
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

/* [4254/6.10/1 to 6.10/3] */
START_TEST(how_the_command_ended_is_said_once_and_as_the_rfc_has_it)
{
    uint8_t expected[128];
    size_t len;

    server_start();
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

/* ---- terminal modes ---- */

/* [4254/8/1, 8/3] */
START_TEST(modes_are_stepped_through_to_their_end)
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
        {"\1\0\0\0\1\0\2\0\0\0\1", 11, 1}, /* nothing counts behind the end */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t *at = rows[i].bytes;
        size_t len = rows[i].len;
        uint8_t opcode;
        uint32_t argument;
        int count = 0;

        while (nacre_mode_next(&at, &len, &opcode, &argument))
            count++;
        ck_assert_int_eq(count, rows[i].count);
        ck_assert_ptr_eq(at + len, rows[i].bytes + rows[i].len);
    }
}
END_TEST

/* ---- global requests ---- */

/* [4254/4/1 to 4/4, ossh/2.2/2] */
START_TEST(global_requests_are_refused_in_order_and_only_when_an_answer_is_wanted)
{
    static const char *const names[] = {"keepalive@openssh.com",
                                        "",
                                        "tcpip-forward",
                                        "cancel-tcpip-forward",
                                        long_name,
                                        "streamlocal-forward@openssh.com",
                                        "no such"};

    if (_i == 0)
        server_start();
    else
        (void)client_start();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", names[i], 0);
        scripted_expect(&s, "");
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?x", names[i], 1, "trailing", (size_t)8);
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", names[i], 1);
        scripted_expect(&s, "request-failure;request-failure;");
    }
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

/* [4254/4/5] */
START_TEST(an_answer_to_a_global_request_that_nobody_made_disconnects)
{
    server_start();
    if (_i == 0)
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_REQUEST_SUCCESS, "u", 1);
    else
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "u", 1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

START_TEST(global_requests_that_wait_for_room_are_bounded_and_not_answered_before)
{
    static const uint8_t much[30000];

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    s.reads = false;
    nacre_session_rekey(s.real->session);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            nacre_session_global_request(s.real->session, "a@b", true, much, sizeof much), i < 2);
    ck_assert(nacre_session_global_request(s.real->session, "c@d", true, "", 0)); /* still fits */
    if (_i == 1) {
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
        scripted_run(&s);
        ck_assert_int_eq(s.real->why.cause, NACRE_PROTOCOL_ERROR);
    } else {
        s.reads = true;
        scripted_expect(&s, "global a@b;global a@b;global c@d;");
        for (int i = 0; i < 3; i++)
            scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
        scripted_expect(&s, "");
        ck_assert(!s.real->ended);
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
        scripted_expect(&s, BAD);
    }
    stop();
}
END_TEST

static enum nacre_answer global_answer;
static int global_early; /* 1: granted, 0: refused from inside, -1: not */

static enum nacre_answer on_global(void *context, const struct nacre_global_request *request,
                                   uint32_t *port)
{
    struct end *e = context;

    (void)port;
    end_note(e, "global %s;", request->name);
    if (global_early >= 0)
        nacre_session_answer_global(e->session, global_early != 0, 4022);
    return global_answer;
}

static void global_start(void)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.global_request = on_global;
    s.pair.server_app = recorder_app;
    scripted_login(&s);
    global_answer = NACRE_LATER;
    global_early = -1;
}

static void ask_forward(int want_reply)
{
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?su", "tcpip-forward", want_reply, "", 0);
}

static const char prove[] = "hostkeys-prove-00@openssh.com";

static void ask_proof(void)
{
    struct bytes key = private_key_blob(&s.pair.host_key);

    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, key.at, key.len);
}

START_TEST(global_answers_wait_for_one_that_comes_later)
{
    global_start();
    ask_proof();
    scripted_expect(&s, "message 81;");
    ask_forward(1);
    ask_forward(0);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "no-more-sessions@openssh.com", 1);
    ask_proof(); /* refused: what waits is short */
    for (int i = 0; i < 1000; i++)
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "no-more-sessions@openssh.com", 0);
    scripted_expect(&s, "");
    nacre_session_answer_global(s.real->session, true, 4022);
    scripted_expect(&s, "message 81;");
    ck_assert_uint_eq(s.last_len, 5);
    nacre_session_answer_global(s.real->session, true, 4023); /* of the one that wants none */
    scripted_expect(&s, "message 81;request-failure;");
    nacre_session_answer_global(s.real->session, true, 4024);
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(a_global_request_may_be_answered_inside_of_the_question)
{
    global_start();
    global_early = _i;
    ask_forward(1);
    scripted_expect(&s, _i == 1 ? "message 81;" : "request-failure;");
    ck_assert_uint_eq(s.last_len, _i == 1 ? 5 : 1);
    ask_forward(0);
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(too_many_global_requests_that_wait_for_an_answer_disconnect)
{
    global_start();
    for (int i = 0; i < GLOBAL_REPLIES_MAX; i++)
        ask_forward(i % 2);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    ask_forward(1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

START_TEST(a_global_request_that_is_answered_when_the_session_has_ended_does_no_harm)
{
    global_start();
    ask_forward(1);
    scripted_expect(&s, "");
    nacre_session_lost(s.real->session);
    nacre_session_answer_global(s.real->session, true, 1);
    stop();
}
END_TEST

/* ---- hostkeys-prove-00@openssh.com ---- */

/* A server with two host keys; user_key is one that it does not have. */
static void prove_start(const struct nacre_key *keys[2])
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    keys[0] = &s.pair.host_key;
    keys[1] = &s.pair.other_key;
    s.pair.server_config.host_keys = keys;
    s.pair.server_config.host_key_count = 2;
    scripted_login(&s);
}

/* What is to be signed, by the draft's list: section 2.2.2. */
static void check_proof(struct bytes key, struct bytes proof)
{
    uint8_t data[1024];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, prove);
    write_string(&w, transport_session_id(&s.t));
    write_string(&w, key);
    ck_assert(!w.bad);
    ck_assert(key_verify(&signature_ed25519, key, proof, written_bytes(&w)));
}

/* draft-ietf-sshm-hostkey-update section 2.2.2: in the order of the question. */
START_TEST(each_host_key_that_is_asked_for_is_proven)
{
    static const int orders[][2] = {{0, 1}, {1, 0}, {0, 0}};
    const struct nacre_key *keys[2];

    prove_start(keys);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct bytes first = private_key_blob(keys[orders[i][0]]);
        struct bytes second = private_key_blob(keys[orders[i][1]]);
        struct reader r;

        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, first.at, first.len, second.at,
                      second.len);
        scripted_expect(&s, "message 81;");
        r = read_from((struct bytes){s.last + 1, s.last_len - 1});
        check_proof(first, read_string(&r));
        check_proof(second, read_string(&r));
        ck_assert(read_done(&r));
    }
    stop();
}
END_TEST

START_TEST(a_proof_that_is_not_waited_for_is_not_sent)
{
    const struct nacre_key *keys[2];
    struct bytes key;

    prove_start(keys);
    key = private_key_blob(keys[0]);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 0, key.at, key.len);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

/* Refused as a whole, and the session lives: what follows is answered. */
static void expect_no_proof(struct bytes ours)
{
    scripted_expect(&s, "request-failure;");
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, ours.at, ours.len);
    scripted_expect(&s, "message 81;");
}

START_TEST(a_foreign_host_key_is_not_proven_nor_are_ours_beside_it)
{
    const struct nacre_key *keys[2];
    struct bytes ours, foreign;

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    foreign = private_key_blob(&s.pair.user_key);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, foreign.at, foreign.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, ours.at, ours.len, foreign.at,
                  foreign.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, foreign.at, foreign.len, ours.at,
                  ours.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, "", (size_t)0);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, ours.at, ours.len - 1);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 0, foreign.at, foreign.len);
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(a_question_for_proofs_that_is_cut_short_is_refused)
{
    const struct nacre_key *keys[2];
    struct bytes ours;
    uint8_t list[2 * (4 + 51)]; /* of ed25519 keys */
    struct writer w = write_to(list, sizeof list);

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    write_string(&w, ours);
    write_string(&w, private_key_blob(keys[1]));
    ck_assert(!w.bad && written(&w) == sizeof list);
    for (size_t n = 1; n < sizeof list; n++) {
        if (n == sizeof list / 2)
            continue; /* one whole key */
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?x", prove, 1, list, n);
        expect_no_proof(ours);
    }
    stop();
}
END_TEST

START_TEST(more_proofs_than_there_are_host_keys_are_refused)
{
    const struct nacre_key *keys[2];
    struct bytes ours;

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SSS", prove, 1, ours.at, ours.len, ours.at,
                  ours.len, ours.at, ours.len);
    expect_no_proof(ours);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, every_request_is_told_and_answered_only_when_that_is_wanted, 0, BODIES);
    add_loop(suite, a_request_whose_fields_end_early_or_late_is_refused_and_not_told, 0, BODIES);
    add_test(suite, the_fields_of_a_pty_request_arrive);
    add_test(suite, a_window_change_needs_a_terminal);
    add_test(suite, a_pty_request_is_read_whatever_its_modes_hold);
    add_test(suite, text_with_a_nul_is_refused_and_not_cut_short);
    add_test(suite, text_may_be_empty_long_or_no_utf8);
    add_test(suite, a_request_type_that_is_no_name_is_refused);
    add_test(suite, only_one_program_runs_on_a_channel);
    add_test(suite, after_a_refused_program_another_may_be_asked_for);
    add_test(suite, after_a_program_or_terminal_refused_later_another_may_be_asked_for);
    add_test(suite, there_is_one_terminal_and_it_comes_before_the_program);
    add_loop(suite, requests_of_sessions_are_refused_on_other_channels, 0, BODIES);
    add_test(suite, what_only_a_server_says_is_refused_from_a_client);
    add_test(suite, what_only_a_client_says_is_refused_from_a_server);
    add_test(suite, a_client_hears_how_the_command_ended);
    add_test(suite, modes_are_stepped_through_to_their_end);
    add_test(suite, requests_sent_ahead_are_answered_in_order);
    add_test(suite, answers_wait_for_one_that_comes_later);
    add_test(suite, a_request_may_be_answered_inside_of_the_question);
    add_test(suite, too_many_requests_that_wait_for_an_answer_disconnect);
    add_test(suite, requests_that_want_no_answer_do_not_count_behind_one_that_waits);
    add_loop(suite, a_thousand_answers_held_back_by_one_all_arrive_though_the_output_is_full, 0, 3);
    add_test(suite, closing_refuses_what_is_not_answered_yet);
    add_test(suite, a_program_that_ends_inside_its_request_is_answered_first);
    add_test(suite, what_is_written_inside_a_request_follows_its_answer);
    add_test(suite, answers_that_come_during_a_key_exchange_follow_it_in_order);
    add_test(suite, answers_to_our_requests_are_told_in_order);
    add_loop(suite, an_answer_that_nobody_asked_for_disconnects, 0, 2);
    add_test(suite, after_a_close_inside_of_replied_nothing_more_is_told);
    add_test(suite, a_request_that_does_not_fit_is_not_sent_and_the_session_lives);
    add_loop(suite, how_the_command_ended_is_said_once_and_as_the_rfc_has_it, 0, 3);
    add_loop(suite, global_requests_are_refused_in_order_and_only_when_an_answer_is_wanted, 0, 2);
    add_loop(suite, an_answer_to_a_global_request_that_nobody_made_disconnects, 0, 3);
    add_loop(suite, global_requests_that_wait_for_room_are_bounded_and_not_answered_before, 0, 2);
    add_test(suite, global_answers_wait_for_one_that_comes_later);
    add_loop(suite, a_global_request_may_be_answered_inside_of_the_question, 0, 2);
    add_test(suite, too_many_global_requests_that_wait_for_an_answer_disconnect);
    add_test(suite, a_global_request_that_is_answered_when_the_session_has_ended_does_no_harm);
    add_test(suite, each_host_key_that_is_asked_for_is_proven);
    add_test(suite, a_proof_that_is_not_waited_for_is_not_sent);
    add_test(suite, a_foreign_host_key_is_not_proven_nor_are_ours_beside_it);
    add_test(suite, a_question_for_proofs_that_is_cut_short_is_refused);
    add_test(suite, more_proofs_than_there_are_host_keys_are_refused);
}
