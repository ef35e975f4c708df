/* How many requests a client may make, which methods must succeed, and what the policy is notified
 * of. RFC 4252 sections 4 and 5.1. */
#include "tests/support/auth_script.h"

/* ---- limits ---- */

static void send_bad_proof(void)
{
    struct proof p = right_proof();

    p.flip = 7;
    send_proof(&p);
}

static void send_unknown(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss", "alice", "ssh-connection", "foo");
}

/* [4252/4/4] */
START_TEST(too_many_requests_of_a_kind_end_the_session)
{
    static const struct {
        void (*send)(void);
        int last;
        const char *answer;
    } rows[] = {
        {send_bad_password, AUTH_FAILURES_MAX, "auth-failure " METHODS ";"},
        {send_bad_proof, AUTH_FAILURES_MAX, "auth-failure " METHODS ";"},
        {send_bad_query, AUTH_QUERIES_MAX, "auth-failure " METHODS ";"},
        {send_good_query, AUTH_QUERIES_MAX, "pk-ok;"},
        {send_none, AUTH_OTHERS_MAX, "auth-failure " METHODS ";"},
        {send_unknown, AUTH_OTHERS_MAX, "auth-failure " METHODS ";"},
    };

    ck_assert_int_eq(AUTH_QUERIES_MAX, 20);
    start_server();
    for (int i = 1; i < rows[_i].last; i++) {
        rows[_i].send();
        scripted_expect(&s, rows[_i].answer);
    }
    rows[_i].send();
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

START_TEST(failures_queries_and_others_are_counted_separately)
{
    start_server();
    for (int i = 1; i < AUTH_FAILURES_MAX; i++) {
        if (i % 2 == 0)
            send_bad_password();
        else
            send_bad_proof();
        scripted_expect(&s, "auth-failure " METHODS ";");
    }
    for (int i = 1; i < AUTH_QUERIES_MAX; i++)
        send_bad_query();
    for (int i = 1; i < AUTH_OTHERS_MAX; i++)
        send_none();
    scripted_run(&s);
    ck_assert(!s.real->ended);
    send_password("alice", "secret");
    scripted_run(&s);
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(failed_passwords_and_proofs_share_one_limit)
{
    start_server();
    for (int i = 1; i < AUTH_FAILURES_MAX; i++)
        send_bad_password();
    send_bad_proof();
    send_password("alice", "secret"); /* too late */
    scripted_run(&s);
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* ---- delays ---- */

static void pass(uint64_t ms)
{
    s.pair.now_ms += ms;
    nacre_session_tick(s.real->session, s.pair.now_ms);
    scripted_run(&s);
}

static void start_slow_server(void)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_limits.auth_delay_ms = 1;
    s.pair.server_limits.auth_tries = 20;
    scripted_start(&s);
}

START_TEST(the_delay_doubles_nine_times_and_no_more)
{
    start_slow_server();
    for (unsigned i = 0; i < 13; i++) {
        uint64_t delay = UINT64_C(1) << (i < 9 ? i : 9);

        send_bad_password();
        scripted_run(&s);
        pass(delay - 1);
        scripted_expect(&s, "");
        pass(1);
        scripted_expect(&s, "auth-failure " METHODS ";");
    }
    scripted_clear(&s);
}
END_TEST

START_TEST(the_next_request_waits_for_a_delayed_refusal)
{
    start_slow_server();
    if (_i == 0)
        send_bad_password();
    else
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?S", "alice", "ssh-connection", "password",
                      0, "sec\0et", (size_t)6); /* the policy is not asked */
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert(!s.real->authenticated);
    pass(1);
    scripted_expect(&s, "auth-failure " METHODS ";auth-success;");
    scripted_clear(&s);
}
END_TEST

/* ---- required methods ---- */

static struct pair p;

START_TEST(each_required_method_must_succeed)
{
    static const struct {
        const char *require;
        bool key, password, good;
    } cases[] = {
        {"publickey,password", true, true, true},
        {"password,publickey", true, true, true},
        {"publickey,password", true, false, false},
        {"publickey,password", false, true, false},
        {"publickey", true, false, true},
        {"publickey", false, true, false},
        {"password", true, true, true},
    };

    pair_init(&p, 22);
    p.policy.require = cases[_i].require;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = cases[_i].key ? 1 : 0;
    p.client_config.password = cases[_i].password ? "secret" : NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert_int_eq(p.server.authenticated, cases[_i].good);
    ck_assert_int_eq(p.client.authenticated, cases[_i].good);
    pair_clear(&p);
}
END_TEST

/* ---- attempted ---- */

static void attempted_calls(void *context, const char *user, const char *method, bool granted)
{
    struct end *e = context;

    note_attempt(context, user, method, granted);
    nacre_session_rekey(e->session);
}

START_TEST(a_rekey_may_start_inside_attempted)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = attempted_calls;
    scripted_start(&s);
    send_password("alice", _i == 0 ? "wrong" : "secret");
    scripted_expect(&s, _i == 0 ? "auth-failure " METHODS ";" : "auth-success;");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

static void attempted_ends(void *context, const char *user, const char *method, bool granted)
{
    struct end *e = context;

    note_attempt(context, user, method, granted);
    nacre_session_disconnect(e->session, NACRE_SHUTTING_DOWN, "no");
}

START_TEST(the_session_may_be_ended_inside_attempted)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = attempted_ends;
    scripted_start(&s);
    send_password("alice", _i == 0 ? "wrong" : "secret");
    scripted_expect(&s, "disconnect 11;");
    ck_assert(!s.real->authenticated);
    expect_ended(NACRE_SHUTTING_DOWN, SSH_DISCONNECT_BY_APPLICATION);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, too_many_requests_of_a_kind_end_the_session, 0, 6);
    add_test(suite, failures_queries_and_others_are_counted_separately);
    add_test(suite, failed_passwords_and_proofs_share_one_limit);
    add_test(suite, the_delay_doubles_nine_times_and_no_more);
    add_loop(suite, the_next_request_waits_for_a_delayed_refusal, 0, 2);
    add_loop(suite, each_required_method_must_succeed, 0, 7);
    add_loop(suite, a_rekey_may_start_inside_attempted, 0, 2);
    add_loop(suite, the_session_may_be_ended_inside_attempted, 0, 2);
}
