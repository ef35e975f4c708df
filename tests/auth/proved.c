/* What a login holds: what was proved, and what the policy attached to it. RFC 4252 section 5. */
#include "auth/identity.h"
#include "tests/support/auth_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT "alice@laptop"

/* ---- a policy that attaches a note to everything that it grants or refuses ---- */

static unsigned attached, released;
static const char *also;            /* for nacre_decide_also; or NULL */
static char seen_before[64];        /* the methods of nacre_decision_login in the last question */
static struct nacre_decision *open; /* with `later` */
static bool later;

static void release_note(void *note)
{
    released++;
    free(note);
}

static void note_methods(const struct nacre_login *login)
{
    const char *method;
    size_t len = 0;

    seen_before[0] = 0;
    for (size_t i = 0; login != NULL && (method = nacre_login_method(login, i)) != NULL; i++)
        len += (size_t)snprintf(seen_before + len, sizeof seen_before - len, "%s;", method);
}

static void answer(struct nacre_decision *d, const char *note, bool granted)
{
    attached++;
    nacre_decision_attach(d, strdup(note), release_note);
    note_methods(nacre_decision_login(d));
    if (later)
        open = d;
    else if (granted && also != NULL)
        nacre_decide_also(d, also);
    else
        nacre_decide(d, granted);
}

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)user;
    ck_assert_ptr_eq(nacre_decision_context(d), context);
    ck_assert_ptr_eq(nacre_decision_policy_data(d), &attached);
    ck_assert(!nacre_decision_is_over(d));
    answer(d, "password", nacre_password_equals(password, "secret"));
}

static void on_publickey(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    struct bytes right = private_key_blob(&s.pair.user_key);

    (void)context;
    (void)user;
    ck_assert(nacre_decision_set_comment(d, "another"));
    ck_assert(nacre_decision_set_comment(d, COMMENT));
    answer(d, offer->is_proof ? "proof" : "query",
           offer->key_len == right.len && memcmp(offer->key, right.at, right.len) == 0);
}

static void begin_with(const char *require)
{
    attached = released = 0;
    also = NULL;
    open = NULL;
    later = false;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = on_password;
    s.pair.policy.publickey = on_publickey;
    s.pair.policy.require = require;
    s.pair.policy.data = &attached;
    scripted_start(&s);
}

static void begin(void)
{
    begin_with(NULL);
}

/* Nothing is released twice or not at all. */
static void end(void)
{
    scripted_clear(&s);
    ck_assert_uint_eq(released, attached);
}

static const struct nacre_login *login(void)
{
    const struct nacre_login *l = nacre_session_login(s.real->session);

    ck_assert_ptr_nonnull(l);
    ck_assert_str_eq(nacre_login_user(l), "alice");
    return l;
}

/* The methods are these, each followed by a semicolon. */
static void expect_methods(const char *methods)
{
    note_methods(login());
    ck_assert_str_eq(seen_before, methods);
}

static void expect_no_key(void)
{
    size_t len = 1;

    ck_assert_ptr_null(nacre_login_key(login(), &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_null(nacre_login_key_algorithm(login()));
    ck_assert_ptr_null(nacre_login_key_comment(login()));
    ck_assert_ptr_null(nacre_login_fingerprint(login()));
    ck_assert_ptr_null(nacre_login_attached(login(), "publickey"));
}

static void expect_key(const char *comment)
{
    struct bytes right = private_key_blob(&s.pair.user_key);
    char print[FINGERPRINT_MAX];
    const uint8_t *key;
    size_t len;

    key = nacre_login_key(login(), &len);
    ck_assert_mem_eq(key, right.at, right.len);
    ck_assert_uint_eq(len, right.len);
    key_blob_fingerprint(right, print);
    ck_assert_str_eq(nacre_login_fingerprint(login()), print);
    ck_assert_str_eq(nacre_login_key_algorithm(login()), "ssh-ed25519");
    ck_assert_str_eq(nacre_login_key_comment(login()), comment);
}

static void prove(void)
{
    const struct proof p = right_proof();

    send_proof(&p);
}

/* ---- one factor ---- */

START_TEST(a_login_by_password_has_no_key)
{
    begin();
    ck_assert_ptr_null(nacre_session_login(s.real->session));
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    expect_methods("password;");
    expect_no_key();
    ck_assert_str_eq(nacre_login_attached(login(), "password"), "password");
    ck_assert_str_eq(nacre_login_attached(login(), NULL), "password");
    end();
}
END_TEST

START_TEST(a_login_by_key_has_the_key)
{
    begin();
    send_good_query();
    prove();
    scripted_expect(&s, "pk-ok;auth-success;");
    expect_methods("publickey;");
    expect_key(COMMENT);
    ck_assert_str_eq(nacre_login_attached(login(), "publickey"), "proof");
    ck_assert_ptr_null(nacre_login_attached(login(), "password"));
    ck_assert_uint_eq(released, 1); /* the query's */
    end();
}
END_TEST

/* The fault that made servers take mallory for the owner of a key. */
START_TEST(a_key_that_was_only_queried_is_not_in_the_login)
{
    begin();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "pk-ok;auth-success;");
    expect_methods("password;");
    expect_no_key();
    end();
}
END_TEST

START_TEST(what_was_refused_is_not_in_the_login)
{
    struct proof wrong;

    begin();
    wrong = right_proof();
    wrong.flip = 7;
    send_proof(&wrong);
    send_bad_password();
    send_bad_query();
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure " METHODS ";auth-failure " METHODS ";auth-failure " METHODS
                        ";auth-success;");
    ck_assert_uint_eq(released, 3);
    expect_methods("password;");
    expect_no_key();
    end();
}
END_TEST

/* ---- several ---- */

START_TEST(each_factor_is_in_the_login)
{
    begin_with("publickey,password");
    prove();
    scripted_expect(&s, "auth-failure password partial;");
    ck_assert_ptr_null(nacre_session_login(s.real->session));
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    ck_assert_str_eq(seen_before, "publickey;"); /* by the policy, when it was asked */
    expect_methods("publickey;password;");
    expect_key(COMMENT);
    ck_assert_str_eq(nacre_login_attached(login(), "publickey"), "proof");
    ck_assert_str_eq(nacre_login_attached(login(), NULL), "password");
    end();
}
END_TEST

START_TEST(another_user_begins_from_nothing)
{
    begin_with("publickey,password");
    send_password("mallory", "secret");
    scripted_expect(&s, "auth-failure publickey partial;");
    prove();
    scripted_expect(&s, "auth-failure password partial;");
    ck_assert_str_eq(seen_before, "");
    ck_assert_uint_eq(released, 1);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    expect_methods("publickey;password;");
    end();
}
END_TEST

START_TEST(a_policy_may_require_more_of_a_user)
{
    begin();
    also = "password";
    send_good_query();
    scripted_expect(&s, "pk-ok;");
    prove();
    scripted_expect(&s, "auth-failure password partial;");
    ck_assert(!s.real->authenticated);
    prove(); /* again: that is no second factor */
    scripted_expect(&s, "auth-failure password;");
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    expect_methods("publickey;password;");
    end();
}
END_TEST

START_TEST(a_policy_may_require_two_more_beside_its_own)
{
    begin_with("publickey");
    also = "password,publickey";
    prove();
    scripted_expect(&s, "auth-failure password partial;");
    also = NULL;
    send_bad_password();
    scripted_expect(&s, "auth-failure password;");
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    end();
}
END_TEST

/* What was required of the one does not bind, nor free, the other. */
START_TEST(what_is_required_of_a_user_ends_with_the_user)
{
    begin();
    also = "publickey";
    send_password("mallory", "secret");
    scripted_expect(&s, "auth-failure publickey partial;");
    also = NULL;
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    expect_methods("password;");
    end();
}
END_TEST

START_TEST(a_method_that_is_not_offered_cannot_be_required)
{
    static const char *const methods[] = {"keyboard-interactive", "none", "gssapi", "password,x"};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        begin();
        also = methods[i];
        send_password("alice", "secret");
        scripted_expect(&s, "auth-failure " METHODS ";");
        ck_assert_uint_eq(released, 1);
        end();
    }
}
END_TEST

/* ---- the end ---- */

START_TEST(an_attachment_lives_until_after_the_end)
{
    begin();
    send_password("alice", "secret");
    scripted_expect(&s, "auth-success;");
    nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "over");
    ck_assert(s.real->ended);
    ck_assert_str_eq(nacre_login_attached(login(), NULL), "password");
    ck_assert_uint_eq(released, 0);
    end();
}
END_TEST

/* Disconnected, or freed; then any answer releases what was attached. */
START_TEST(a_decision_knows_that_its_session_has_ended)
{
    begin();
    later = true;
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert_ptr_eq(nacre_decision_context(open), s.real);
    ck_assert(!nacre_decision_is_over(open));
    if (_i < 2)
        nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "over");
    else
        scripted_clear(&s);
    ck_assert(nacre_decision_is_over(open));
    ck_assert_ptr_null(nacre_decision_context(open));
    ck_assert_ptr_null(nacre_decision_login(open));
    ck_assert_ptr_eq(nacre_decision_policy_data(open), &attached);
    ck_assert_uint_eq(released, 0);
    if (_i % 2 == 0)
        nacre_decide(open, true);
    else
        nacre_decide_also(open, "publickey");
    ck_assert_uint_eq(released, 1);
    if (_i < 2)
        scripted_clear(&s);
}
END_TEST

START_TEST(attaching_again_replaces_what_was_attached)
{
    begin();
    later = true;
    send_password("alice", "secret");
    scripted_expect(&s, "");
    nacre_decision_attach(open, "static text", NULL);
    ck_assert_uint_eq(released, 1);
    nacre_decide(open, true);
    nacre_session_tick(s.real->session, s.pair.now_ms);
    scripted_expect(&s, "auth-success;");
    ck_assert_str_eq(nacre_login_attached(login(), NULL), "static text");
    end();
}
END_TEST

/* ---- a client ---- */

START_TEST(a_client_has_what_it_proved)
{
    start_client();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth " BOUND ";");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 1);
    scripted_expect(&s, "auth password;");
    ck_assert_ptr_null(nacre_session_login(s.real->session));
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_run(&s);
    expect_methods("publickey;password;");
    expect_key("");
    ck_assert_ptr_null(nacre_login_attached(login(), "publickey"));
    scripted_clear(&s);
}
END_TEST

START_TEST(a_client_proves_nothing_by_a_query)
{
    start_client();
    if (_i > 0) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_run(&s);
    expect_methods("");
    expect_no_key();
    scripted_clear(&s);
}
END_TEST

static void type_secret(void *context, const struct nacre_ask *ask)
{
    static const char *const typed[] = {"secret"};

    (void)context;
    nacre_session_respond(s.real->session, typed, ask->count);
}

/* A server that never has enough: the record has an end. */
START_TEST(a_client_records_a_few_methods)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.ask = type_secret;
    scripted_start(&s);
    for (int i = 0; i < 3; i++)
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 1);
    for (int i = 0; i < 2; i++)
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "keyboard-interactive", 1);
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_run(&s);
    expect_methods("password;password;password;keyboard-interactive;");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_login_by_password_has_no_key);
    add_test(suite, a_login_by_key_has_the_key);
    add_test(suite, a_key_that_was_only_queried_is_not_in_the_login);
    add_test(suite, what_was_refused_is_not_in_the_login);
    add_test(suite, each_factor_is_in_the_login);
    add_test(suite, another_user_begins_from_nothing);
    add_test(suite, a_policy_may_require_more_of_a_user);
    add_test(suite, a_policy_may_require_two_more_beside_its_own);
    add_test(suite, what_is_required_of_a_user_ends_with_the_user);
    add_test(suite, a_method_that_is_not_offered_cannot_be_required);
    add_test(suite, an_attachment_lives_until_after_the_end);
    add_loop(suite, a_decision_knows_that_its_session_has_ended, 0, 4);
    add_test(suite, attaching_again_replaces_what_was_attached);
    add_test(suite, a_client_has_what_it_proved);
    add_loop(suite, a_client_proves_nothing_by_a_query, 0, 2);
    add_test(suite, a_client_records_a_few_methods);
}
