/* Answers that do not fit the question, from the person at a client and from a server's policy:
 * none, too many, too long, or to another question. RFC 4252 section 8, RFC 4256 section 3. */
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static struct pair p;
static struct scripted s;

/* ---- a person ---- */

static char long_text[20000];

/* The person's answer: the text, count times; NULL for none. */
static struct {
    const char *text;
    size_t count;
} answers[3]; /* by nacre_ask.kind */

static void ask(void *context, const struct nacre_ask *a)
{
    const char *texts[NACRE_SERVER_PROMPTS_MAX + 1];
    struct end *e = context;
    size_t count = answers[a->kind].count;

    end_note(e, "ask %d%s%s;", (int)a->kind, a->instruction[0] != 0 ? ": " : "", a->instruction);
    for (size_t i = 0; i < count; i++)
        texts[i] = answers[a->kind].text;
    nacre_session_respond(e->session, answers[a->kind].text == NULL ? NULL : texts, count);
}

static void set_answer(int what, const char *text, size_t count)
{
    answers[what].text = text;
    answers[what].count = count;
}

static void start_with_person(void)
{
    memset(long_text, 'x', sizeof long_text - 1);
    pair_init(&p, 22);
    p.client_config.password = NULL;
    p.client_config.ask = ask;
    for (int i = 0; i < 3; i++)
        set_answer(i, "secret", 1);
}

/* The login fails, and both ends report it. */
static void expect_refusal(const char *asked)
{
    pair_start(&p);
    pair_run(&p);
    ck_assert_str_eq(p.client.log, asked);
    ck_assert(!p.client.authenticated && !p.server.authenticated);
    ck_assert_int_eq(p.client.why.cause, NACRE_AUTH_FAILED);
    ck_assert_int_eq(p.server.why.cause, NACRE_DISCONNECTED);
    pair_clear(&p);
}

START_TEST(a_password_that_a_person_types_logs_in)
{
    start_with_person();
    pair_start(&p);
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "ask 0;");
    ck_assert(p.client.authenticated && p.server.authenticated);
    pair_clear(&p);
}
END_TEST

/* A person who has no answer is not asked again. */
START_TEST(no_password_or_several_give_up_the_method)
{
    start_with_person();
    if (_i == 0)
        set_answer(NACRE_ASK_PASSWORD, NULL, 0);
    else
        set_answer(NACRE_ASK_PASSWORD, "secret", (size_t)_i + 1);
    expect_refusal("ask 0;");
}
END_TEST

/* And the person learns why. */
START_TEST(a_typed_password_that_is_too_long_is_asked_for_again)
{
    start_with_person();
    set_answer(NACRE_ASK_PASSWORD, long_text, 1);
    expect_refusal("ask 0;ask 0: the password is longer than 1024 bytes;"
                   "ask 0: the password is longer than 1024 bytes;");
}
END_TEST

static void must_change(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_change_password(d, "New: ");
}

static void never(void *context, struct nacre_decision *d, const char *user, const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide(d, false);
}

static void never_change(void *context, struct nacre_decision *d, const char *user,
                         const char *old_password, const char *new_password)
{
    (void)context;
    (void)user;
    (void)old_password;
    (void)new_password;
    nacre_decide(d, false);
    ck_abort_msg("an unusable new password reached the policy");
}

START_TEST(no_new_password_or_one_that_is_too_long_gives_up_the_method)
{
    start_with_person();
    p.policy.password = must_change;
    p.policy.change_password = never_change;
    if (_i == 0)
        set_answer(NACRE_ASK_NEW_PASSWORD, NULL, 0);
    else if (_i == 1)
        set_answer(NACRE_ASK_NEW_PASSWORD, "new", 2);
    else
        set_answer(NACRE_ASK_NEW_PASSWORD, long_text, 1);
    expect_refusal("ask 0;ask 1;");
}
END_TEST

/* ---- a policy ---- */

static struct nacre_prompt prompts[NACRE_SERVER_PROMPTS_MAX + 1];
static size_t prompt_count;

static void interactive(void *context, struct nacre_decision *d, const char *user,
                        const char *const *responses, size_t count)
{
    (void)context;
    (void)user;
    (void)count;
    if (responses == NULL)
        nacre_decide_ask_more(d, "", "", prompts, prompt_count);
    else
        nacre_decide(d, true);
}

static void start_interactive(size_t count, bool echo)
{
    start_with_person();
    p.policy.password = NULL;
    p.policy.interactive = interactive;
    prompt_count = count;
    for (size_t i = 0; i < count; i++)
        prompts[i] = (struct nacre_prompt){"What? ", echo};
}

START_TEST(responses_that_are_too_long_are_not_sent)
{
    start_interactive(1, false);
    set_answer(NACRE_ASK_INTERACTIVE, long_text, 1);
    expect_refusal("ask 2;ask 2;ask 2;");
}
END_TEST

START_TEST(a_wrong_number_of_responses_gives_up_the_method)
{
    start_interactive(2, false);
    set_answer(NACRE_ASK_INTERACTIVE, "secret", (size_t)_i == 0 ? 1 : 3);
    expect_refusal("ask 2;");
}
END_TEST

START_TEST(too_many_prompts_from_the_policy_are_a_refusal)
{
    start_interactive(NACRE_SERVER_PROMPTS_MAX + 1, false);
    expect_refusal("");
}
END_TEST

static int asked;

/* The person's first answer is too long, and the others are wrong. */
static void ask_again(void *context, const struct nacre_ask *a)
{
    set_answer((int)a->kind, asked++ == 0 ? long_text : "wrong", 1);
    ask(context, a);
}

static void always_wrong(void *context, struct nacre_decision *d, const char *user,
                         const char *const *responses, size_t count)
{
    if (responses == NULL)
        interactive(context, d, user, responses, count);
    else
        nacre_decide(d, false);
}

/* What stopped the first attempt is not why the login ends. */
START_TEST(an_answer_that_can_be_sent_clears_the_reason_to_give_up)
{
    start_interactive(1, false);
    asked = 0;
    p.client_config.ask = ask_again;
    p.policy.interactive = _i == 1 ? always_wrong : NULL;
    p.policy.password = _i == 0 ? never : NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert_int_eq(asked, 3);
    ck_assert_str_eq(p.client.why_text, "no more authentication methods to try");
    pair_clear(&p);
}
END_TEST

/* Without a person and without a password the method is not tried. With a password, a request
 * without prompts gets an empty response, one hidden prompt gets the password, and any other is
 * declined. */
START_TEST(without_a_person_the_password_answers_what_it_can)
{
    static const struct {
        size_t prompts;
        bool echo, password, good;
    } cases[] = {
        {0, false, false, false}, {0, false, true, true},   {1, false, true, true},
        {1, true, true, false},   {1, false, false, false}, {2, false, true, false},
    };

    start_interactive(cases[_i].prompts, cases[_i].echo);
    p.client_config.ask = NULL;
    p.client_config.password = cases[_i].password ? "secret" : NULL;
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated == cases[_i].good);
    ck_assert(p.server.authenticated == cases[_i].good);
    pair_clear(&p);
}
END_TEST

static void ask_for_more(void *context, struct nacre_decision *d, const char *user,
                         const char *password)
{
    static const struct nacre_prompt prompt = {"More: ", false};

    (void)context;
    (void)user;
    (void)password;
    nacre_decide_ask_more(d, "", "", &prompt, 1);
}

/* Only keyboard-interactive can ask for more, */
START_TEST(asking_for_more_in_answer_to_a_password_is_a_refusal)
{
    start_with_person();
    p.policy.password = ask_for_more;
    expect_refusal("ask 0;ask 0;ask 0;");
}
END_TEST

static void change_a_key(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    (void)context;
    (void)user;
    (void)offer;
    nacre_decide_change_password(d, "Another key: ");
}

/* ... and only a password can have expired. */
START_TEST(a_password_change_in_answer_to_a_key_is_a_refusal)
{
    start_with_person();
    p.policy.password = NULL;
    p.policy.publickey = change_a_key;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    expect_refusal("");
}
END_TEST

/* ---- the other side's messages ---- */

/* RFC 4256 section 3.1: exactly two strings. */
START_TEST(a_malformed_keyboard_interactive_request_disconnects)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.interactive = interactive;
    scripted_start(&s);
    if (_i == 0)
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "ssss", "alice", "ssh-connection",
                      "keyboard-interactive", "");
    else
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sssssb", "alice", "ssh-connection",
                      "keyboard-interactive", "", "", 0);
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

/* The client knows the method, but tries it only in place of publickey. */
START_TEST(a_client_does_not_try_hostbound_under_its_own_name)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.keys = s.pair.user_keys;
    s.pair.client_config.key_count = 1;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey-hostbound-v00@openssh.com,none",
                  0);
    scripted_expect(&s, "disconnect 14;");
    ck_assert_int_eq(s.real->why.cause, NACRE_AUTH_FAILED);
    scripted_clear(&s);
}
END_TEST

/* RFC 8308 section 3.1: server-sig-algs does not name the key's algorithm. */
START_TEST(a_key_that_the_server_cannot_verify_is_not_offered)
{
    pair_init(&p, 22);
    p.server_config.public_key = "rsa-sha2-512";
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated); /* with the password */
    pair_clear(&p);
}
END_TEST

START_TEST(an_info_request_after_success_disconnects)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.ask = ask;
    set_answer(NACRE_ASK_INTERACTIVE, "secret", 1);
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "keyboard-interactive", 0);
    scripted_expect(&s, "auth keyboard-interactive;");
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_send(&s, SSH_MSG_USERAUTH_INFO_REQUEST, "sssu", "", "", "", (uint32_t)0);
    transport_set_phase(&s.t, PHASE_CONNECTION);
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_password_that_a_person_types_logs_in);
    add_loop(suite, no_password_or_several_give_up_the_method, 0, 2);
    add_test(suite, a_typed_password_that_is_too_long_is_asked_for_again);
    add_loop(suite, no_new_password_or_one_that_is_too_long_gives_up_the_method, 0, 3);
    add_test(suite, responses_that_are_too_long_are_not_sent);
    add_loop(suite, a_wrong_number_of_responses_gives_up_the_method, 0, 2);
    add_test(suite, too_many_prompts_from_the_policy_are_a_refusal);
    add_loop(suite, an_answer_that_can_be_sent_clears_the_reason_to_give_up, 0, 2);
    add_loop(suite, without_a_person_the_password_answers_what_it_can, 0, 6);
    add_test(suite, asking_for_more_in_answer_to_a_password_is_a_refusal);
    add_test(suite, a_password_change_in_answer_to_a_key_is_a_refusal);
    add_loop(suite, a_malformed_keyboard_interactive_request_disconnects, 0, 2);
    add_test(suite, a_client_does_not_try_hostbound_under_its_own_name);
    add_test(suite, a_key_that_the_server_cannot_verify_is_not_offered);
    add_test(suite, an_info_request_after_success_disconnects);
}
