/* Decisions that come later, and the order of answers. RFC 4252 section 5.1. */
#include "tests/support/auth_script.h"

/* [4252/5.1/4] */
START_TEST(requests_sent_ahead_are_answered_in_order)
{
    start_server();
    s.chunk = _i == 0 ? 0 : 1; /* whole, and a byte at a time */
    send_none();
    send_good_query();
    send_bad_password();
    send_bad_query();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure " METHODS ";pk-ok;auth-failure " METHODS
                        ";auth-failure " METHODS ";pk-ok;auth-success;");
    scripted_clear(&s);
}
END_TEST

static struct nacre_decision *open_decision;
static int asked;

static void password_later(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    end_note(context, "asked %s %s;", user, password);
    ck_assert_ptr_null(open_decision); /* one at a time */
    open_decision = d;
    asked++;
}

static void publickey_later(void *context, struct nacre_decision *d, const char *user,
                            const char *algorithm, const uint8_t *key, size_t len)
{
    ck_assert_uint_gt(len, 0);
    ck_assert_ptr_nonnull(key);
    password_later(context, d, user, algorithm);
}

static void late_start(void)
{
    open_decision = NULL;
    asked = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.policy.publickey = publickey_later;
    scripted_start(&s);
}

/* What an owner does when it is woken. */
static void decide(bool granted)
{
    struct nacre_decision *d = open_decision;
    unsigned wakes = s.real->wakes;

    ck_assert_ptr_nonnull(d);
    open_decision = NULL;
    nacre_decide(d, granted);
    ck_assert_uint_gt(s.real->wakes, wakes);
    nacre_session_tick(s.real->session, s.pair.now_ms);
}

START_TEST(requests_wait_for_a_late_decision_and_are_answered_in_order)
{
    late_start();
    send_bad_password();
    send_none();
    send_good_query();
    send_none();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    scripted_told(&s, "asked alice wrong;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(true);
    scripted_expect(&s, "pk-ok;auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "asked alice secret;");
    decide(true);
    scripted_expect(&s, "auth-success;");
    ck_assert(s.real->authenticated);
    ck_assert_int_eq(asked, 4);
    scripted_clear(&s);
}
END_TEST

START_TEST(no_memory_piles_up_behind_a_late_decision)
{
    static const char zeros[1000];
    size_t before;

    late_start();
    send_bad_password();
    scripted_expect(&s, "");
    before = nacre_endpoint_memory(s.real->endpoint);
    for (int i = 0; i < 1000 && transport_output(&s.t).len < 60000; i++) {
        scripted_send(&s, SSH_MSG_IGNORE, "S", zeros, sizeof zeros);
        scripted_run(&s);
    }
    ck_assert_uint_lt(nacre_endpoint_memory(s.real->endpoint), before + 2 * BLOCK_LARGE);
    ck_assert(!s.real->ended);
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_decision_that_comes_after_the_end_changes_nothing)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "over");
    ck_assert(s.real->ended);
    nacre_decide(open_decision, true);
    scripted_expect(&s, "disconnect 11;");
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(the_time_for_a_login_runs_while_a_decision_is_open)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert_uint_le(nacre_session_deadline(s.real->session), 120 * 1000);
    nacre_session_tick(s.real->session, 120 * 1000);
    expect_ended(NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION);
    scripted_expect(&s, "disconnect 11;");
    nacre_decide(open_decision, true);
    scripted_clear(&s);
}
END_TEST

static void password_unable(void *context, struct nacre_decision *d, const char *user,
                            const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_unable(d);
}

static unsigned undecided;

static void count_undecided(void *context, enum nacre_limit limit)
{
    (void)context;
    undecided += limit == NACRE_LIMIT_DECISIONS;
}

START_TEST(a_login_that_cannot_be_decided_is_no_guess)
{
    static const struct nacre_observer observer = {.limited = count_undecided};

    undecided = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    s.pair.policy.password = password_unable;
    s.pair.server_config.observer = &observer;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "disconnect 11;");
    scripted_told(&s, "");
    ck_assert_int_eq(s.real->why.cause, NACRE_OUT_OF_RESOURCES);
    ck_assert_uint_eq(undecided, 1);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, requests_sent_ahead_are_answered_in_order, 0, 2);
    add_test(suite, requests_wait_for_a_late_decision_and_are_answered_in_order);
    add_test(suite, no_memory_piles_up_behind_a_late_decision);
    add_test(suite, a_decision_that_comes_after_the_end_changes_nothing);
    add_test(suite, the_time_for_a_login_runs_while_a_decision_is_open);
    add_test(suite, a_login_that_cannot_be_decided_is_no_guess);
}
