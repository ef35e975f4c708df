/* Channels: opening, data and windows, EOF and CLOSE, one real session against a script. RFC 4254
 * section 5; numbers in brackets are requirement ids. */
#include "connection/connection.h"
#include "tests/support/recorder.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD "disconnect 2;" /* what every breach of the protocol is answered with */

static struct scripted s;
static const uint8_t zeros[64 * 1024];

static void server_start(void)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    scripted_login(&s);
}

/* ... with a channel, 7 to the script, that has a program. Returns the server's number. */
static uint32_t server_open(uint32_t window, uint32_t max_packet)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, window, max_packet);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 0);
    scripted_expect(&s, "");
    scripted_told(&s, "open;request shell;");
    return id;
}

static struct nacre_channel *client_open(void)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 100000, 32768);
    scripted_told(&s, "open;");
    return ch;
}

static void stop(void)
{
    scripted_clear(&s);
    recorder_clear();
}

static void send_data(uint32_t id, size_t len)
{
    scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", id, zeros, len);
}

static void send_eof(uint32_t id)
{
    scripted_send(&s, SSH_MSG_CHANNEL_EOF, "u", id);
}

static void send_close(uint32_t id)
{
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", id);
}

static void send_adjust(uint32_t id, uint32_t bytes)
{
    scripted_send(&s, SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, bytes);
}

/* The owner looks, as it does when it is woken. */
static void look(void)
{
    nacre_session_tick(s.real->session, s.pair.now_ms);
}

/* ---- malformed messages ---- */

struct form {
    uint8_t number;
    const char *fields;
    bool open_ended; /* more may follow */
};

static size_t encode(const struct form *f, uint32_t id, uint8_t *out, size_t room)
{
    if (f->fields[0] != 's')
        return scripted_encode(out, room, f->number, f->fields, id, 1, 1, 1);
    return scripted_encode(out, room, f->number, f->fields, "session", 1, 1, 1);
}

static size_t encode_texts(const struct form *f, uint32_t id, uint8_t *out, size_t room)
{
    switch (f->number) {
    case SSH_MSG_CHANNEL_DATA:
        return scripted_encode(out, room, f->number, f->fields, id, "data");
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
        return scripted_encode(out, room, f->number, f->fields, id, 1, "data");
    case SSH_MSG_CHANNEL_REQUEST:
        return scripted_encode(out, room, f->number, f->fields, id, "shell", 1);
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        return scripted_encode(out, room, f->number, f->fields, id, 1, "text", "en");
    default:
        return encode(f, id, out, room);
    }
}

static const struct form server_forms[] = {
    {SSH_MSG_GLOBAL_REQUEST, "s?", true},          {SSH_MSG_CHANNEL_OPEN, "suuu", true},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", false},  {SSH_MSG_CHANNEL_DATA, "us", false},
    {SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", false}, {SSH_MSG_CHANNEL_EOF, "u", false},
    {SSH_MSG_CHANNEL_CLOSE, "u", false},           {SSH_MSG_CHANNEL_REQUEST, "us?", true},
};

START_TEST(a_message_to_a_server_that_ends_early_or_late_disconnects)
{
    const struct form *f = &server_forms[_i];
    uint8_t message[256] = {0};
    size_t len = 0;

    for (size_t n = 1; n == 1 || n <= len + (f->open_ended ? 0 : 1); n++) {
        uint32_t id = server_open(1000, 1000);

        memset(message, 0, sizeof message);
        len = encode_texts(f, id, message, sizeof message);
        if (n != len) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, BAD);
            scripted_told(&s, "closed protocol error;");
        }
        stop();
    }
}
END_TEST

static const struct form client_forms[] = {
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", true},
    {SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", false},
    {SSH_MSG_CHANNEL_SUCCESS, "u", false},
    {SSH_MSG_CHANNEL_FAILURE, "u", false},
};

START_TEST(an_answer_to_a_client_that_ends_early_or_late_disconnects)
{
    const struct form *f = &client_forms[_i];
    uint8_t message[256] = {0};
    size_t len = 0;

    for (size_t n = 1; n == 1 || n <= len + (f->open_ended ? 0 : 1); n++) {
        struct nacre_channel *ch = client_open();

        ck_assert(nacre_channel_shell(ch));
        if (_i < 2)
            ck_assert_ptr_nonnull(
                nacre_session_open(s.real->session, "session", &bare_app, NULL, NULL, 0));
        scripted_run(&s);
        s.log[0] = 0;
        memset(message, 0, sizeof message);
        len = encode_texts(f, _i < 2 ? 1 : 0, message, sizeof message);
        if (n != len) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, BAD);
        } else {
            scripted_send_bytes(&s, message, n); /* the whole one is good */
            scripted_expect(&s, "");
        }
        scripted_clear(&s);
        recorder.alive = 0; /* what was not answered was not opened */
        recorder_clear();
    }
}
END_TEST

/* ---- numbers that are not open ---- */

static const struct form to_channel[] = {
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", true},
    {SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", false},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", false},
    {SSH_MSG_CHANNEL_DATA, "us", false},
    {SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", false},
    {SSH_MSG_CHANNEL_EOF, "u", false},
    {SSH_MSG_CHANNEL_CLOSE, "u", false},
    {SSH_MSG_CHANNEL_REQUEST, "us?", true},
    {SSH_MSG_CHANNEL_SUCCESS, "u", false},
    {SSH_MSG_CHANNEL_FAILURE, "u", false},
};

enum { TO_CHANNEL = sizeof to_channel / sizeof to_channel[0] };

static void send_form(const struct form *f, uint32_t id)
{
    uint8_t message[256];
    size_t len = encode_texts(f, id, message, sizeof message);

    scripted_send_bytes(&s, message, len);
}

/* [4254/5/3] */
START_TEST(a_message_for_a_channel_that_was_never_open_disconnects)
{
    static const uint32_t ids[] = {1, 3, 4, 0x7fffffff, 0xffffffff};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ck_assert_uint_eq(server_open(1000, 1000), 0);
        send_form(&to_channel[_i], ids[i]);
        scripted_expect(&s, BAD);
        scripted_told(&s, "closed protocol error;");
        stop();
    }
}
END_TEST

/* [4254/5.3/9] A window adjust may have been under way. */
START_TEST(a_message_for_a_channel_that_both_sides_closed_disconnects)
{
    uint32_t id = server_open(1000, 1000);
    bool ignored = to_channel[_i].number == SSH_MSG_CHANNEL_WINDOW_ADJUST;

    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    send_form(&to_channel[_i], id);
    scripted_expect(&s, ignored ? "" : BAD);
    scripted_told(&s, "");
    ck_assert_int_eq(s.real->ended, !ignored);
    stop();
}
END_TEST

START_TEST(a_message_for_a_channel_whose_opening_is_not_answered_disconnects)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    send_form(&to_channel[_i], 0);
    scripted_expect(&s, BAD);
    scripted_told(&s, "open;closed protocol error;");
    stop();
}
END_TEST

/* Section 5.3: after its CLOSE the peer says nothing more, also when the application has not taken
 * everything yet. */
START_TEST(what_the_peer_says_after_its_close_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_close(id);
    scripted_expect(&s, "close 7;");
    send_form(&to_channel[_i], id);
    scripted_run(&s);
    if (to_channel[_i].number == SSH_MSG_CHANNEL_WINDOW_ADJUST)
        ck_assert_str_eq(s.log, ""); /* it harms nobody */
    else
        ck_assert_str_eq(s.log, BAD);
    stop();
}
END_TEST

/* ---- opening ---- */

static const struct nacre_channel_app *look_up(void *context, const char *type)
{
    end_note(context, "lookup %s;", type);
    return strcmp(type, "session") == 0 || strcmp(type, "tunnel@example.com") == 0 ? &recorder_app
                                                                                   : NULL;
}

/* [4254/5.1/2] */
START_TEST(a_channel_type_that_is_not_known_is_refused)
{
    static const char long_type[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    const struct {
        const char *type, *told;
        size_t len;
    } rows[] = {
        {"foo@example.com", "lookup foo@example.com;", 15},
        {long_type, "", 64},
        {"", "lookup ;", 0},
        {"sessio", "lookup sessio;", 6},
        {"session\0", "", 8},
        {"session ", "", 8},
        {"s\xc3\xa9ssion", "", 8},
        {(const char *)zeros, "", 65},
    };
    char told[128];

    (void)snprintf(told, sizeof told, "lookup %s;", long_type);
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.lookup = look_up;
    scripted_login(&s);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "Suuusu", rows[i].type, rows[i].len, 7, 1000, 1000,
                      "more", 1);
        scripted_expect(&s, "open-failure 7 3;");
        scripted_told(&s, rows[i].type == long_type ? told : rows[i].told);
    }
    ck_assert_uint_eq(scripted_open(&s, 7, 1000, 1000), 0);
    stop();
}
END_TEST

START_TEST(what_follows_in_the_open_is_shown_to_the_application)
{
    const uint8_t *data;
    size_t len;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.lookup = look_up;
    scripted_login(&s);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuux", "tunnel@example.com", 7, 1000, 1000, "a\0b",
                  (size_t)3);
    scripted_expect(&s, "confirmation 7;");
    data = nacre_channel_open_data(recorder.ch, &len);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(data, "a\0b", 3);
    ck_assert_str_eq(nacre_channel_type(recorder.ch), "tunnel@example.com");
    stop();
}
END_TEST

/* [4254/5/2] */
START_TEST(every_message_names_the_number_that_the_peer_chose)
{
    static const uint32_t ids[] = {0, 0x80000000, 0xffffffff, 12345};
    char expected[256];

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        uint32_t n = ids[i];

        server_start();
        recorder.echo = true;
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", n, 1000000, 32768);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", 0, "shell", 1);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", 0, "shell", 1);
        for (int k = 0; k < 3; k++)
            send_data(0, 32768);
        send_close(0);
        (void)snprintf(expected, sizeof expected,
                       "confirmation %u;success %u;failure %u;data %u 32768;data %u 32768;adjust "
                       "%u;data %u 32768;close %u;",
                       n, n, n, n, n, n, n, n);
        scripted_expect(&s, expected);
        stop();
    }
}
END_TEST

START_TEST(an_application_may_refuse_a_channel)
{
    server_start();
    recorder.open = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "open-failure 7 1;");
    scripted_told(&s, "open;"); /* no closed: it was not opened */
    stop();
}
END_TEST

START_TEST(one_channel_more_than_the_cap_is_refused_and_fits_when_another_is_closed)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    s.pair.server_config.channels_max = 3;
    scripted_login(&s);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(scripted_open(&s, i, 1000, 1000), i);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 9, 1000, 1000);
    scripted_expect(&s, "open-failure 9 4;");
    send_close(1);
    scripted_expect(&s, "close 1;");
    ck_assert_uint_eq(scripted_open(&s, 9, 1000, 1000), 1);
    stop();
}
END_TEST

/* [4254/5.1/4] */
START_TEST(two_channels_with_one_number_of_the_peers_do_not_mix_on_our_side)
{
    server_start();
    ck_assert_uint_eq(scripted_open(&s, 7, 1000, 1000), 0);
    ck_assert_uint_eq(scripted_open(&s, 7, 1000, 1000), 1);
    send_close(0);
    scripted_expect(&s, "close 7;");
    ck_assert_int_eq(recorder.alive, 1);
    stop();
}
END_TEST

START_TEST(a_channel_may_be_granted_later)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "early", 5), 0);
    nacre_channel_open_answer(recorder.ch, true);
    ck_assert_uint_gt(s.real->wakes, 0);
    nacre_channel_open_answer(recorder.ch, true); /* nothing is asked any more */
    nacre_channel_open_answer(recorder.ch, false);
    scripted_expect(&s, "confirmation 7;");
    scripted_told(&s, "open;writable;");
    stop();
}
END_TEST

START_TEST(a_channel_may_be_refused_later)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    nacre_channel_open_answer(recorder.ch, false);
    recorder.alive--;
    scripted_expect(&s, "open-failure 7 1;");
    scripted_told(&s, "open;");
    recorder.open = NACRE_GRANT;
    ck_assert_uint_eq(scripted_open(&s, 8, 1000, 1000), 0);
    stop();
}
END_TEST

START_TEST(what_is_asked_of_a_channel_before_it_is_granted_follows_the_grant)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    nacre_channel_exit_status(recorder.ch, 3);
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "");
    nacre_channel_open_answer(recorder.ch, true);
    scripted_expect(&s, "confirmation 7;request 7 exit-status;eof 7;close 7;");
    send_close(0);
    scripted_expect(&s, "");
    scripted_told(&s, "open;closed we closed;");
    stop();
}
END_TEST

static void grant_open(struct nacre_channel *ch)
{
    nacre_channel_open_answer(ch, true);
}

static void refuse_open(struct nacre_channel *ch)
{
    nacre_channel_open_answer(ch, false);
}

START_TEST(an_open_may_be_answered_inside_of_the_question)
{
    server_start();
    recorder.open = NACRE_LATER;
    recorder.where = "open";
    recorder.act = _i == 0 ? grant_open : refuse_open;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, _i == 0 ? "confirmation 7;" : "open-failure 7 1;");
    recorder.alive -= _i;
    stop();
}
END_TEST

START_TEST(an_open_that_is_answered_when_the_session_has_ended_does_no_harm)
{
    server_start();
    recorder.open = NACRE_LATER;
    recorder.where = "closed";
    recorder.act = _i == 0 ? grant_open : refuse_open;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    nacre_session_lost(s.real->session);
    scripted_told(&s, "open;closed connection lost;");
    stop();
}
END_TEST

/* Section 5.1, from our side */
START_TEST(a_refused_open_is_told_with_its_code)
{
    static const uint32_t codes[] = {1, 2, 3, 4, 0xfe000001};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct nacre_channel *ch;

        recorder_reset();
        scripted_init(&s, NACRE_CLIENT);
        scripted_login(&s);
        ch = nacre_session_open(s.real->session, "session", &recorder_app, &s, NULL, 0);
        ck_assert_ptr_nonnull(ch);
        ck_assert_ptr_eq(nacre_channel_data(ch), &s);
        nacre_channel_close(ch); /* does not matter */
        scripted_expect(&s, "open session;");
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", 0, codes[i], "no\x1b[2J", "");
        scripted_expect(&s, "");
        scripted_told(&s, "closed open refused;");
        ck_assert_uint_eq(recorder.why.code, codes[i]);
        stop();
    }
}
END_TEST

START_TEST(a_channel_closed_before_it_is_confirmed_closes_when_it_is)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    ch = nacre_session_open(s.real->session, "session", &recorder_app, NULL, NULL, 0);
    nacre_channel_close(ch);
    scripted_expect(&s, "open session;");
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", 0, 7, 100, 100);
    scripted_expect(&s, "eof 7;close 7;");
    send_close(0);
    scripted_expect(&s, "");
    scripted_told(&s, "open;closed we closed;");
    stop();
}
END_TEST

/* [4254/5.1/6] */
START_TEST(a_second_answer_to_an_open_disconnects)
{
    (void)client_open();
    if (_i == 0)
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", 0, 7, 100, 100);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", 0, 1, "", "");
    scripted_expect(&s, BAD);
    scripted_told(&s, "closed protocol error;");
    stop();
}
END_TEST

/* [4254/6.1/1, 6.3.2/1, 7.2/1, 7.2/2, ossh/2.4/4, 2.4/5] */
START_TEST(a_client_refuses_every_open)
{
    static const struct {
        const char *type;
        unsigned reason;
    } rows[] = {
        {"session", 3},
        {"x11", 3},
        {"forwarded-tcpip", 1},
        {"direct-tcpip", 1},
        {"auth-agent@openssh.com", 3},
        {"direct-streamlocal@openssh.com", 1},
    };

    (void)client_open();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[32];

        (void)snprintf(expected, sizeof expected, "open-failure 9 %u;", rows[i].reason);
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", rows[i].type, 9, 100, 100);
        scripted_expect(&s, expected);
    }
    stop();
}
END_TEST

START_TEST(an_open_that_does_not_fit_is_refused_here_and_the_session_lives)
{
    char type[300];
    uint8_t *much = calloc(1, 1 << 20);

    ck_assert_ptr_nonnull(much);
    (void)client_open();
    memset(type, 't', sizeof type - 1);
    type[sizeof type - 1] = 0;
    ck_assert_ptr_null(nacre_session_open(s.real->session, type, &recorder_app, NULL, NULL, 0));
    type[65] = 0;
    ck_assert_ptr_null(nacre_session_open(s.real->session, type, &recorder_app, NULL, NULL, 0));
    ck_assert_ptr_null(
        nacre_session_open(s.real->session, "session", &recorder_app, NULL, much, 1 << 20));
    scripted_expect(&s, "");
    ck_assert_ptr_nonnull(scripted_opened(&s, 8, 100, 100));
    free(much);
    stop();
}
END_TEST

/* Sent when it is over, and refused when it was not asked. */
START_TEST(an_open_during_a_key_exchange_follows_it)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    s.reads = false;
    nacre_session_rekey(s.real->session);
    ch = nacre_session_open(s.real->session, "session", &recorder_app, NULL, "more", 4);
    ck_assert_ptr_nonnull(ch);
    if (_i == 1) {
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", 0, 7, 100, 100);
        scripted_run(&s);
        ck_assert(s.real->ended);
        ck_assert_int_eq(s.real->why.cause, NACRE_PROTOCOL_ERROR);
        recorder.alive++; /* it never was open */
    } else {
        s.reads = true;
        scripted_expect(&s, "open session;");
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", 0, 7, 100, 100);
        scripted_expect(&s, "");
        scripted_told(&s, "open;");
        ck_assert_uint_eq(nacre_channel_write(ch, "x", 1), 1);
        scripted_expect(&s, "data 7 1;");
    }
    stop();
}
END_TEST

/* A small one passes, a large one waits. */
START_TEST(an_open_that_finds_the_output_full_is_sent_all_the_same)
{
    static uint8_t much[CHANNEL_PACKET_MAX];
    struct nacre_channel *busy = client_open(), *ch;
    const char *at = s.log;
    size_t before;

    scripted_send(&s, SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", 0, 1 << 20);
    scripted_run(&s);
    s.reads = false;
    for (size_t n = 1; n > 0; scripted_run(&s)) {
        busy->turn_end = 0; /* as if it were another channel each time */
        n = nacre_channel_write(busy, much, sizeof much);
    }
    (void)nacre_session_output(s.real->session, &before);
    for (int i = 0; i < 3; i++) {
        size_t len = i == 1 ? sizeof much : 0, after;

        ch = nacre_session_open(s.real->session, "session", &recorder_app, NULL, much, len);
        ck_assert_ptr_nonnull(ch);
        (void)nacre_session_output(s.real->session, &after);
        ck_assert_int_eq(after > before, i != 1);
        before = after;
    }
    s.reads = true;
    scripted_run(&s);
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_nonnull(at = strstr(at, "open session;"));
        at += strlen("open session;");
    }
    ck_assert(!s.real->ended);
    recorder.alive += 3; /* none was open */
    stop();
}
END_TEST

START_TEST(no_channel_can_be_opened_before_the_login_and_after_the_end)
{
    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_start(&s);
    ck_assert_ptr_null(
        nacre_session_open(s.real->session, "session", &recorder_app, NULL, NULL, 0));
    nacre_session_lost(s.real->session);
    ck_assert_ptr_null(
        nacre_session_open(s.real->session, "session", &recorder_app, NULL, NULL, 0));
    stop();
}
END_TEST

/* ---- data from the peer ---- */

/* [4254/5.2/6, 5.2/9] */
START_TEST(data_past_the_window_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    for (int i = 0; i < WINDOW_INITIAL / CHANNEL_PACKET_MAX; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, 0);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    send_data(id, 1);
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

/* [4254/5.2/7, 5.2/15] */
START_TEST(data_past_the_maximum_packet_size_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    scripted_told(&s, "data 32768;");
    if (_i == 0)
        send_data(id, CHANNEL_PACKET_MAX + 1);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, 1, zeros,
                      (size_t)CHANNEL_PACKET_MAX + 1);
    scripted_expect(&s, BAD);
    scripted_told(&s, "closed protocol error;");
    stop();
}
END_TEST

START_TEST(empty_data_is_nothing)
{
    uint32_t id = server_open(1000, 1000);

    for (int i = 0; i < 100; i++)
        send_data(id, 0);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "");
    scripted_expect(&s, "");
    scripted_told(&s, "");
    stop();
}
END_TEST

/* [4254/5.3/5] */
START_TEST(data_and_a_second_eof_after_eof_disconnect)
{
    uint32_t id = server_open(1000, 1000);

    send_eof(id);
    scripted_expect(&s, "");
    scripted_told(&s, "eof;");
    if (_i == 0)
        send_data(id, 1);
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "x");
    else
        send_eof(id);
    scripted_expect(&s, BAD);
    scripted_told(&s, "closed protocol error;");
    stop();
}
END_TEST

/* [4254/5.2/3, 5.2/10] */
START_TEST(the_window_opens_again_as_data_is_taken_and_never_too_far)
{
    uint32_t id = server_open(1000, 1000);
    uint64_t sent = 0;

    recorder.quiet = true;
    while (sent < 4 << 20) {
        uint64_t window = WINDOW_INITIAL + s.got[7].adjusted - sent;
        size_t n = window < CHANNEL_PACKET_MAX ? (size_t)window : CHANNEL_PACKET_MAX;

        ck_assert_uint_gt(n, 0);
        ck_assert_uint_le(window, WINDOW_MAX);
        send_data(id, n);
        scripted_run(&s);
        s.log[0] = 0;
        sent += n;
    }
    ck_assert_uint_eq(recorder.len, sent);
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(only_what_was_taken_opens_the_window_again)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    recorder.take = 0;
    for (int i = 0; i < 4; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    recorder.take_most = WINDOW_INITIAL / 2 - 1;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "");
    recorder.take_most = 1;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "adjust 7;");
    ck_assert_uint_eq(s.got[7].adjusted, WINDOW_INITIAL / 2);
    stop();
}
END_TEST

/* [4254/5.2/11, 5.2/12] */
START_TEST(extended_data_uses_the_same_window_and_is_told_apart)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, 1, zeros,
                  (size_t)CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "");
    ck_assert_ptr_nonnull(strstr(s.real->log, "extended 32768;"));
    ck_assert_ptr_nonnull(strstr(s.real->log, "data 32768;"));
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX - 1);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "xx");
    scripted_expect(&s, BAD);
    stop();
}
END_TEST

/* [4254/5.2/13, 5.2/14] */
START_TEST(extended_data_that_nobody_wants_is_dropped_and_opens_the_window_again)
{
    uint32_t id;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = _i == 0 ? bare_app : recorder_app;
    scripted_login(&s);
    id = scripted_open(&s, 7, 1000, 1000);
    s.real->log[0] = 0;
    for (int i = 0; i < 2; i++) /* stderr without a handler; a type that no RFC defines */
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id, _i == 0 ? 1 : 0xfe000000, zeros,
                      (size_t)CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    scripted_told(&s, "");
    ck_assert_uint_eq(recorder.len, 0);
    stop();
}
END_TEST

/* The bare application hears and takes everything, and refuses requests. */
START_TEST(an_application_without_handlers_drops_data_and_refuses_requests)
{
    uint32_t id;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = bare_app;
    scripted_login(&s);
    id = scripted_open(&s, 7, 1000, 1000);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000); /* no writable either */
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
    send_adjust(id, 10);
    send_eof(id);
    send_close(id);
    scripted_expect(&s, "data 7 1000;adjust 7;failure 7;close 7;");
    scripted_told(&s, "closed peer closed;");
    stop();
}
END_TEST

START_TEST(an_application_that_takes_a_byte_at_a_time_gets_every_byte)
{
    uint32_t id = server_open(1000, 1000);
    uint8_t data[300];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    recorder.quiet = true;
    recorder.take = 1;
    for (int i = 0; i < 3; i++)
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", id, data + (size_t)i * 100, (size_t)100);
    send_eof(id);
    scripted_expect(&s, "");
    ck_assert_uint_eq(recorder.len, 300);
    ck_assert_mem_eq(recorder.bytes, data, 300);
    scripted_told(&s, "eof;");
    stop();
}
END_TEST

START_TEST(what_is_not_taken_is_offered_again_on_resume_and_eof_waits_behind_it)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 100);
    send_data(id, 50);
    send_eof(id);
    scripted_expect(&s, "");
    ck_assert_ptr_null(strstr(s.real->log, "eof"));
    s.real->log[0] = 0;
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 150;eof;");
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "");
    stop();
}
END_TEST

START_TEST(extended_data_that_is_not_taken_is_offered_again_too)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "error");
    send_eof(id);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "extended 5;eof;");
    ck_assert_mem_eq(recorder.bytes, "error", 5);
    stop();
}
END_TEST

/* Nobody sends there any more. */
START_TEST(the_window_is_not_opened_again_after_eof)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    recorder.take = 0;
    for (int i = 0; i < 4; i++)
        send_data(id, CHANNEL_PACKET_MAX);
    send_eof(id);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    nacre_channel_resume(recorder.ch);
    scripted_expect(&s, "");
    scripted_told(&s, "eof;");
    stop();
}
END_TEST

START_TEST(data_before_the_program_starts_waits_for_it)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, 100000, 1000);
    recorder.take = 0;
    send_data(id, 10);
    scripted_expect(&s, "");
    recorder.take = SIZE_MAX;
    recorder.echo = true;
    s.real->log[0] = 0;
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
    scripted_expect(&s, "success 7;data 7 10;");
    scripted_told(&s, "request shell;data 10;");
    stop();
}
END_TEST

/* ---- data to the peer ---- */

/* [4254/5/1, 5.2/4, 5.2/8] */
START_TEST(no_more_is_sent_than_the_window_allows)
{
    uint32_t id = server_open(0, 1000);

    ck_assert_uint_eq(nacre_channel_room(recorder.ch), 0);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 10), 0);
    send_adjust(id, 0);
    scripted_expect(&s, "");
    scripted_told(&s, "");
    send_adjust(id, 1);
    scripted_expect(&s, "");
    scripted_told(&s, "writable;");
    ck_assert_uint_eq(nacre_channel_room(recorder.ch), 1);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 10), 1);
    send_adjust(id, 2);
    scripted_expect(&s, "data 7 1;");
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 1), 1);
    ck_assert_uint_eq(nacre_channel_write_extended(recorder.ch, zeros, 10), 1);
    scripted_expect(&s, "data 7 1;extended 7 1;");
    stop();
}
END_TEST

static size_t write_one(struct nacre_channel *ch)
{
    return nacre_channel_write(ch, zeros, 4000);
}

START_TEST(a_window_that_opens_by_a_byte_at_a_time_is_used_byte_by_byte)
{
    uint32_t id = server_open(0, 1000);

    recorder.write = write_one;
    ck_assert_uint_eq(write_one(recorder.ch), 0);
    for (int i = 0; i < 50; i++) {
        send_adjust(id, 1);
        scripted_expect(&s, "data 7 1;");
    }
    stop();
}
END_TEST

/* [4254/5.2/5, 5.1/7] */
START_TEST(no_message_is_larger_than_the_maximum_packet_size)
{
    static const uint32_t sizes[] = {1, 16, 100, 32768, 65536, 0xffffffff};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)server_open(40000, sizes[i]);
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 500), 500);
        scripted_run(&s);
        if (sizes[i] > 500)
            ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 35000), 35000);
        scripted_run(&s);
        ck_assert_uint_ge(s.got[7].data, 500);
        ck_assert_uint_le(s.got[7].largest, sizes[i] < 32768 ? sizes[i] : 32768);
        stop();
    }
}
END_TEST

START_TEST(a_maximum_packet_size_of_nothing_lets_nothing_through_but_control)
{
    uint32_t id = server_open(1000, 0);

    ck_assert_uint_eq(nacre_channel_room(recorder.ch), 0);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    send_adjust(id, 1000);
    scripted_expect(&s, "");
    scripted_told(&s, ""); /* writable would be a lie */
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;close 7;");
    stop();
}
END_TEST

/* [4254/5.2/1, 5.2/2] */
START_TEST(a_window_of_more_than_32_bits_disconnects)
{
    static const struct {
        uint32_t initial, more;
        bool good;
    } rows[] = {{0xffffffff, 0, true},  {0xffffffff, 1, false}, {1, 0xfffffffe, true},
                {1, 0xffffffff, false}, {0, 0xffffffff, true},  {0x80000000, 0x80000000, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t id = server_open(rows[i].initial, 1000);

        send_adjust(id, rows[i].more);
        scripted_expect(&s, rows[i].good ? "" : BAD);
        stop();
    }
}
END_TEST

/* [4254/5.3/3, 5.4/5] */
START_TEST(requests_eof_and_close_need_no_window)
{
    uint32_t id = server_open(0, 1000);

    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_expect(&s, "success 7;");
    nacre_channel_exit_status(recorder.ch, 1);
    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "request 7 exit-status;eof 7;");
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "close 7;");
    stop();
}
END_TEST

START_TEST(a_write_from_outside_wakes_the_owner)
{
    unsigned wakes;

    (void)server_open(1000, 1000);
    wakes = s.real->wakes;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 1);
    ck_assert_uint_gt(s.real->wakes, wakes);
    wakes = s.real->wakes;
    nacre_channel_eof(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    wakes = s.real->wakes;
    nacre_channel_close(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    scripted_expect(&s, "data 7 1;eof 7;close 7;");
    stop();
}
END_TEST

static void write_and_stop(struct nacre_channel *ch)
{
    (void)nacre_channel_write(ch, "x", 1);
    recorder.where = NULL;
}

START_TEST(a_write_from_inside_does_not_wake_the_owner)
{
    uint32_t id = server_open(1000, 1000);
    unsigned wakes = s.real->wakes;

    recorder.where = "data";
    recorder.act = write_and_stop;
    send_data(id, 10);
    scripted_expect(&s, "data 7 1;");
    ck_assert_uint_eq(s.real->wakes, wakes);
    stop();
}
END_TEST

/* ---- the end of a channel ---- */

/* [4254/5.3/6, 5.3/7, 5.3/11] */
START_TEST(close_is_answered_with_one_close_and_nothing_after_it)
{
    static const struct {
        const char *what, *before, *answer, *told;
    } rows[] = {
        {"idle", "", "close 7;", "close;closed peer closed;"},
        {"after data", "d", "close 7;", "data 10;close;closed peer closed;"},
        {"after eof", "e", "close 7;", "eof;close;closed peer closed;"},
        {"after data and eof", "de", "close 7;", "data 10;eof;close;closed peer closed;"},
        {"with a request", "r", "success 7;close 7;", "request env A;close;closed peer closed;"},
        {"with a request that is not answered yet", "l", "close 7;",
         "request env A;close;closed peer closed;"},
        {"with a refused one behind it", "lx", "close 7;",
         "request env A;close;closed peer closed;"},
        {"with a blocked writer", "w", "data 7 1000;close 7;", "close;closed peer closed;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t id = server_open(1000, 1000);

        for (const char *c = rows[i].before; *c != 0; c++) {
            if (*c == 'd')
                send_data(id, 10);
            else if (*c == 'e')
                send_eof(id);
            else if (*c == 'x')
                scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
            else if (*c == 'w')
                ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000);
            else
                scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "");
            if (*c == 'l')
                recorder.request = NACRE_LATER;
        }
        send_close(id);
        scripted_expect(&s, rows[i].answer);
        scripted_told(&s, rows[i].told);
        stop();
    }
}
END_TEST

START_TEST(a_close_right_behind_the_open_is_answered)
{
    server_start();
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    send_close(0);
    scripted_expect(&s, "confirmation 7;close 7;");
    scripted_told(&s, "open;close;closed peer closed;");
    stop();
}
END_TEST

/* [4254/5.3/10] The answer does not wait for the application, what came before the CLOSE does. */
START_TEST(what_came_before_a_close_can_still_be_taken_after_it)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_eof(id);
    send_close(id);
    scripted_expect(&s, "close 7;");
    ck_assert_int_eq(recorder.alive, 1);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    nacre_channel_resume(recorder.ch);
    scripted_told(&s, "data 10;eof;close;closed peer closed;");
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(a_close_takes_away_what_waits_for_a_program_that_never_came)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, 1000, 1000);
    recorder.take = 0;
    recorder.request = _i == 0 ? NACRE_REFUSE : NACRE_LATER;
    send_data(id, 10);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 0);
    send_close(id);
    scripted_expect(&s, "close 7;");
    ck_assert_ptr_nonnull(strstr(s.real->log, "close;closed peer closed;"));
    stop();
}
END_TEST

START_TEST(a_client_keeps_what_came_before_a_close_until_it_is_taken)
{
    (void)client_open();
    recorder.take = 0;
    send_data(0, 10);
    send_close(0);
    scripted_expect(&s, "close 7;");
    ck_assert_int_eq(recorder.alive, 1);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    look();
    scripted_told(&s, "data 10;close;closed peer closed;");
    stop();
}
END_TEST

static size_t echoed;

static void count_room(struct nacre_channel *ch)
{
    echoed += nacre_channel_write(ch, zeros, 500); /* dropped: nobody reads it */
}

START_TEST(what_is_written_after_the_peer_closed_is_dropped)
{
    uint32_t id = server_open(0, 1000);

    echoed = 0;
    recorder.where = "close";
    recorder.act = count_room;
    send_close(id);
    scripted_expect(&s, "close 7;");
    ck_assert_uint_eq(echoed, 500);
    stop();
}
END_TEST

static void say_how_it_ended(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 1);
    nacre_channel_eof(ch);
    nacre_channel_close(ch);
}

START_TEST(after_the_peers_close_only_our_close_is_sent)
{
    uint32_t id = server_open(1000, 1000);

    recorder.where = "close";
    recorder.act = say_how_it_ended;
    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    stop();
}
END_TEST

START_TEST(closing_drops_what_is_left_of_a_channel_that_the_peer_closed)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_close(id);
    scripted_expect(&s, "close 7;");
    s.real->log[0] = 0;
    nacre_channel_close(recorder.ch);
    scripted_told(&s, "closed peer closed;");
    stop();
}
END_TEST

START_TEST(our_close_comes_first_and_the_peers_ends_it)
{
    uint32_t id = server_open(1000, 1000);

    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "last", 4), 4);
    nacre_channel_exit_status(recorder.ch, 0);
    nacre_channel_close(recorder.ch);
    nacre_channel_close(recorder.ch);
    nacre_channel_eof(recorder.ch);
    nacre_channel_exit_status(recorder.ch, 1);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "late", 4), 0);
    ck_assert(!nacre_channel_signal(recorder.ch, "TERM"));
    scripted_expect(&s, "data 7 4;request 7 exit-status;eof 7;close 7;");
    send_data(id, CHANNEL_PACKET_MAX); /* it had not heard yet */
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    send_adjust(id, 1);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    send_eof(id);
    scripted_expect(&s, "");
    scripted_told(&s, "");
    send_close(id);
    scripted_expect(&s, "");
    scripted_told(&s, "closed we closed;");
    stop();
}
END_TEST

START_TEST(closes_that_cross_are_one_close_each)
{
    uint32_t id = server_open(1000, 1000);

    send_close(id);
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "eof 7;close 7;");
    scripted_told(&s, "closed we closed;");
    stop();
}
END_TEST

/* [4254/5.3/8] Section 5.3: the number is free when both have closed. */
START_TEST(a_number_is_used_again_only_after_both_closes)
{
    uint32_t id = server_open(1000, 1000);

    nacre_channel_close(recorder.ch);
    scripted_run(&s);
    ck_assert_uint_ne(scripted_open(&s, 8, 1000, 1000), id);
    send_close(id);
    scripted_run(&s);
    ck_assert_uint_eq(scripted_open(&s, 9, 1000, 1000), id);
    stop();
}
END_TEST

START_TEST(a_thousand_channels_one_after_the_other_leave_nothing)
{
    size_t after_one = 0;

    server_start();
    for (int i = 0; i < 1000; i++) {
        uint32_t id = scripted_open(&s, 7, 1000, 1000);

        ck_assert_uint_eq(id, 0);
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1);
        send_data(id, 100);
        if (i % 2 == 0) {
            scripted_run(&s);
            nacre_channel_close(recorder.ch);
        }
        send_close(id);
        scripted_run(&s);
        s.log[0] = s.real->log[0] = 0;
        if (i == 0)
            after_one = nacre_endpoint_memory(s.real->endpoint);
    }
    ck_assert_uint_eq(nacre_endpoint_memory(s.real->endpoint), after_one);
    ck_assert_int_eq(recorder.alive, 0);
    ck_assert_int_eq(recorder.opened, 1000);
    stop();
}
END_TEST

/* [4254/5.3/2, 5.3/4] */
/* The windows of channels that are gone do not count against the others: 16 MiB are for those
 * alive. */
START_TEST(after_many_channels_a_window_still_grows)
{
    server_start();
    for (int i = 0; i < 300; i++) {
        send_close(scripted_open(&s, 7, 1000, 1000));
        scripted_run(&s);
    }
    s.got[7].adjusted = 0;
    recorder.quiet = true;
    s.log[0] = s.real->log[0] = 0;
    send_data(scripted_open(&s, 7, 1000, 1000), CHANNEL_PACKET_MAX);
    send_data(0, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    ck_assert_uint_eq(s.got[7].adjusted, 2 * CHANNEL_PACKET_MAX + WINDOW_INITIAL);
    stop();
}
END_TEST

/* Send so much, half a window at first in so many milliseconds. */
static void use_window(uint32_t id, uint64_t bytes, uint64_t ms)
{
    for (uint64_t sent = 0; sent < bytes; sent += CHANNEL_PACKET_MAX) {
        if (sent % (WINDOW_INITIAL / 2) == 0)
            s.pair.now_ms += ms;
        send_data(id, CHANNEL_PACKET_MAX);
        scripted_run(&s);
        recorder.len = 0;
        s.log[0] = 0;
    }
}

/* What a slow way, or a slow application, does not need is not promised. */
START_TEST(a_window_that_is_used_slowly_does_not_grow)
{
    uint32_t id = server_open(1000, 1000);

    recorder.quiet = true;
    use_window(id, 4 * WINDOW_INITIAL, WINDOW_QUICK_MS + 1);
    ck_assert_uint_eq(s.got[7].adjusted, 4 * WINDOW_INITIAL); /* what was taken and no more */
    s.got[7].adjusted = 0;
    use_window(id, 4 * WINDOW_INITIAL, WINDOW_QUICK_MS / 8);
    ck_assert_uint_gt(s.got[7].adjusted, 8 * WINDOW_INITIAL);
    stop();
}
END_TEST

/* All windows together: what each has at first, and one budget for what they grow by. */
START_TEST(windows_grow_to_the_budget_and_no_further)
{
    const uint64_t enough = 2 * WINDOW_MAX;
    uint64_t windows = 0;
    uint32_t id[2];

    server_start();
    recorder.quiet = true;
    id[0] = scripted_open(&s, 7, 1000, 1000);
    id[1] = scripted_open(&s, 8, 1000, 1000);
    for (int i = 0; i < 2; i++) {
        use_window(id[i], enough, 0);
        windows += WINDOW_INITIAL + s.got[7 + i].adjusted - enough;
    }
    ck_assert_uint_gt(WINDOW_INITIAL + s.got[7].adjusted - enough, WINDOW_MAX - 2 * WINDOW_STEP);
    ck_assert_uint_le(WINDOW_INITIAL + s.got[7].adjusted - enough, WINDOW_MAX);
    ck_assert_uint_le(windows, WINDOW_BUDGET + 2 * WINDOW_INITIAL);
    stop();
}
END_TEST

START_TEST(after_the_peers_eof_we_may_go_on_writing)
{
    uint32_t id = server_open(1000, 1000);

    send_eof(id);
    scripted_expect(&s, ""); /* nothing follows by itself */
    scripted_told(&s, "eof;");
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "still", 5), 5);
    scripted_expect(&s, "data 7 5;");
    nacre_channel_eof(recorder.ch);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "more", 4), 0);
    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "eof 7;");
    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    stop();
}
END_TEST

START_TEST(after_our_eof_the_peer_may_go_on_writing)
{
    uint32_t id = server_open(1000, 1000);

    nacre_channel_eof(recorder.ch);
    scripted_expect(&s, "eof 7;");
    send_data(id, CHANNEL_PACKET_MAX);
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_expect(&s, "adjust 7;");
    scripted_told(&s, "data 32768;data 32768;");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_expect(&s, "success 7;");
    stop();
}
END_TEST

static void close_it(struct nacre_channel *ch)
{
    nacre_channel_close(ch);
}

static void end_session(struct nacre_channel *ch)
{
    struct end *e = nacre_channel_context(ch);

    nacre_session_disconnect(e->session, NACRE_SHUTTING_DOWN, "enough");
}

/* Everything that a callback can be caused by. */
static void cause_all(uint32_t id)
{
    send_data(id, 10);
    scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1, "x");
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    send_adjust(id, 100);
    send_eof(id);
    send_close(id);
}

static size_t times(const char *log, const char *what)
{
    size_t n = 0;

    for (const char *at = log; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static const char *const callbacks[] = {"open",     "data", "extended", "request",
                                        "writable", "eof",  "close",    "closed"};

START_TEST(a_channel_may_be_closed_inside_of_every_callback)
{
    server_start();
    recorder.where = callbacks[_i];
    recorder.act = close_it;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 0, 1000);
    scripted_run(&s);
    if (strcmp(callbacks[_i], "open") != 0)
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0); /* so that writable comes */
    cause_all(0);
    scripted_run(&s);
    ck_assert_uint_eq(times(s.log, "close 7;"), 1);
    ck_assert(ends_with(s.log, "close 7;"));
    ck_assert_uint_eq(times(s.real->log, "closed "), 1);
    ck_assert(ends_with(s.real->log,
                        callbacks[_i][0] == 'c' ? "closed peer closed;" : "closed we closed;"));
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(the_session_may_be_ended_inside_of_every_callback)
{
    server_start();
    recorder.where = callbacks[_i];
    recorder.act = end_session;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 0, 1000);
    scripted_run(&s);
    if (strcmp(callbacks[_i], "open") != 0) {
        ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
        cause_all(0);
    }
    scripted_run(&s);
    ck_assert(s.real->ended);
    ck_assert(ends_with(s.log, "disconnect 11;"));
    ck_assert_uint_eq(times(s.real->log, "closed "), 1);
    ck_assert_ptr_nonnull(strstr(s.real->log, callbacks[_i]));
    if (_i < 6) { /* nothing but closed follows the callback that ended it */
        char last[64];

        (void)snprintf(last, sizeof last, "closed shutting down;");
        ck_assert(ends_with(s.real->log, last));
        s.real->log[strlen(s.real->log) - strlen(last)] = 0;
        ck_assert_uint_eq(times(s.real->log, "close"), 0);
    }
    stop();
}
END_TEST

/* The same when the callback runs in a call that the application made, and not the owner. */
START_TEST(a_callback_outside_of_the_owners_calls_may_close_or_end_everything)
{
    uint32_t id = server_open(1000, 1000);
    unsigned wakes;

    recorder.take = 0;
    send_data(id, 10);
    scripted_expect(&s, "");
    recorder.take = _i % 2 == 0 ? SIZE_MAX : 3;
    recorder.where = "data";
    recorder.act = _i < 2 ? close_it : end_session;
    s.real->log[0] = 0;
    wakes = s.real->wakes;
    nacre_channel_resume(recorder.ch);
    ck_assert_uint_gt(s.real->wakes, wakes);
    ck_assert_int_eq(recorder.alive, 1); /* not under the application's feet */
    look();
    ck_assert_int_eq(recorder.alive, _i < 2 ? 1 : 0);
    scripted_run(&s);
    ck_assert_str_eq(s.log, _i < 2 ? "eof 7;close 7;" : "disconnect 11;");
    stop();
}
END_TEST

static void lose_session(struct nacre_channel *ch)
{
    struct end *e = nacre_channel_context(ch);

    nacre_session_lost(e->session);
}

START_TEST(the_connection_may_be_lost_inside_of_a_callback)
{
    uint32_t id = server_open(1000, 1000);

    recorder.where = "data";
    recorder.act = lose_session;
    recorder.take = 3;
    send_data(id, 10);
    scripted_run(&s);
    scripted_told(&s, "data 10;closed connection lost;");
    stop();
}
END_TEST

/* A lost connection gives closed alone. */
START_TEST(after_the_end_of_the_session_only_closed_is_told)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, zeros, 2000), 1000);
    send_data(id, 10);
    send_eof(id);
    if (_i % 2 == 1)
        send_close(id);
    scripted_run(&s);
    recorder.take = SIZE_MAX;
    s.real->log[0] = 0;
    switch (_i / 2) {
    case 0:
        nacre_session_lost(s.real->session);
        scripted_told(&s, "closed connection lost;");
        break;
    case 1:
        nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "bye");
        scripted_told(&s, "closed shutting down;");
        break;
    case 2:
        nacre_session_disconnect(s.real->session, NACRE_TIMED_OUT, "idle");
        scripted_told(&s, "closed timeout;");
        break;
    default:
        recorder.take = 0;
        scripted_send(&s, SSH_MSG_DISCONNECT, "uss", 11,
                      "good\x1b"
                      "bye",
                      "");
        scripted_run(&s);
        ck_assert(ends_with(s.real->log, "closed disconnected by peer;"));
        ck_assert_uint_eq(times(s.real->log, "close"), 1);
        ck_assert_uint_eq(recorder.why.code, 11);
        break;
    }
    stop();
}
END_TEST

static void close_all(struct nacre_channel *ch)
{
    (void)ch;
    for (int i = 0; i < recorder.opened && i < RECORDER_CHANNELS; i++)
        if (recorder.all[i] != NULL)
            nacre_channel_close(recorder.all[i]);
}

static void forget(struct nacre_channel *ch)
{
    for (int i = 0; i < RECORDER_CHANNELS; i++)
        if (recorder.all[i] == ch)
            recorder.all[i] = NULL;
    close_all(ch);
}

START_TEST(one_channel_may_close_the_others)
{
    server_start();
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(scripted_open(&s, i, 1000, 1000), i);
    s.real->log[0] = 0;
    recorder.where = _i == 0 ? "data" : "closed";
    recorder.act = _i == 0 ? close_all : forget;
    if (_i == 0) {
        send_data(2, 1);
        scripted_expect(&s,
                        "eof 0;close 0;eof 1;close 1;eof 3;close 3;eof 4;close 4;eof 2;close 2;");
    } else {
        nacre_session_lost(s.real->session);
        ck_assert_uint_eq(times(s.real->log, "closed connection lost;"), 5);
    }
    stop();
}
END_TEST

/* ---- a peer that does not read, and key exchanges ---- */

/* Fill the output: the application writes as much as is accepted. */
static void fill(struct nacre_channel *ch)
{
    while (nacre_channel_write(ch, zeros, sizeof zeros) > 0)
        ;
}

START_TEST(a_channel_without_window_does_not_hold_up_the_others)
{
    uint32_t blocked, open;

    server_start();
    recorder.echo = true;
    blocked = scripted_open(&s, 1, 10, 1000);
    open = scripted_open(&s, 2, 100000, 32768);
    recorder.quiet = true;
    s.real->log[0] = 0;
    for (int i = 0; i < 4; i++)
        send_data(blocked, CHANNEL_PACKET_MAX);
    send_data(open, 20000);
    send_data(open, 20000);
    scripted_expect(&s, "data 1 10;data 2 20000;data 2 12732;data 2 7268;"); /* two turns */
    send_adjust(blocked, 7);
    scripted_expect(&s, "data 1 7;");
    stop();
}
END_TEST

START_TEST(several_writers_share_the_output)
{
    server_start();
    recorder.quiet = true;
    recorder.write = write_one;
    for (uint32_t i = 0; i < 4; i++)
        (void)scripted_open(&s, i, 0x7fffffff, 4000);
    s.reads = false;
    scripted_run(&s);
    for (int i = 0; i < 4; i++)
        fill(recorder.all[i]);
    s.reads = true;
    for (int i = 0; i < 40; i++) {
        scripted_run(&s);
        s.log[0] = 0;
        for (int k = 0; k < 4; k++)
            while (nacre_channel_write(recorder.all[k], zeros, 30000) == 30000)
                ;
    }
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_gt(s.got[i].data, 100000);
    stop();
}
END_TEST

static size_t write_much(struct nacre_channel *ch)
{
    fill(ch);
    return 0;
}

/* Each writes all it may whenever it may; none has the output to itself. */
START_TEST(greedy_writers_take_turns)
{
    server_start();
    recorder.quiet = true;
    recorder.write = write_much;
    for (uint32_t i = 0; i < 4; i++)
        (void)scripted_open(&s, i, 1 << 20, 32768);
    for (int i = 0; i < 4; i++)
        fill(recorder.all[i]);
    scripted_run(&s);
    for (uint32_t i = 0; i < 4; i++) {
        const char *half = s.log + strlen(s.log) / 2;
        char mine[16];

        (void)snprintf(mine, sizeof mine, "data %u ", i);
        ck_assert_uint_eq(s.got[i].data, 1 << 20);
        ck_assert_ptr_nonnull(strstr(half, mine)); /* begun early, and not done early */
        ck_assert(strstr(s.log, mine) < half);
    }
    stop();
}
END_TEST

START_TEST(close_gets_through_when_the_output_is_full)
{
    uint32_t id = server_open(0x7fffffff, 32768);

    s.reads = false;
    fill(recorder.ch);
    if (_i != 1)
        nacre_channel_close(recorder.ch);
    if (_i != 0)
        send_close(id);
    scripted_run(&s);
    if (_i != 0)
        ck_assert_int_eq(recorder.alive, 0);
    scripted_told(&s, _i == 0   ? ""
                      : _i == 1 ? "close;closed peer closed;"
                                : "closed we closed;"); /* and no writable */
    s.reads = true;
    scripted_run(&s);
    ck_assert(ends_with(s.log, _i == 1 ? "close 7;" : "eof 7;close 7;"));
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(what_is_asked_during_a_key_exchange_follows_it)
{
    uint32_t id = server_open(1000, 1000);

    s.reads = false;
    nacre_session_rekey(s.real->session);
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    send_data(id, CHANNEL_PACKET_MAX); /* was on its way */
    send_data(id, CHANNEL_PACKET_MAX);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "1");
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "keepalive@openssh.com", 1);
    nacre_channel_exit_status(recorder.ch, 0);
    nacre_channel_close(recorder.ch);
    scripted_run(&s);
    ck_assert_uint_gt(s.real->wakes, 0);
    s.reads = true;
    scripted_run(&s);
    ck_assert_str_eq(s.log, "failure 7;request-failure;request 7 exit-status;eof 7;close 7;");
    send_close(id);
    scripted_run(&s);
    ck_assert_int_eq(recorder.alive, 0);
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

START_TEST(a_writer_is_told_when_a_key_exchange_is_over)
{
    (void)server_open(1000, 1000);
    nacre_session_rekey(s.real->session);
    recorder.write = write_one;
    ck_assert_uint_eq(nacre_channel_write(recorder.ch, "x", 1), 0);
    scripted_expect(&s, "data 7 1000;");
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_message_to_a_server_that_ends_early_or_late_disconnects, 0,
             sizeof server_forms / sizeof server_forms[0]);
    add_loop(suite, an_answer_to_a_client_that_ends_early_or_late_disconnects, 0,
             sizeof client_forms / sizeof client_forms[0]);
    add_loop(suite, a_message_for_a_channel_that_was_never_open_disconnects, 0, TO_CHANNEL);
    add_loop(suite, a_message_for_a_channel_that_both_sides_closed_disconnects, 0, TO_CHANNEL);
    add_loop(suite, a_message_for_a_channel_whose_opening_is_not_answered_disconnects, 0,
             TO_CHANNEL);
    add_loop(suite, what_the_peer_says_after_its_close_disconnects, 0, TO_CHANNEL);
    add_test(suite, a_channel_type_that_is_not_known_is_refused);
    add_test(suite, what_follows_in_the_open_is_shown_to_the_application);
    add_test(suite, every_message_names_the_number_that_the_peer_chose);
    add_test(suite, an_application_may_refuse_a_channel);
    add_test(suite, one_channel_more_than_the_cap_is_refused_and_fits_when_another_is_closed);
    add_test(suite, two_channels_with_one_number_of_the_peers_do_not_mix_on_our_side);
    add_test(suite, a_channel_may_be_granted_later);
    add_test(suite, a_channel_may_be_refused_later);
    add_test(suite, what_is_asked_of_a_channel_before_it_is_granted_follows_the_grant);
    add_loop(suite, an_open_may_be_answered_inside_of_the_question, 0, 2);
    add_loop(suite, an_open_that_is_answered_when_the_session_has_ended_does_no_harm, 0, 2);
    add_test(suite, a_refused_open_is_told_with_its_code);
    add_test(suite, a_channel_closed_before_it_is_confirmed_closes_when_it_is);
    add_loop(suite, a_second_answer_to_an_open_disconnects, 0, 2);
    add_test(suite, a_client_refuses_every_open);
    add_test(suite, an_open_that_does_not_fit_is_refused_here_and_the_session_lives);
    add_loop(suite, an_open_during_a_key_exchange_follows_it, 0, 2);
    add_test(suite, an_open_that_finds_the_output_full_is_sent_all_the_same);
    add_test(suite, no_channel_can_be_opened_before_the_login_and_after_the_end);
    add_test(suite, data_past_the_window_disconnects);
    add_loop(suite, data_past_the_maximum_packet_size_disconnects, 0, 2);
    add_test(suite, empty_data_is_nothing);
    add_loop(suite, data_and_a_second_eof_after_eof_disconnect, 0, 3);
    add_test(suite, the_window_opens_again_as_data_is_taken_and_never_too_far);
    add_test(suite, a_window_that_is_used_slowly_does_not_grow);
    add_test(suite, windows_grow_to_the_budget_and_no_further);
    add_test(suite, only_what_was_taken_opens_the_window_again);
    add_test(suite, extended_data_uses_the_same_window_and_is_told_apart);
    add_loop(suite, extended_data_that_nobody_wants_is_dropped_and_opens_the_window_again, 0, 2);
    add_test(suite, an_application_without_handlers_drops_data_and_refuses_requests);
    add_test(suite, an_application_that_takes_a_byte_at_a_time_gets_every_byte);
    add_test(suite, what_is_not_taken_is_offered_again_on_resume_and_eof_waits_behind_it);
    add_test(suite, extended_data_that_is_not_taken_is_offered_again_too);
    add_test(suite, the_window_is_not_opened_again_after_eof);
    add_test(suite, data_before_the_program_starts_waits_for_it);
    add_test(suite, no_more_is_sent_than_the_window_allows);
    add_test(suite, a_window_that_opens_by_a_byte_at_a_time_is_used_byte_by_byte);
    add_test(suite, no_message_is_larger_than_the_maximum_packet_size);
    add_test(suite, a_maximum_packet_size_of_nothing_lets_nothing_through_but_control);
    add_test(suite, a_window_of_more_than_32_bits_disconnects);
    add_test(suite, requests_eof_and_close_need_no_window);
    add_test(suite, a_write_from_outside_wakes_the_owner);
    add_test(suite, a_write_from_inside_does_not_wake_the_owner);
    add_test(suite, close_is_answered_with_one_close_and_nothing_after_it);
    add_test(suite, a_close_right_behind_the_open_is_answered);
    add_test(suite, what_came_before_a_close_can_still_be_taken_after_it);
    add_loop(suite, a_close_takes_away_what_waits_for_a_program_that_never_came, 0, 2);
    add_test(suite, a_client_keeps_what_came_before_a_close_until_it_is_taken);
    add_test(suite, what_is_written_after_the_peer_closed_is_dropped);
    add_test(suite, after_the_peers_close_only_our_close_is_sent);
    add_test(suite, closing_drops_what_is_left_of_a_channel_that_the_peer_closed);
    add_test(suite, our_close_comes_first_and_the_peers_ends_it);
    add_test(suite, closes_that_cross_are_one_close_each);
    add_test(suite, a_number_is_used_again_only_after_both_closes);
    add_test(suite, a_thousand_channels_one_after_the_other_leave_nothing);
    add_test(suite, after_many_channels_a_window_still_grows);
    add_test(suite, after_the_peers_eof_we_may_go_on_writing);
    add_test(suite, after_our_eof_the_peer_may_go_on_writing);
    add_loop(suite, a_channel_may_be_closed_inside_of_every_callback, 0, 8);
    add_loop(suite, the_session_may_be_ended_inside_of_every_callback, 0, 7);
    add_loop(suite, a_callback_outside_of_the_owners_calls_may_close_or_end_everything, 0, 4);
    add_test(suite, the_connection_may_be_lost_inside_of_a_callback);
    add_loop(suite, after_the_end_of_the_session_only_closed_is_told, 0, 8);
    add_loop(suite, one_channel_may_close_the_others, 0, 2);
    add_test(suite, a_channel_without_window_does_not_hold_up_the_others);
    add_test(suite, several_writers_share_the_output);
    add_test(suite, greedy_writers_take_turns);
    add_loop(suite, close_gets_through_when_the_output_is_full, 0, 3);
    add_test(suite, what_is_asked_during_a_key_exchange_follows_it);
    add_test(suite, a_writer_is_told_when_a_key_exchange_is_over);
}
