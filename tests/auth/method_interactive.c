/* Keyboard-interactive, both roles against each other and against scripts. RFC 4256. */
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
    else
        nacre_session_respond(e->session, answers, a->count);
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

START_TEST(prompts_repeat_until_the_policy_decides)
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

START_TEST(wrong_responses_and_no_responses_do_not_log_in)
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

/* The response to a prompt with echo may be shown, so it is not the password. */
START_TEST(alone_only_a_hidden_prompt_gets_the_password)
{
    static const struct {
        int prompts, echo;
        uint8_t sent;
    } rows[] = {{1, 0, 61}, {1, 1, 50}, {2, 0, 50}, {0, 0, 61}};

    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = "secret";
    scripted_start(&s);
    scripted_send(&s, 51, "s?", "keyboard-interactive", 0);
    scripted_expect(&s, "auth keyboard-interactive;");
    if (rows[_i].prompts == 0)
        scripted_send(&s, 60, "sssu", "", "", "", 0);
    else if (rows[_i].prompts == 1)
        scripted_send(&s, 60, "sssus?", "", "", "", 1, "x", rows[_i].echo);
    else
        scripted_send(&s, 60, "sssus?s?", "", "", "", 2, "x", 0, "y", 0);
    scripted_run(&s);
    ck_assert_uint_eq(s.last[0], rows[_i].sent); /* the responses, or "none" */
    if (rows[_i].prompts == 1 && !rows[_i].echo)
        ck_assert_mem_eq(s.last, "\x3d\0\0\0\1\0\0\0\6secret", 15);
    scripted_clear(&s);
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

/* [4252/5/1] RFC 4252 section 5.1: partial success is reported, and the method that succeeded is
 * not listed again */
START_TEST(methods_that_succeeded_for_one_user_do_not_count_for_another)
{
    script();
    s.pair.policy.require = "password,keyboard-interactive";
    scripted_start(&s);
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "wrong");
    scripted_expect(&s, "auth-failure password,keyboard-interactive;");
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "secret");
    scripted_expect(&s, "auth-failure keyboard-interactive partial;");
    scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "secret");
    scripted_expect(&s, "auth-failure keyboard-interactive;"); /* it has succeeded already */
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
START_TEST(a_wrong_number_of_responses_is_a_failure)
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

START_TEST(a_malformed_response_disconnects)
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
    default: /* a NUL makes a response wrong, not malformed */
        scripted_send(&s, 61, "usx", 2, "secret", nul, sizeof nul);
        scripted_expect(&s, "auth-failure publickey,password,keyboard-interactive;");
        scripted_clear(&s);
        return;
    }
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

/* [4252/5/6, 5.1/5] only the new request is answered; the late response is illegal */
START_TEST(a_new_request_abandons_the_one_in_progress)
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

static void note_attempt(void *context, const char *user, const char *method, bool granted)
{
    end_note(context, "%s %s %s;", granted ? "granted" : "refused", user, method);
}

static void send_request(const char *user)
{
    scripted_send(&s, 50, "sssss", user, "ssh-connection", "keyboard-interactive", "", "");
}

/* Each consults the policy: without an end a client could do so for ever. _i: 1 sends another kind
 * of request in between. */
START_TEST(abandoned_rounds_are_failures_and_are_limited)
{
    script();
    s.pair.policy.attempted = note_attempt;
    scripted_start(&s);
    send_request("alice");
    scripted_run(&s);
    scripted_told(&s, "asked alice 0;");
    for (int i = 1; i < 6; i++) {
        if (_i == 1) {
            scripted_send(&s, 50, "sss", "bob", "ssh-connection", "none");
            scripted_run(&s);
            scripted_told(&s, "refused alice keyboard-interactive;");
        }
        send_request("alice");
        scripted_run(&s);
        scripted_told(&s, _i == 1 ? "asked alice 0;"
                                  : "refused alice keyboard-interactive;asked alice 0;");
        ck_assert_uint_eq(s.last[0], 60);
    }
    s.log[0] = 0;
    send_request("alice");
    scripted_expect(&s, "disconnect 14;");
    ck_assert_int_eq(s.real->why.cause, NACRE_AUTH_FAILED);
    scripted_told(&s, "refused alice keyboard-interactive;");
    scripted_clear(&s);
}
END_TEST

static void ask_for_ever(void *context, struct nacre_decision *d, const char *user,
                         const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"More: ", true};

    (void)context;
    (void)user;
    (void)responses;
    (void)count;
    nacre_decide_ask_more(d, "", "", &prompt, 1);
}

static void change_for_ever(void *context, struct nacre_decision *d, const char *user,
                            const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_change_password(d, "Another: ");
}

/* Also those that neither fail nor succeed: 6 + 20 + 20. */
START_TEST(all_requests_together_are_limited)
{
    script();
    s.pair.policy.interactive = ask_for_ever;
    s.pair.policy.password = change_for_ever;
    scripted_start(&s);
    for (int i = 0; i < 46; i++) {
        if (_i == 0)
            scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "expired");
        else if (i == 0)
            send_request("alice");
        else
            scripted_send(&s, 61, "us", 1, "more");
        scripted_run(&s);
        ck_assert_uint_eq(s.last[0], 60);
    }
    s.log[0] = 0;
    if (_i == 0)
        scripted_send(&s, 50, "sss?s", "alice", "ssh-connection", "password", 0, "expired");
    else
        scripted_send(&s, 61, "us", 1, "more");
    scripted_expect(&s, "disconnect 14;");
    ck_assert_int_eq(s.real->why.cause, NACRE_AUTH_FAILED);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_malformed_info_request_disconnects)
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
    add_loop(suite, prompts_repeat_until_the_policy_decides, 0, 2);
    add_loop(suite, wrong_responses_and_no_responses_do_not_log_in, 0, 2);
    add_test(suite, without_a_person_the_password_answers_one_hidden_prompt);
    add_loop(suite, alone_only_a_hidden_prompt_gets_the_password, 0, 4);
    add_test(suite, methods_that_succeeded_for_one_user_do_not_count_for_another);
    add_loop(suite, a_wrong_number_of_responses_is_a_failure, 0, 3);
    add_loop(suite, a_malformed_response_disconnects, 0, 4);
    add_test(suite, a_new_request_abandons_the_one_in_progress);
    add_loop(suite, abandoned_rounds_are_failures_and_are_limited, 0, 2);
    add_loop(suite, all_requests_together_are_limited, 0, 2);
    add_loop(suite, a_malformed_info_request_disconnects, 0, 4);
    add_test(suite, a_banner_comes_before_the_login_and_is_filtered);
}
