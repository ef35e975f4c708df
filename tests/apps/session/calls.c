/* What an application calls on a session: each call goes out, and wakes the owner. */
#include "apps/session/parts.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"
#include "transport/message.h"

#include <string.h>

static struct pair p;
static struct scripted s;
static unsigned asked;

static void on_ask(void *context, const struct nacre_ask *ask)
{
    ck_assert_ptr_eq(context, &p.client);
    ck_assert_uint_eq(ask->count, 1);
    asked++;
}

START_TEST(a_person_responds_later)
{
    static const char *const responses[] = {"secret"};
    unsigned wakes;

    asked = 0;
    pair_init(&p, 1);
    p.client_config.ask = on_ask;
    p.client_config.password = NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert_uint_eq(asked, 1);
    ck_assert(!p.client.authenticated);
    wakes = p.client.wakes;
    nacre_session_respond(p.client.session, responses, 1);
    ck_assert_uint_eq(p.client.wakes, wakes + 1);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    ck_assert_uint_eq(asked, 1);
    pair_clear(&p);
}
END_TEST

/* ---- RFC 4254 section 7.1; PROTOCOL section 2.4 ---- */

static void expect_request(const char *fields, const char *name, const char *where, uint32_t port)
{
    uint8_t expected[NACRE_TARGET_MAX + 128];
    size_t len = scripted_encode(expected, sizeof expected, SSH_MSG_GLOBAL_REQUEST, fields, name, 1,
                                 where, port);

    scripted_run(&s);
    assert_bytes(((struct bytes){s.last, s.last_len}), ((struct bytes){expected, len}));
}

START_TEST(a_client_asks_for_forwards_and_for_their_end)
{
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    ck_assert_int_eq(nacre_session_forward(s.real->session, "host", 22, false), NACRE_SEND_DONE);
    expect_request("s?su", "tcpip-forward", "host", 22);
    ck_assert_int_eq(nacre_session_forward(s.real->session, "", 0, true), NACRE_SEND_DONE);
    expect_request("s?su", "cancel-tcpip-forward", "", 0);
    ck_assert_int_eq(nacre_session_forward_socket(s.real->session, "/a", false), NACRE_SEND_DONE);
    expect_request("s?s", "streamlocal-forward@openssh.com", "/a", 0);
    ck_assert_int_eq(nacre_session_forward_socket(s.real->session, "/b", true), NACRE_SEND_DONE);
    expect_request("s?s", "cancel-streamlocal-forward@openssh.com", "/b", 0);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_place_that_is_too_long_is_not_asked_for)
{
    char text[NACRE_TARGET_MAX];

    memset(text, 'x', sizeof text);
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    for (size_t more = 0; more < 2; more++) {
        const enum nacre_sending sending = more == 0 ? NACRE_SEND_DONE : NACRE_SEND_NEVER;

        text[sizeof text - 4 - 4 + more] = 0;
        ck_assert_int_eq(nacre_session_forward(s.real->session, text, 22, false), sending);
        text[sizeof text - 4 - 4 + more] = 'x';
        text[sizeof text - 4 + more] = 0;
        ck_assert_int_eq(nacre_session_forward_socket(s.real->session, text, false), sending);
        text[sizeof text - 4 + more] = 'x';
    }
    scripted_clear(&s);
}
END_TEST

static enum nacre_answer answer_later(void *context, const struct nacre_global_request *request,
                                      uint32_t *port)
{
    (void)context;
    (void)port;
    ck_assert_int_eq(request->kind, NACRE_GLOBAL_FORWARD);
    return NACRE_LATER;
}

START_TEST(a_global_request_is_answered_later)
{
    unsigned wakes;

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.global_request = answer_later;
    scripted_login(&s);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?su", "tcpip-forward", 1, "", 0);
    scripted_expect(&s, "");
    wakes = s.real->wakes;
    nacre_session_answer_global(s.real->session, _i == 0, 1234);
    ck_assert_uint_eq(s.real->wakes, wakes + 1);
    scripted_run(&s);
    ck_assert_uint_eq(s.last[0], _i == 0 ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
    ck_assert_uint_eq(s.last_len, _i == 0 ? 1 + 4 : 1);
    if (_i == 0)
        ck_assert_uint_eq(load_u32(s.last + 1), 1234);
    scripted_clear(&s);
}
END_TEST

START_TEST(an_answer_about_a_host_key_that_was_not_asked_is_ignored)
{
    pair_init(&p, 1);
    pair_start(&p);
    for (int i = 0; i < 2; i++) {
        nacre_session_answer_host_key(p.client.session, false);
        nacre_session_answer_host_key(p.server.session, false);
        pair_run(&p);
        ck_assert(p.client.authenticated && !p.client.ended && !p.server.ended);
    }
    pair_clear(&p);
}
END_TEST

/* ---- inside wake ---- */

static struct nacre_decision *undecided;

static void decide_later(void *context, struct nacre_decision *decision, const char *user,
                         const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    undecided = decision;
}

static void decide_in_wake(void *context)
{
    struct nacre_decision *decision = undecided;

    ck_assert_ptr_eq(context, &p.server);
    undecided = NULL;
    if (decision != NULL)
        nacre_decide(decision, true);
}

/* The call that woke the owner carries it out before it returns. */
START_TEST(a_login_may_be_decided_inside_wake)
{
    undecided = NULL;
    pair_init(&p, 1);
    p.policy.password = decide_later;
    p.server_config.wake = decide_in_wake;
    pair_start(&p);
    pair_run(&p);
    ck_assert_ptr_nonnull(undecided);
    nacre_session_rekey(p.server.session);
    ck_assert_ptr_null(undecided);
    ck_assert(p.server.authenticated);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    pair_clear(&p);
}
END_TEST

static bool calls_again;

static void send_request(void)
{
    ck_assert_int_eq(
        nacre_session_global_request(p.server.session, "x@example.com", false, NULL, 0),
        NACRE_SEND_DONE);
}

static void call_in_wake(void *context)
{
    ck_assert_ptr_eq(context, &p.server);
    if (calls_again)
        send_request();
    calls_again = false;
}

/* The owner is not woken for that once more: the next tick is due at once. */
START_TEST(what_a_call_inside_wake_brings_about_is_due_now)
{
    pair_init(&p, 1);
    p.server_config.wake = call_in_wake;
    pair_start(&p);
    (void)pair_open(&p);
    pair_run(&p);
    for (int i = 0; i < 2; i++) {
        calls_again = i == 1;
        send_request();
        ck_assert_int_eq(nacre_session_deadline(p.server.session) <= p.now_ms, i == 1);
    }
    pair_run(&p);
    pair_clear(&p);
}
END_TEST

/* ---- inside another callback ---- */

static bool is_full; /* the socket, as the next callback finds out */

static enum nacre_answer find_out(void *context, const struct nacre_global_request *request,
                                  uint32_t *port)
{
    (void)context;
    (void)port;
    ck_assert_int_eq(request->kind, NACRE_GLOBAL_FORWARD);
    if (is_full)
        nacre_session_sent(s.real->session, 0, s.pair.now_ms);
    return NACRE_REFUSE;
}

/* All that the script has to send, in one call of the owner's. */
static void deliver(void)
{
    struct bytes out = transport_output(&s.t);
    size_t room;
    uint8_t *at = nacre_session_input(s.real->session, &room);

    ck_assert_uint_le(out.len, room);
    memcpy(at, out.at, out.len);
    transport_sent(&s.t, out.len);
    nacre_session_received(s.real->session, out.len, s.pair.now_ms);
}

/* More input may be processed while the socket accepts nothing, so the next tick is due at once. */
START_TEST(a_callback_that_finds_the_socket_full_makes_a_tick_due_once)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.global_request = find_out;
    scripted_login(&s);
    for (int i = 0; i < 3; i++) { /* not full, full, still full */
        is_full = i > 0;
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?su", "tcpip-forward", 1, "", 0);
        deliver();
        ck_assert_int_eq(nacre_session_deadline(s.real->session) <= s.pair.now_ms, i == 1);
    }
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_callback_that_finds_the_socket_full_makes_a_tick_due_once);
    add_test(suite, what_a_call_inside_wake_brings_about_is_due_now);
    add_test(suite, a_login_may_be_decided_inside_wake);
    add_test(suite, a_person_responds_later);
    add_test(suite, an_answer_about_a_host_key_that_was_not_asked_is_ignored);
    add_test(suite, a_client_asks_for_forwards_and_for_their_end);
    add_test(suite, a_place_that_is_too_long_is_not_asked_for);
    add_loop(suite, a_global_request_is_answered_later, 0, 2);
}
