/* Logins of more than one step: keyboard-interactive (RFC 4256), password change, required methods
 * and banner (RFC 4252 sections 5.1, 5.4 and 8), both roles against each other and against scripts.
 */
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static struct scripted s;
static struct pair p;

/* ---- the server's side: a name and a colour ---- */

static void interactive(void *context, struct nacre_decision *d, const char *user,
                        const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{"Password: ", false}, {"Colour: ", true}};

    end_note(context, "asked %s %zu;", user, count);
    if (responses == NULL)
        nacre_decide_ask_more(d, "name", "instruction", prompts, 2);
    else if (count == 0)
        nacre_decide(d, true); /* after the last, empty request */
    else if (strcmp(responses[0], "secret") == 0 && strcmp(responses[1], "blue") == 0)
        nacre_decide_ask_more(d, "", "nearly there", prompts, 0);
    else
        nacre_decide(d, false);
}

/* ---- the client's side ---- */

static const char *answers[2] = {"secret", "blue"};
static const char *new_password = "new";
static bool silent;

static void ask(void *context, const struct nacre_ask *a)
{
    struct end *e = context;

    end_note(e, "ask %d '%s' '%s'", (int)a->kind, a->name, a->instruction);
    for (size_t i = 0; i < a->count; i++)
        end_note(e, " '%s' %d", a->prompts[i].text, a->prompts[i].echo);
    end_note(e, ";");
    if (silent)
        nacre_session_respond(e->session, NULL, 0);
    else if (a->kind == NACRE_ASK_INTERACTIVE)
        nacre_session_respond(e->session, answers, a->count);
    else
        nacre_session_respond(e->session,
                              a->kind == NACRE_ASK_NEW_PASSWORD ? &new_password : &answers[0], 1);
}

static void show_banner(void *context, const char *text)
{
    end_note(context, "banner %s;", text);
}

static void start_pair(void)
{
    pair_init(&p, 21);
    silent = false;
    answers[0] = "secret";
    p.policy.password = NULL;
    p.policy.publickey = NULL;
    p.policy.interactive = interactive;
    p.client_config.password = NULL;
    p.client_config.ask = ask;
    p.client_config.banner = show_banner;
}

START_TEST(questions_are_asked_until_the_policy_is_content)
{
    start_pair();
    p.chunk = _i == 0 ? 0 : 1;
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated && p.server.authenticated);
    ck_assert_str_eq(p.server.log, "asked alice 0;asked alice 2;asked alice 0;");
    ck_assert_str_eq(
        p.client.log,
        "ask 2 'name' 'instruction' 'Password: ' 0 'Colour: ' 1;ask 2 '' 'nearly there';");
    pair_clear(&p);
}
END_TEST

START_TEST(wrong_answers_and_silence_do_not_log_in)
{
    start_pair();
    answers[0] = "wrong";
    silent = _i == 1;
    pair_start(&p);
    pair_run(&p);
    ck_assert(!p.client.authenticated && !p.server.authenticated);
    ck_assert_int_eq(p.client.why.cause, NACRE_AUTH_FAILED);
    pair_clear(&p);
}
END_TEST

START_TEST(without_a_person_the_password_answers_one_hidden_prompt)
{
    start_pair();
    p.client_config.ask = NULL;
    p.client_config.password = "secret";
    pair_start(&p);
    pair_run(&p);
    ck_assert(!p.client.authenticated); /* there were two prompts */
    pair_clear(&p);
}
END_TEST

/* ---- password change ---- */

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

START_TEST(an_expired_password_must_be_changed_first)
{
    start_pair();
    p.policy.interactive = NULL;
    p.policy.password = expired;
    p.policy.change_password = change;
    new_password = "bad";
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    ck_assert_str_eq(stored, "good");
    ck_assert_str_eq(p.client.log, "ask 0 '' '' 'Password: ' 0;ask 1 '' '' 'Pick? another: ' 0;"
                                   "ask 1 '' '' 'Better: ' 0;");
    pair_clear(&p);
}
END_TEST

START_TEST(an_expired_password_never_logs_in)
{
    start_pair();
    p.policy.interactive = NULL;
    p.policy.password = expired;
    p.client_config.ask = NULL;
    p.client_config.password = "secret";
    pair_start(&p);
    pair_run(&p);
    ck_assert(!p.client.authenticated && !p.server.authenticated);
    pair_clear(&p);
}
END_TEST

/* ---- several methods ---- */

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
        {"nosuch", true, true, false},
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

static void yes(void *context, struct nacre_decision *d, const char *user, const char *password)
{
    (void)context;
    (void)user;
    nacre_decide(d, strcmp(password, "secret") == 0);
}

static void script(void)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.interactive = interactive;
    s.pair.policy.password = yes;
}

/* [4252/5/1] and section 5.1: partial success is said, what is done is not listed again */
START_TEST(what_one_user_reached_does_not_count_for_another)
{
    script();
    s.pair.policy.require = "password,keyboard-interactive";
    scripted_start(&s);
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "wrong");
    scripted_expect(&s, "auth-failure password,keyboard-interactive;");
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "secret");
    scripted_expect(&s, "auth-failure keyboard-interactive partial;");
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "secret");
    scripted_expect(&s, "auth-failure keyboard-interactive;"); /* it is done */
    scripted_send(&s, 50, "sssss", "bob", "ssh-connection", "keyboard-interactive", "", "");
    scripted_send(&s, 61, "uss", 2, "secret", "blue");
    scripted_send(&s, 61, "u", 0);
    scripted_run(&s);
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* ---- RFC 4256 against a script ---- */

static void begin_interactive(void)
{
    script();
    scripted_start(&s);
    scripted_send(&s, 50, "sssss", "alice", "ssh-connection", "keyboard-interactive", "", "");
    scripted_run(&s);
    ck_assert_uint_eq(s.last[0], 60);
    s.log[0] = 0;
}

/* Section 3.4 */
START_TEST(another_number_of_responses_is_a_failure)
{
    begin_interactive();
    if (_i == 0)
        scripted_send(&s, 61, "u", 0);
    else if (_i == 1)
        scripted_send(&s, 61, "usss", 3, "secret", "blue", "more");
    else
        scripted_send(&s, 61, "uss", 0x7fffffff, "secret", "blue");
    scripted_expect(&s, "auth-failure publickey,password,keyboard-interactive;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_response_that_is_malformed_disconnects)
{
    static const uint8_t nul[] = {0, 0, 0, 1, 0};

    begin_interactive();
    switch (_i) {
    case 0:
        scripted_send(&s, 61, "us", 2, "secret");
        break;
    case 1:
        scripted_send(&s, 61, "ussb", 2, "secret", "blue", 0);
        break;
    case 2:
        scripted_send(&s, 61, "");
        break;
    default: /* a NUL in a response is a wrong one */
        scripted_send(&s, 61, "usx", 2, "secret", nul, sizeof nul);
        scripted_expect(&s, "auth-failure publickey,password,keyboard-interactive;");
        scripted_clear(&s);
        return;
    }
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

/* [4252/5/6], [4252/5.1/5]: the new request alone is answered; the late response is out of place */
START_TEST(a_new_request_abandons_the_one_under_way)
{
    begin_interactive();
    scripted_send(&s, 50, "sss", "alice", "ssh-connection", "none");
    scripted_expect(&s, "auth-failure publickey,password,keyboard-interactive;");
    scripted_send(&s, 61, "uss", 2, "secret", "blue");
    scripted_expect(&s, "disconnect 2;");
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* A client whose server asks what it likes. */
START_TEST(a_malformed_info_request_ends_the_client)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = NULL;
    s.pair.client_config.ask = ask;
    silent = false;
    scripted_start(&s);
    scripted_run(&s);
    scripted_send(&s, 51, "s?", "keyboard-interactive", 0);
    scripted_run(&s);
    s.log[0] = 0;
    if (_i == 0)
        scripted_send(&s, 60, "sssu", "", "", "", 1);
    else if (_i == 1)
        scripted_send(&s, 60, "sssu", "", "", "", 0xffffffff);
    else if (_i == 2)
        scripted_send(&s, 60, "sssus?b", "", "", "", 1, "x", 0, 1);
    else
        scripted_send(&s, 60, "ss", "", "");
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_banner_comes_before_the_login_and_is_filtered)
{
    start_pair();
    p.policy.banner = "Beware\33[2J of\xc2\x9b"
                      "2J the dog.\r\n";
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    ck_assert_int_eq(strncmp(p.client.log, "banner Beware?[2J of??2J the dog.\r\n;", 36), 0);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, questions_are_asked_until_the_policy_is_content, 0, 2);
    add_loop(suite, wrong_answers_and_silence_do_not_log_in, 0, 2);
    add_test(suite, without_a_person_the_password_answers_one_hidden_prompt);
    add_test(suite, an_expired_password_must_be_changed_first);
    add_test(suite, an_expired_password_never_logs_in);
    add_loop(suite, each_required_method_must_succeed, 0, 8);
    add_test(suite, what_one_user_reached_does_not_count_for_another);
    add_loop(suite, another_number_of_responses_is_a_failure, 0, 3);
    add_loop(suite, a_response_that_is_malformed_disconnects, 0, 4);
    add_test(suite, a_new_request_abandons_the_one_under_way);
    add_loop(suite, a_malformed_info_request_ends_the_client, 0, 4);
    add_test(suite, a_banner_comes_before_the_login_and_is_filtered);
}
