/* The password method, in both roles. RFC 4252 section 8. */
#include "tests/support/auth_script.h"
#include "tests/support/wiped.h"

#include <stdio.h>
#include <string.h>

/* ---- server ---- */

START_TEST(the_longest_user_name_and_password_are_not_truncated)
{
    static char user[NACRE_USER_MAX + 1], password[NACRE_PASSWORD_MAX + 1];
    char told[400];

    memset(user, 'u', sizeof user - 1);
    memset(password, 'p', sizeof password - 1);
    start_server();
    send_password(user, password);
    scripted_expect(&s, "auth-failure " METHODS ";");
    (void)snprintf(told, sizeof told, "refused %s password;", user);
    scripted_told(&s, told);
    scripted_clear(&s);
}
END_TEST

/* [4252/8/6] */
START_TEST(a_password_change_is_refused)
{
    start_server();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice", "ssh-connection", "password", 1,
                  "secret", "new");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice password;");
    scripted_clear(&s);
}
END_TEST

/* ---- client ---- */

/* [4252/8/5] */
START_TEST(a_client_that_cannot_change_an_expired_password_ends_with_an_authentication_error)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, 60, "ss", "Your password has expired", "en");
    scripted_expect(&s, "auth none;"); /* another method may succeed, */
    if (_i == 1) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password,publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0); /* ... but there is none */
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    if (_i == 0)
        ck_assert_str_eq(s.real->why_text, "the password has expired and must be changed");
    scripted_clear(&s);
}
END_TEST

static void ask_without_answer(void *context, const struct nacre_ask *ask)
{
    (void)ask;
    end_note(context, "asked;");
}

/* A person is being asked after a refusal, so no request waits for an answer. [4252/8/5] */
START_TEST(a_request_to_change_a_password_that_was_already_refused_is_an_error)
{
    static const char *const typed = "typed";

    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.ask = ask_without_answer;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "");
    scripted_told(&s, "asked;");
    scripted_send(&s, 60, "ss", "Your password has expired", "en");
    scripted_expect(&s, "disconnect 2;");
    expect_ended(NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_PROTOCOL_ERROR);
    nacre_session_respond(s.real->session, &typed, 1);
    scripted_clear(&s);
}
END_TEST

/* ---- both: an expired password ---- */

static struct pair p;
static const char *new_password;

static void ask(void *context, const struct nacre_ask *a)
{
    static const char *const password = "secret";
    struct end *e = context;

    end_note(e, "ask %d '%s' %d;", (int)a->kind, a->prompts[0].text, a->prompts[0].echo);
    ck_assert_uint_eq(a->count, 1);
    nacre_session_respond(e->session, a->kind == NACRE_ASK_NEW_PASSWORD ? &new_password : &password,
                          1);
}

static char stored[32];

static void expired(void *context, struct nacre_decision *d, const char *user, const char *password)
{
    (void)context;
    (void)user;
    if (strcmp(password, "secret") != 0)
        nacre_decide(d, false);
    else
        nacre_decide_change_password(d, "Pick\33 another: ");
}

static void change(void *context, struct nacre_decision *d, const char *user, const char *old,
                   const char *fresh)
{
    (void)context;
    (void)user;
    if (strcmp(fresh, "bad") == 0) {
        new_password = "good";
        nacre_decide_change_password(d, "Better: ");
        return;
    }
    (void)snprintf(stored, sizeof stored, "%s", fresh);
    nacre_decide(d, strcmp(old, "secret") == 0);
}

static void start_pair(void)
{
    pair_init(&p, 21);
    new_password = "bad";
    p.policy.password = expired;
    p.client_config.password = NULL;
    p.client_config.ask = ask;
}

START_TEST(an_expired_password_must_be_changed_first)
{
    start_pair();
    p.policy.change_password = change;
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    ck_assert_str_eq(stored, "good");
    ck_assert_str_eq(p.client.log,
                     "ask 0 'Password: ' 0;ask 1 'Pick? another: ' 0;ask 1 'Better: ' 0;");
    pair_clear(&p);
}
END_TEST

START_TEST(an_expired_password_never_logs_in)
{
    start_pair();
    p.client_config.ask = NULL;
    p.client_config.password = "secret";
    pair_start(&p);
    pair_run(&p);
    ck_assert(!p.client.authenticated && !p.server.authenticated);
    pair_clear(&p);
}
END_TEST

START_TEST(passwords_are_wiped_on_the_stack)
{
    uint8_t longest[NACRE_PASSWORD_MAX + 1];

    memset(longest, 'p', sizeof longest);
    longest[NACRE_PASSWORD_MAX] = 0;
    start_server();
    send_password("alice", (const char *)longest);
    wiped_record();
    scripted_expect(&s, "auth-failure " METHODS ";");
    assert_wiped(NACRE_PASSWORD_MAX + 1, 2); /* a change would have a second one */
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(longest)));
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_longest_user_name_and_password_are_not_truncated);
    add_test(suite, a_password_change_is_refused);
    add_loop(suite,
             a_client_that_cannot_change_an_expired_password_ends_with_an_authentication_error, 0,
             2);
    add_test(suite, a_request_to_change_a_password_that_was_already_refused_is_an_error);
    add_test(suite, an_expired_password_must_be_changed_first);
    add_test(suite, an_expired_password_never_logs_in);
    add_test(suite, passwords_are_wiped_on_the_stack);
}
