/* Global requests. RFC 4254 section 4;
 * numbers in brackets are requirement ids. */
#include "connection/request.h"
#include "tests/support/request_script.h"

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
        server_with_channel();
    else
        (void)client_with_channel();
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
START_TEST(an_answer_without_a_global_request_is_ignored)
{
    if (_i < 3)
        server_with_channel();
    else
        (void)client_with_channel();
    if (_i % 3 == 0) /* lsh to hostkeys-00 */
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    else if (_i % 3 == 1)
        scripted_send(&s, SSH_MSG_REQUEST_SUCCESS, "u", 1);
    else
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "u", 1);
    scripted_expect(&s, "");
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "unheard@of", 1);
    scripted_expect(&s, "request-failure;");
    stop();
}
END_TEST

/* A packet of 256 KiB may be full, also when there is no space at once. */
START_TEST(a_global_request_may_fill_a_packet_and_a_longer_one_can_never_be_sent)
{
    static const uint8_t data[NACRE_REQUEST_BYTES_MAX];
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123",
                      too_long[] =
                          "01234567890123456789012345678901234567890123456789012345678901234";
    size_t most = NACRE_REQUEST_BYTES_MAX - 6 - strlen("a@b");
    struct nacre_session *session;
    char path[NACRE_TARGET_MAX];

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    session = s.real->session;
    if (_i == 1)
        nacre_session_rekey(session);
    ck_assert_int_eq(nacre_session_global_request(session, "a@b", false, data, most + 1),
                     NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_session_global_request(session, too_long, false, "", 0),
                     NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_session_forward_socket(session, path, false), NACRE_SEND_NEVER);
    ck_assert_int_eq(nacre_session_global_request(session, "a@b", false, data, most),
                     NACRE_SEND_DONE);
    scripted_expect(&s, "global a@b;");
    ck_assert_uint_eq(s.last_len, NACRE_REQUEST_BYTES_MAX);
    ck_assert_int_eq(nacre_session_global_request(session, longest, false, "", 0), NACRE_SEND_DONE);
    nacre_session_disconnect(session, NACRE_WE_CLOSED, "bye");
    ck_assert_int_eq(nacre_session_global_request(session, "a@b", false, "", 0), NACRE_SEND_NEVER);
    stop();
}
END_TEST

static int global_answers;

static void count_answer(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)data;
    (void)len;
    ck_assert(!granted);
    global_answers++;
}

START_TEST(global_requests_that_wait_for_space_are_bounded_and_not_answered_early)
{
    static const uint8_t much[30000];

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    global_answers = 0;
    s.pair.client_config.global_replied = count_answer;
    scripted_login(&s);
    s.reads = false;
    nacre_session_rekey(s.real->session);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            nacre_session_global_request(s.real->session, "a@b", true, much, sizeof much), i < 2);
    ck_assert_int_eq(nacre_session_global_request(s.real->session, "c@d", true, "", 0),
                     NACRE_SEND_DONE); /* still fits */
    scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    scripted_run(&s);
    ck_assert_int_eq(global_answers, 0); /* nobody asked yet */
    s.reads = true;
    scripted_expect(&s, "global a@b;global a@b;global c@d;");
    for (int i = 0; i < 4; i++)
        scripted_send(&s, SSH_MSG_REQUEST_FAILURE, "");
    scripted_expect(&s, "");
    ck_assert_int_eq(global_answers, 3);
    ck_assert(!s.real->ended);
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

static void ask_proof(void)
{
    struct bytes key = private_key_blob(&s.pair.host_key);

    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, key.at, key.len);
}

START_TEST(global_answers_wait_for_an_earlier_one_that_is_pending)
{
    global_start();
    ask_proof();
    scripted_expect(&s, "message 81;");
    ask_forward(1);
    ask_forward(0);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "no-more-sessions@openssh.com", 1);
    ask_proof(); /* refused: such an answer cannot wait */
    for (int i = 0; i < 1000; i++)
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "no-more-sessions@openssh.com", 0);
    scripted_expect(&s, "");
    nacre_session_answer_global(s.real->session, true, 4022);
    scripted_expect(&s, "message 81;");
    ck_assert_uint_eq(s.last_len, 5);
    nacre_session_answer_global(s.real->session, true, 4023); /* for the one that wants no reply */
    scripted_expect(&s, "message 81;request-failure;");
    nacre_session_answer_global(s.real->session, true, 4024);
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(a_global_request_may_be_answered_inside_its_callback)
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

START_TEST(a_global_request_answered_after_the_session_ended_has_no_effect)
{
    global_start();
    ask_forward(1);
    scripted_expect(&s, "");
    nacre_session_lost(s.real->session);
    nacre_session_answer_global(s.real->session, true, 1);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, global_requests_are_refused_in_order_and_only_when_an_answer_is_wanted, 0, 2);
    add_loop(suite, an_answer_without_a_global_request_is_ignored, 0, 6);
    add_loop(suite, a_global_request_may_fill_a_packet_and_a_longer_one_can_never_be_sent, 0, 2);
    add_test(suite, global_requests_that_wait_for_space_are_bounded_and_not_answered_early);
    add_test(suite, global_answers_wait_for_an_earlier_one_that_is_pending);
    add_loop(suite, a_global_request_may_be_answered_inside_its_callback, 0, 2);
    add_test(suite, too_many_global_requests_that_wait_for_an_answer_disconnect);
    add_test(suite, a_global_request_answered_after_the_session_ended_has_no_effect);
}
