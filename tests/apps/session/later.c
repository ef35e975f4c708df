/* A session's answers that come later: whether the host key is accepted, and the login to use. */
#include "transport/message.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

static struct pair p;

/* ---- an answer about the host key that comes later ---- */

static int asked_about;           /* how often */
static enum nacre_answer at_once; /* what the callback returns */
static int inside;                /* 1, -1: the answer from inside the callback */

static enum nacre_answer ask_about(void *context, const char *algorithm, const uint8_t *key,
                                   size_t len)
{
    struct bytes right = private_key_blob(&p.host_key);

    (void)context;
    ck_assert_str_eq(algorithm, "ssh-ed25519");
    ck_assert(bytes_equal((struct bytes){key, len}, right));
    asked_about++;
    if (inside != 0)
        nacre_session_answer_host_key(p.client.session, inside > 0);
    return at_once;
}

static void start_asking(void)
{
    asked_about = inside = 0;
    at_once = NACRE_LATER;
    pair_init(&p, 5);
    p.client_config.host_key_accepted = ask_about;
    pair_start(&p);
    nacre_session_answer_host_key(p.client.session, true); /* nobody has asked */
    pair_run(&p);
}

static void answer_host_key(bool accepted)
{
    nacre_session_answer_host_key(p.client.session, accepted);
    nacre_session_answer_host_key(p.client.session, !accepted); /* too late */
    pair_run(&p);
}

START_TEST(a_client_waits_for_an_answer_about_the_host_key)
{
    struct nacre_channel *ch;

    start_asking();
    ck_assert_int_eq(asked_about, 1);
    ck_assert(!p.client.authenticated);
    ck_assert_str_eq(nacre_session_phase(p.client.session), "kex");
    pair_pass(&p, 60 * 1000); /* a person looks for the fingerprint */
    ck_assert(!p.client.ended && !p.server.ended);
    answer_host_key(true);
    ck_assert(p.client.authenticated);
    ch = pair_open(&p);
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert_int_eq(asked_about, 2);
    ck_assert_str_eq(nacre_session_phase(p.client.session), "rekey");
    answer_host_key(true);
    ck_assert_str_eq(nacre_session_phase(p.client.session), "connection");
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 5); /* the server's echo */
    pair_clear(&p);
}
END_TEST

/* In the first key exchange, or in a later one. */
START_TEST(a_host_key_that_is_rejected_later_ends_the_session)
{
    start_asking();
    if (_i == 1) {
        answer_host_key(true);
        (void)pair_open(&p);
        nacre_session_rekey(p.client.session);
        pair_run(&p);
    }
    answer_host_key(false);
    ck_assert(p.client.ended && p.server.ended);
    ck_assert_int_eq(p.client.why.cause, NACRE_HOST_KEY_REJECTED);
    ck_assert_uint_eq(p.client.why.code, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
    ck_assert_int_eq(p.server.why.cause, NACRE_DISCONNECTED);
    ck_assert_int_eq(p.client.authenticated, _i == 1);
    pair_clear(&p);
}
END_TEST

START_TEST(the_host_key_can_be_answered_from_inside_its_callback)
{
    static const struct {
        int inside;
        enum nacre_answer returned;
        bool accepted;
    } rows[] = {{1, NACRE_LATER, true},
                {-1, NACRE_LATER, false},
                {1, NACRE_REFUSE, false}, /* what is returned counts, unless it is NACRE_LATER */
                {-1, NACRE_GRANT, true}};

    asked_about = 0;
    inside = rows[_i].inside;
    at_once = rows[_i].returned;
    pair_init(&p, 5);
    p.client_config.host_key_accepted = ask_about;
    pair_start(&p);
    pair_run(&p);
    ck_assert_int_eq(p.client.authenticated, rows[_i].accepted);
    ck_assert_int_eq(p.client.ended, !rows[_i].accepted);
    pair_clear(&p);
}
END_TEST

START_TEST(an_answer_about_the_host_key_after_the_end_has_no_effect)
{
    start_asking();
    nacre_session_disconnect(p.client.session, NACRE_WE_CLOSED, "no time");
    answer_host_key(true);
    ck_assert(!p.client.authenticated);
    ck_assert_int_eq(p.client.why.cause, NACRE_WE_CLOSED);
    pair_clear(&p);
}
END_TEST

/* ---- a login of its own ---- */

START_TEST(a_session_may_log_in_as_another_user)
{
    static const struct nacre_client_login right = {.user = "alice", .password = "secret"};
    const struct nacre_client_login other = {.user = "bob"};

    pair_init(&p, 5);
    p.client_config.user = _i == 0 ? NULL : "bob";
    p.client_config.password = "wrong";
    pair_start(&p);
    nacre_session_set_login(p.client.session, &right);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    ck_assert_str_eq(nacre_session_user(p.client.session), "alice");
    ck_assert_str_eq(nacre_session_user(p.server.session), "alice");
    nacre_session_set_login(p.client.session, &other); /* too late */
    ck_assert_str_eq(nacre_session_user(p.client.session), "alice");
    pair_clear(&p);
}
END_TEST

START_TEST(a_session_without_a_user_does_not_log_in)
{
    pair_init(&p, 5);
    p.client_config.user = NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert(!p.client.authenticated);
    ck_assert_int_eq(p.client.why.cause, NACRE_AUTH_FAILED);
    ck_assert_str_eq(p.client.why_text, "no user to log in as was set");
    pair_clear(&p);
}
END_TEST
void add_tests(struct suite *suite)
{
    add_test(suite, a_client_waits_for_an_answer_about_the_host_key);
    add_loop(suite, a_host_key_that_is_rejected_later_ends_the_session, 0, 2);
    add_loop(suite, the_host_key_can_be_answered_from_inside_its_callback, 0, 4);
    add_test(suite, an_answer_about_the_host_key_after_the_end_has_no_effect);
    add_loop(suite, a_session_may_log_in_as_another_user, 0, 2);
    add_test(suite, a_session_without_a_user_does_not_log_in);
}
