/* Peers that are gone and connections that are not used, under a virtual clock: keepalive_ms,
 * keepalive_count and idle_ms of struct nacre_limits. */
#include "connection/parts.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000 };

static struct scripted s;
static int replies;
static struct nacre_channel *server_channel;

static void begin(enum nacre_role role, struct nacre_limits limits)
{
    scripted_init(&s, role);
    s.pair.server_limits = s.pair.client_limits = limits;
    scripted_login(&s);
}

/* Let time pass; the session is called at its deadlines only. */
static void pass(uint64_t ms)
{
    uint64_t until = s.pair.now_ms + ms;

    for (;;) {
        uint64_t deadline = nacre_session_deadline(s.real->session);

        s.pair.now_ms = deadline < until ? deadline : until;
        if (deadline > until)
            return;
        nacre_session_tick(s.real->session, s.pair.now_ms);
        scripted_run(&s);
        ck_assert_uint_gt(nacre_session_deadline(s.real->session), s.pair.now_ms);
    }
}

static void expect_timed_out(const char *text)
{
    ck_assert(s.real->ended);
    ck_assert_int_eq(s.real->why.cause, NACRE_TIMED_OUT);
    ck_assert_str_eq(s.real->why_text, text);
}

START_TEST(a_silent_peer_gets_keepalives_and_then_times_out)
{
    begin((enum nacre_role)_i, (struct nacre_limits){.keepalive_ms = 15 * SECOND});
    pass(15 * SECOND - 1);
    scripted_expect(&s, "");
    pass(1);
    scripted_expect(&s, "global keepalive@openssh.com;");
    pass(15 * SECOND);
    scripted_expect(&s, "global keepalive@openssh.com;");
    pass(15 * SECOND);
    scripted_expect(&s, "global keepalive@openssh.com;");
    pass(15 * SECOND - 1);
    ck_assert(!s.real->ended);
    pass(1);
    scripted_expect(&s, "disconnect 11;");
    expect_timed_out("keepalive timeout");
    scripted_clear(&s);
}
END_TEST

START_TEST(the_configured_number_of_keepalives_is_sent)
{
    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = SECOND, .keepalive_count = 1});
    pass(SECOND);
    scripted_expect(&s, "global keepalive@openssh.com;");
    pass(SECOND);
    scripted_expect(&s, "disconnect 11;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_keepalive_wants_a_reply)
{
    struct reader r;

    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = SECOND});
    pass(SECOND);
    r = read_from((struct bytes){s.last + 1, s.last_len - 1});
    ck_assert(bytes_are(read_string(&r), "keepalive@openssh.com"));
    ck_assert(read_bool(&r));
    ck_assert(read_done(&r));
    scripted_clear(&s);
}
END_TEST

/* An answer of either kind, another message, or one byte of it: a sign of life. */
START_TEST(any_byte_from_the_peer_is_a_sign_of_life)
{
    static const uint8_t part[] = {0};

    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = 15 * SECOND});
    for (int i = 0; i < 100; i++) {
        pass(14 * SECOND);
        if (i % 20 == 19)
            memcpy(nacre_session_input(s.real->session, &(size_t){0}), part, 1);
        if (i == 99)
            nacre_session_received(s.real->session, 1, s.pair.now_ms);
        else
            scripted_send(&s, SSH_MSG_IGNORE, "s", "");
        scripted_expect(&s, "");
    }
    pass(14 * SECOND);
    scripted_expect(&s, "");
    scripted_clear(&s);
}
END_TEST

START_TEST(an_answer_resets_the_count)
{
    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = 15 * SECOND});
    for (int i = 0; i < 50; i++) {
        pass(45 * SECOND);
        scripted_expect(&s, "global keepalive@openssh.com;global keepalive@openssh.com;"
                            "global keepalive@openssh.com;");
        for (int answer = 0; answer < 3; answer++)
            scripted_send(&s, i % 2 == 0 ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE, "");
        scripted_expect(&s, "");
    }
    pass(60 * SECOND);
    ck_assert(s.real->ended);
    scripted_clear(&s);
}
END_TEST

static void count_reply(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)granted;
    (void)data;
    (void)len;
    replies++;
}

START_TEST(the_application_sees_the_answers_to_its_own_requests_only)
{
    replies = 0;
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_limits.keepalive_ms = SECOND;
    s.pair.client_config.global_replied = count_reply;
    scripted_login(&s);
    pass(SECOND);
    ck_assert_int_eq(nacre_session_global_request(s.real->session, "a@example.com", true, NULL, 0),
                     NACRE_SEND_DONE);
    pass(SECOND);
    scripted_expect(&s, "global keepalive@openssh.com;global a@example.com;"
                        "global keepalive@openssh.com;");
    scripted_send(&s, SSH_MSG_REQUEST_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert_int_eq(replies, 0);
    scripted_send(&s, SSH_MSG_REQUEST_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert_int_eq(replies, 1);
    scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    scripted_expect(&s, "");
    ck_assert_int_eq(replies, 1);
    scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    scripted_expect(&s, ""); /* no request is open */
    ck_assert_int_eq(replies, 1);
    scripted_clear(&s);
}
END_TEST

START_TEST(requests_that_wait_for_an_answer_are_bounded)
{
    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = SECOND});
    for (int i = 0; i < GLOBAL_ASKED_MAX; i++)
        ck_assert_int_eq(
            nacre_session_global_request(s.real->session, "a@example.com", true, NULL, 0),
            NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_global_request(s.real->session, "a@example.com", true, NULL, 0),
                     NACRE_SEND_LATER);
    ck_assert_int_eq(nacre_session_global_request(s.real->session, "a@example.com", false, NULL, 0),
                     NACRE_SEND_DONE);
    scripted_run(&s);
    s.log[0] = 0;
    pass(3 * SECOND);
    scripted_expect(&s, ""); /* 64 requests are pending already */
    pass(SECOND);
    scripted_expect(&s, "disconnect 11;");
    scripted_clear(&s);
}
END_TEST

/* It reads nothing: there is no space for a keepalive, and none is needed. */
START_TEST(a_peer_that_reads_nothing_times_out_too)
{
    char data[1000] = "";
    uint32_t ids[3];

    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = 15 * SECOND});
    for (uint32_t i = 0; i < 3; i++)
        ids[i] = scripted_open(&s, i, UINT32_MAX, 32768);
    s.reads = false;
    for (int i = 0; i < 3 * 128; i++) {
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", ids[i % 3], data, sizeof data);
        scripted_run(&s);
    }
    pass(60 * SECOND - 1);
    ck_assert(!s.real->ended);
    pass(1);
    expect_timed_out("keepalive timeout");
    scripted_clear(&s);
}
END_TEST

/* The program was suspended while its clock ran: the peer still gets its keepalives. */
START_TEST(a_clock_that_jumps_ends_no_session)
{
    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = 15 * SECOND});
    s.pair.now_ms += 3600 * SECOND / 2;
    for (int i = 0; i < 10; i++)
        nacre_session_tick(s.real->session, s.pair.now_ms);
    scripted_expect(&s, "global keepalive@openssh.com;");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

START_TEST(no_keepalive_is_sent_before_the_login)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_limits = (struct nacre_limits){.keepalive_ms = SECOND, .idle_ms = SECOND};
    scripted_start(&s);
    pass(100 * SECOND);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

START_TEST(without_limits_no_keepalive_is_sent_and_nothing_ends)
{
    begin((enum nacre_role)_i, (struct nacre_limits){0});
    pass(UINT64_C(100) * 3600 * SECOND);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

START_TEST(an_unused_connection_ends)
{
    begin((enum nacre_role)_i, (struct nacre_limits){.idle_ms = 60 * SECOND});
    pass(60 * SECOND - 1);
    ck_assert(!s.real->ended);
    pass(1);
    scripted_expect(&s, "disconnect 11;");
    expect_timed_out("idle timeout");
    scripted_clear(&s);
}
END_TEST

static size_t keep_channel(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    server_channel = ch;
    return len;
}

/* Opening a channel, a request, data either way, closing: each is use. */
START_TEST(any_channel_message_counts_as_use)
{
    uint32_t id;

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_limits.idle_ms = 60 * SECOND;
    s.pair.server_app.data = keep_channel;
    scripted_login(&s);
    pass(59 * SECOND);
    id = scripted_open(&s, 1, 100000, 32768);
    pass(59 * SECOND);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 0);
    scripted_expect(&s, "");
    pass(59 * SECOND);
    scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", id, "hello");
    scripted_expect(&s, "");
    pass(59 * SECOND);
    ck_assert_uint_eq(nacre_channel_write(server_channel, "hello", 5), 5);
    nacre_session_tick(s.real->session, s.pair.now_ms); /* wake asked for it */
    scripted_expect(&s, "data 1 5;");
    pass(59 * SECOND);
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", id);
    scripted_expect(&s, "close 1;");
    pass(60 * SECOND - 1);
    ck_assert(!s.real->ended);
    pass(1);
    expect_timed_out("idle timeout");
    scripted_clear(&s);
}
END_TEST

/* Keeping the connection alive is not using it. */
START_TEST(signs_of_life_do_not_count_as_use)
{
    begin(NACRE_SERVER, (struct nacre_limits){.keepalive_ms = 10 * SECOND, .idle_ms = 60 * SECOND});
    for (int i = 0; i < 11; i++) {
        pass(5 * SECOND);
        scripted_send(&s, SSH_MSG_IGNORE, "s", "");
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "keepalive@openssh.com", 1);
        if (i == 5)
            nacre_session_rekey(s.real->session);
        scripted_run(&s);
        ck_assert(!s.real->ended);
    }
    pass(5 * SECOND);
    expect_timed_out("idle timeout");
    scripted_clear(&s);
}
END_TEST

START_TEST(both_ends_keep_each_other_alive)
{
    struct pair p;

    pair_init(&p, 7);
    p.server_limits.keepalive_ms = 7 * SECOND;
    p.client_limits.keepalive_ms = 11 * SECOND;
    pair_start(&p);
    (void)pair_open(&p);
    for (int i = 0; i < 24 * 60; i++) /* a day, with a rekey every hour */
        pair_pass(&p, 60 * SECOND);
    ck_assert(!p.server.ended && !p.client.ended);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_silent_peer_gets_keepalives_and_then_times_out, NACRE_SERVER,
             NACRE_CLIENT + 1);
    add_test(suite, the_configured_number_of_keepalives_is_sent);
    add_test(suite, a_keepalive_wants_a_reply);
    add_test(suite, any_byte_from_the_peer_is_a_sign_of_life);
    add_test(suite, an_answer_resets_the_count);
    add_test(suite, the_application_sees_the_answers_to_its_own_requests_only);
    add_test(suite, requests_that_wait_for_an_answer_are_bounded);
    add_test(suite, a_peer_that_reads_nothing_times_out_too);
    add_test(suite, a_clock_that_jumps_ends_no_session);
    add_test(suite, no_keepalive_is_sent_before_the_login);
    add_loop(suite, without_limits_no_keepalive_is_sent_and_nothing_ends, NACRE_SERVER,
             NACRE_CLIENT + 1);
    add_loop(suite, an_unused_connection_ends, NACRE_SERVER, NACRE_CLIENT + 1);
    add_test(suite, any_channel_message_counts_as_use);
    add_test(suite, signs_of_life_do_not_count_as_use);
    add_test(suite, both_ends_keep_each_other_alive);
}
