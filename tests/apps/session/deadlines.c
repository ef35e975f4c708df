/* The times that a session gives to its peer, with a virtual clock. */
#include "apps/session/parts.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <string.h>

enum { SECOND = 1000 };

static struct scripted s;

/* Nothing; one byte per second; only an identification. */
START_TEST(a_client_that_does_not_exchange_keys_is_disconnected_after_ten_seconds)
{
    static const char line[] = "SSH-2.0-a\r\n";
    struct pair p;

    pair_init(&p, 3);
    ck_assert(end_start(&p.server, &p.server_config));
    for (uint64_t now = 0; now < 10 * SECOND; now += SECOND) {
        size_t room, n = _i == 0 ? 0 : _i == 1 ? 1 : now == 0 ? sizeof line - 1 : 0;
        uint8_t *at = nacre_session_input(p.server.session, &room);

        memcpy(at, line + now / SECOND, n);
        nacre_session_received(p.server.session, n, now);
        nacre_session_tick(p.server.session, now);
        ck_assert(!p.server.ended);
        ck_assert_uint_eq(nacre_session_deadline(p.server.session), 10 * SECOND);
    }
    nacre_session_tick(p.server.session, 10 * SECOND);
    ck_assert(p.server.ended);
    ck_assert_int_eq(p.server.why.cause, NACRE_TIMED_OUT);
    ck_assert_str_eq(p.server.why_text, "handshake timeout");
    end_stop(&p.server);
    pair_free(&p);
}
END_TEST

/* One byte of the script's output. */
static void drip(void)
{
    size_t room;
    uint8_t *in = nacre_session_input(s.real->session, &room);

    in[0] = transport_output(&s.t).at[0];
    transport_sent(&s.t, 1);
    nacre_session_received(s.real->session, 1, s.pair.now_ms);
}

/* After the handshake the limit applies from a packet's first byte to its last; each packet
 * restarts it. */
START_TEST(a_packet_that_takes_ten_seconds_ends_the_session)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_limits = (struct nacre_limits){0};
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_IGNORE, "s", "some words");
    for (int i = 0; i < 10; i++) {
        ck_assert(!s.real->ended);
        drip();
        s.pair.now_ms += _i == 0 ? SECOND : SECOND / 4;
        nacre_session_tick(s.real->session, s.pair.now_ms);
    }
    ck_assert_int_eq(s.real->ended, _i == 0);
    if (_i == 0) {
        ck_assert_str_eq(s.real->why_text, "packet timeout");
    } else {
        scripted_run(&s); /* a whole packet; then silence, and half of another packet */
        s.pair.now_ms += 60 * SECOND;
        nacre_session_tick(s.real->session, s.pair.now_ms);
        scripted_send(&s, SSH_MSG_IGNORE, "s", "some words");
        drip();
        ck_assert_uint_eq(nacre_session_deadline(s.real->session), s.pair.now_ms + 10 * SECOND);
        scripted_run(&s);
        ck_assert(!s.real->ended);
    }
    scripted_clear(&s);
}
END_TEST

/* A user may take the whole login time to compare the host key and to find a password. */
START_TEST(a_user_may_take_the_whole_login_time)
{
    struct pair p;

    pair_init(&p, 3);
    pair_start(&p);
    while (strcmp(nacre_session_phase(p.server.session), "newkeys") != 0)
        ck_assert(pair_step(&p));
    p.now_ms = 119 * SECOND;
    nacre_session_tick(p.server.session, p.now_ms);
    ck_assert(!p.server.ended);
    pair_run(&p);
    ck_assert(p.server.authenticated);
    pair_clear(&p);
}
END_TEST

/* An unlimited handshake, one that is over, a login that is over, or a client, whose server may
 * take its time. */
START_TEST(others_have_no_deadline_for_a_packet)
{
    struct nacre_session *session;

    scripted_init(&s, _i == 3 ? NACRE_CLIENT : NACRE_SERVER);
    s.pair.server_limits = (struct nacre_limits){.handshake_ms = _i == 0 ? NACRE_UNLIMITED : 0};
    s.pair.now_ms = 5 * SECOND;
    if (_i == 2)
        scripted_login(&s);
    else
        scripted_start(&s);
    session = s.real->session;
    if (_i == 3) {
        ck_assert_uint_eq(session->packet_deadline_ms, UINT64_MAX);
    } else {
        scripted_send(&s, SSH_MSG_IGNORE, "s", "some words");
        if (_i != 1)
            drip();
        ck_assert_uint_eq(session->packet_deadline_ms, UINT64_MAX);
        scripted_run(&s);
    }
    ck_assert_uint_gt(nacre_session_deadline(session), s.pair.now_ms + 10 * SECOND);
    scripted_clear(&s);
}
END_TEST

/* A session that begins later has as much time. */
START_TEST(the_time_counts_from_the_beginning_of_the_session)
{
    static const uint64_t times[] = {10 * SECOND, 120 * SECOND, 7 * SECOND};
    struct pair p;

    pair_init(&p, 3);
    p.now_ms = 50 * SECOND;
    p.server_limits = (struct nacre_limits){.handshake_ms = _i == 0 ? 0 : NACRE_UNLIMITED};
    p.server_config.login_grace_ms = _i == 2 ? 7 * SECOND : 0;
    pair_start(&p);
    ck_assert_uint_eq(nacre_session_deadline(p.server.session) - p.now_ms, times[_i]);
    ck_assert_uint_gt(nacre_session_deadline(p.client.session), p.now_ms + 10 * SECOND);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_client_that_does_not_exchange_keys_is_disconnected_after_ten_seconds, 0, 3);
    add_loop(suite, a_packet_that_takes_ten_seconds_ends_the_session, 0, 2);
    add_test(suite, a_user_may_take_the_whole_login_time);
    add_loop(suite, others_have_no_deadline_for_a_packet, 0, 4);
    add_loop(suite, the_time_counts_from_the_beginning_of_the_session, 0, 3);
}
