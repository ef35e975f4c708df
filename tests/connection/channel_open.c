/* Opening a channel, from either side. RFC 4254 section 5.1;
 * numbers in brackets are requirement ids. */
#include "tests/support/channel_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct nacre_channel_app *look_up(void *context, const char *type)
{
    end_note(context, "lookup %s;", type);
    return strcmp(type, "session") == 0 || strcmp(type, "tunnel@example.com") == 0 ? &recorder_app
                                                                                   : NULL;
}

/* [4254/5.1/2] */
START_TEST(an_unknown_channel_type_is_refused)
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

START_TEST(the_type_specific_data_is_passed_to_the_application)
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
    scripted_told(&s, "open;closed open refused;");
    ck_assert_uint_eq(recorder.why.code, NACRE_REASON_PROHIBITED);
    ck_assert_uint_eq(nacre_session_channel_count(s.real->session), 0);
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
START_TEST(two_channels_with_the_same_peer_number_do_not_mix)
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
    nacre_channel_answer_open(recorder.ch, true);
    ck_assert_uint_gt(s.real->wakes, 0);
    nacre_channel_answer_open(recorder.ch, true); /* no question is open */
    nacre_channel_answer_open(recorder.ch, false);
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
    nacre_channel_answer_open(recorder.ch, false);
    scripted_told(&s, "open;closed open refused;"); /* before the call returned */
    scripted_expect(&s, "open-failure 7 1;");
    recorder.open = NACRE_GRANT;
    ck_assert_uint_eq(scripted_open(&s, 8, 1000, 1000), 0);
    stop();
}
END_TEST

START_TEST(calls_on_a_channel_before_it_is_granted_take_effect_after_the_grant)
{
    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    nacre_channel_exit_status(recorder.ch, 3);
    nacre_channel_close(recorder.ch);
    scripted_expect(&s, "");
    nacre_channel_answer_open(recorder.ch, true);
    scripted_expect(&s, "confirmation 7;request 7 exit-status;eof 7;close 7;");
    send_close(0);
    scripted_expect(&s, "");
    scripted_told(&s, "open;closed we closed;");
    stop();
}
END_TEST

static void grant_open(struct nacre_channel *ch)
{
    nacre_channel_answer_open(ch, true);
}

static void refuse_open(struct nacre_channel *ch)
{
    nacre_channel_answer_open(ch, false);
}

START_TEST(an_open_may_be_answered_inside_its_callback)
{
    server_start();
    recorder.open = NACRE_LATER;
    recorder.where = "open";
    recorder.act = _i == 0 ? grant_open : refuse_open;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, _i == 0 ? "confirmation 7;" : "open-failure 7 1;");
    scripted_told(&s, _i == 0 ? "open;" : "open;closed open refused;");
    stop();
}
END_TEST

START_TEST(an_open_answered_after_the_session_ended_has_no_effect)
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
START_TEST(a_refused_open_is_reported_with_its_code)
{
    static const uint32_t codes[] = {1, 2, 3, 4, 0xfe000001};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct nacre_channel *ch;

        recorder_reset();
        scripted_init(&s, NACRE_CLIENT);
        scripted_login(&s);
        ch = nacre_session_open_channel(s.real->session, "session", &recorder_app, &s, NULL, 0);
        ck_assert_ptr_nonnull(ch);
        ck_assert_ptr_eq(nacre_channel_app_data(ch), &s);
        nacre_channel_close(ch); /* no effect */
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
    ch = nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, NULL, 0);
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

static char reason[512];

static void note_reason(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    (void)snprintf(reason, sizeof reason, "%s", why->text);
}

/* ... of 255 bytes, and one more, which is cut. */
START_TEST(the_peers_reason_is_reported_up_to_its_bound)
{
    enum { SHOWN = 255 };
    static const struct nacre_channel_app app = {.closed = note_reason};
    char text[SHOWN + 2];

    for (size_t len = SHOWN - 1; len <= SHOWN + 1; len++) {
        scripted_init(&s, NACRE_CLIENT);
        scripted_login(&s);
        ck_assert_ptr_nonnull(
            nacre_session_open_channel(s.real->session, "session", &app, NULL, NULL, 0));
        memset(text, 'x', len);
        text[len] = 0;
        scripted_expect(&s, "open session;");
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", 0, 1, text, "");
        scripted_expect(&s, "");
        ck_assert_uint_eq(strlen(reason), len <= SHOWN ? len : SHOWN);
        ck_assert_uint_eq(strspn(reason, "x"), strlen(reason));
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(an_open_that_is_too_long_fails_and_the_session_survives)
{
    char type[300];
    uint8_t *much = calloc(1, 1 << 20);

    ck_assert_ptr_nonnull(much);
    (void)client_open();
    memset(type, 't', sizeof type - 1);
    type[sizeof type - 1] = 0;
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, type, &recorder_app, NULL, NULL, 0));
    type[65] = 0;
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, type, &recorder_app, NULL, NULL, 0));
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, much, 1 << 20));
    ck_assert_ptr_null(nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL,
                                                  much, CHANNEL_PACKET_MAX + 1));
    scripted_expect(&s, "");
    ck_assert_ptr_nonnull(scripted_opened(&s, 8, 100, 100));
    free(much);
    stop();
}
END_TEST

/* An open that fails for good, and one that may succeed later. */
START_TEST(an_application_learns_whether_an_open_can_succeed)
{
    char type[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX";
    struct nacre_session *session;

    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.channels_max = 1;
    scripted_start(&s);
    session = s.real->session;
    ck_assert_int_eq(nacre_session_can_open_channel(session, "session", 0), NACRE_SEND_LATER);
    scripted_clear(&s);
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.channels_max = 1;
    scripted_login(&s);
    session = s.real->session;
    ck_assert_int_eq(nacre_session_can_open_channel(session, type, 0), NACRE_SEND_NEVER);
    type[64] = 0;
    ck_assert_int_eq(nacre_session_can_open_channel(session, type, CHANNEL_PACKET_MAX),
                     NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_can_open_channel(session, type, CHANNEL_PACKET_MAX + 1),
                     NACRE_SEND_NEVER);
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(session, "session", &recorder_app, NULL, NULL, 0));
    ck_assert_ptr_null(
        nacre_session_open_channel(session, "session", &recorder_app, NULL, NULL, 0));
    ck_assert_int_eq(nacre_session_can_open_channel(session, "session", 0), NACRE_SEND_LATER);
    nacre_session_disconnect(session, NACRE_WE_CLOSED, "bye");
    ck_assert_int_eq(nacre_session_can_open_channel(session, "session", 0), NACRE_SEND_NEVER);
    scripted_clear(&s);
}
END_TEST

START_TEST(an_open_may_have_a_type_of_64_characters_and_a_full_packet_of_data)
{
    static const char type[] = "0123456789012345678901234567890123456789012345678901234567890123";

    (void)client_open();
    ck_assert_ptr_nonnull(nacre_session_open_channel(s.real->session, type, &recorder_app, NULL,
                                                     zeros, CHANNEL_PACKET_MAX));
    scripted_run(&s);
    ck_assert_uint_eq(s.last[0], SSH_MSG_CHANNEL_OPEN);
    ck_assert_uint_eq(s.last_len, 1 + 4 + 64 + 3 * 4 + CHANNEL_PACKET_MAX);
    recorder.alive++; /* it is never confirmed */
    stop();
}
END_TEST

/* One that uses all the space is sent at once, and one with a byte more waits. */
START_TEST(an_open_waits_for_the_space_that_it_takes)
{
    struct nacre_channel *ch = client_open(), *next;
    struct transport *t = ch->connection->transport;
    size_t space;

    s.reads = false;
    while (transport_room(t) > CHANNEL_PACKET_MAX)
        ck_assert_uint_eq(nacre_channel_write(ch, zeros, 4000), 4000);
    space = transport_room(t) - (1 + 4 + strlen("session") + 3 * 4);
    ck_assert_uint_gt(space, 1000);
    next = nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, zeros,
                                      space + (size_t)_i);
    ck_assert_ptr_nonnull(next);
    ck_assert_int_eq(next->want_open, _i == 1);
    recorder.alive++; /* it is never confirmed */
    stop();
}
END_TEST

/* It is sent after the exchange; an answer before that disconnects. */
START_TEST(an_open_during_a_key_exchange_follows_it)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    s.reads = false;
    nacre_session_rekey(s.real->session);
    ch = nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, "more", 4);
    ck_assert_ptr_nonnull(ch);
    if (_i == 1) {
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", 0, 7, 100, 100);
        scripted_run(&s);
        ck_assert(s.real->ended);
        ck_assert_int_eq(s.real->why.cause, NACRE_PROTOCOL_ERROR);
        recorder.alive++; /* it was never open */
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

/* A small one is sent, a large one waits. */
START_TEST(an_open_is_sent_even_when_the_output_is_full)
{
    static uint8_t much[CHANNEL_PACKET_MAX];
    struct nacre_channel *busy = client_open(), *ch;
    const char *at = s.log;
    size_t before;

    scripted_send(&s, SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", 0, 1 << 20);
    scripted_run(&s);
    s.reads = false;
    for (size_t n = 1; n > 0; scripted_run(&s)) {
        busy->turn_end = 0; /* as if it were a different channel each time */
        n = nacre_channel_write(busy, much, sizeof much);
    }
    (void)nacre_session_output(s.real->session, &before);
    for (int i = 0; i < 3; i++) {
        size_t len = i == 1 ? sizeof much : 0, after;

        ch = nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, much, len);
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

START_TEST(no_channel_can_be_opened_before_the_login_or_after_the_end)
{
    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_start(&s);
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, NULL, 0));
    nacre_session_lost(s.real->session);
    ck_assert_ptr_null(
        nacre_session_open_channel(s.real->session, "session", &recorder_app, NULL, NULL, 0));
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_unknown_channel_type_is_refused);
    add_test(suite, the_type_specific_data_is_passed_to_the_application);
    add_test(suite, every_message_names_the_number_that_the_peer_chose);
    add_test(suite, an_application_may_refuse_a_channel);
    add_test(suite, one_channel_more_than_the_cap_is_refused_and_fits_when_another_is_closed);
    add_test(suite, two_channels_with_the_same_peer_number_do_not_mix);
    add_test(suite, a_channel_may_be_granted_later);
    add_test(suite, a_channel_may_be_refused_later);
    add_test(suite, calls_on_a_channel_before_it_is_granted_take_effect_after_the_grant);
    add_loop(suite, an_open_may_be_answered_inside_its_callback, 0, 2);
    add_loop(suite, an_open_answered_after_the_session_ended_has_no_effect, 0, 2);
    add_test(suite, a_refused_open_is_reported_with_its_code);
    add_test(suite, a_channel_closed_before_it_is_confirmed_closes_when_it_is);
    add_loop(suite, a_second_answer_to_an_open_disconnects, 0, 2);
    add_test(suite, a_client_refuses_every_open);
    add_test(suite, the_peers_reason_is_reported_up_to_its_bound);
    add_test(suite, an_open_that_is_too_long_fails_and_the_session_survives);
    add_test(suite, an_application_learns_whether_an_open_can_succeed);
    add_test(suite, an_open_may_have_a_type_of_64_characters_and_a_full_packet_of_data);
    add_loop(suite, an_open_waits_for_the_space_that_it_takes, 0, 2);
    add_loop(suite, an_open_during_a_key_exchange_follows_it, 0, 2);
    add_test(suite, an_open_is_sent_even_when_the_output_is_full);
    add_test(suite, no_channel_can_be_opened_before_the_login_or_after_the_end);
}
