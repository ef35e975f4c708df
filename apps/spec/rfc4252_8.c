/* RFC 4252 section 8: password; RFC 4256: keyboard-interactive. */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum { LONG_PASSWORD = 30000, RESPONSES = 1000 };

static const char service[] = "ssh-connection", nobody[] = "nobody-of-nacre-spec";

static void answer_and_go_on(struct peer *p)
{
    uint8_t number = answer(p);

    if (number == SSH_MSG_USERAUTH_SUCCESS) {
        p->logged_in = true;
        p->reached = AT_LOGIN;
    }
    if (number != 0)
        go_on(p);
}

/* ---- password: section 8 ---- */

static struct bytes own_password(const struct peer *p)
{
    const char *text = p->setting->profile.password;

    return bytes_of(text == NULL ? "" : text);
}

static void password(struct peer *p)
{
    need_password(p);
    reach(p, AT_AUTH);
    send_password(p, p->setting->profile.user, own_password(p));
    answer_and_go_on(p);
}

static void password_wrong(struct peer *p)
{
    need_method(p, "password");
    reach(p, AT_AUTH);
    send_password(p, p->setting->profile.user,
                  p->row->number > 0 ? filled(p, 'x', p->row->number) : p->row->bytes);
    (void)answer(p);
}

static void password_nul(struct peer *p)
{
    need_password(p);
    reach(p, AT_AUTH);
    send_password(p, p->setting->profile.user,
                  message(p, "rbr", own_password(p), 0, bytes_of("more")));
    (void)answer(p);
}

/* ..., boolean TRUE, string old password, string new password */
static void password_change(struct peer *p)
{
    need_password(p);
    reach(p, AT_AUTH);
    transmit(p, "btttbtt", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, service, "password",
             1, "wrong, of nacre-spec", "new, of nacre-spec");
    if (next(p) == SSH_MSG_USERAUTH_PASSWD_CHANGEREQ)
        observe(p, "pw-change");
    else if (!over(p))
        observe(p, p->got.at[0] == SSH_MSG_USERAUTH_FAILURE ? "auth-failure" : "another answer");
    else
        observe_end(p);
}

/* RFC 4252 section 8: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
static void expired(struct peer *p)
{
    const char *user = p->setting->profile.expired;

    need(p, user != NULL, "no user whose password has expired (expired in --profile)");
    need_password(p);
    reach(p, AT_AUTH);
    send_password(p, user, own_password(p));
    if (next(p) == SSH_MSG_USERAUTH_PASSWD_CHANGEREQ) {
        observe(p, "pw-change");
        observe_login(p);
    } else if (!over(p)) {
        observe(p, p->got.at[0] == SSH_MSG_USERAUTH_SUCCESS ? "auth-success" : "auth-failure");
    } else {
        observe_end(p);
    }
}

/* ---- two factors: section 5.1 ---- */

/* The key of a user that needs the password too. True: it is a part of the login. */
static bool first_factor(struct peer *p)
{
    const char *user = p->setting->profile.two_factor[0];

    need(p, user != NULL, "no user with two factors (two-factor in --profile)");
    need_key(p);
    need_password(p);
    reach(p, AT_AUTH);
    if (p->skip == NULL)
        send_proof(p, &(struct proof){.key = p->setting->profile.key, .user = user});
    if (answer(p) != SSH_MSG_USERAUTH_FAILURE)
        return false;
    note_failure(p);
    return p->partial;
}

static void partial_success(struct peer *p)
{
    if (!first_factor(p))
        return;
    if (list_contains(p->methods, "publickey"))
        observe(p, "publickey is listed again");
    send_password(p, p->setting->profile.two_factor[0], own_password(p));
    if (next(p) != SSH_MSG_USERAUTH_SUCCESS)
        observe(p, "both factors do not log in");
}

static void user_changes(struct peer *p)
{
    const char *other = p->setting->profile.two_factor[1];

    need(p, other != NULL, "no other user with two factors (two-factor-other in --profile)");
    if (!first_factor(p))
        return;
    current_part(p)->count = 0; /* what counts is the answer to the other user */
    send_password(p, other, own_password(p));
    if (next(p) == SSH_MSG_USERAUTH_SUCCESS)
        observe(p, "auth-success");
    else if (!over(p))
        observe(p, "auth-failure"); /* perhaps a first factor of that user */
    else
        observe_end(p);
}

/* ---- keyboard-interactive: RFC 4256 ---- */

/* Section 3.1: ..., string "keyboard-interactive", string language tag, string submethods. True if
 * INFO_REQUEST comes. */
static bool ask(struct peer *p, const char *user)
{
    transmit(p, "bttttt", SSH_MSG_USERAUTH_REQUEST, user, service, "keyboard-interactive", "", "");
    p->interactive = true;
    if (next(p) == SSH_MSG_USERAUTH_INFO_REQUEST)
        return true;
    if (over(p))
        observe_end(p);
    else
        observe(p, p->got.at[0] == SSH_MSG_USERAUTH_FAILURE ? "auth-failure" : "another answer");
    return false;
}

/* ... that must come for the case to go on. */
static void reach_prompt(struct peer *p)
{
    need_method(p, "keyboard-interactive");
    reach(p, AT_AUTH);
    p->conforming = true;
    if (p->skip == NULL && !ask(p, p->setting->profile.user))
        need(p, false, "keyboard-interactive asks nothing");
    p->conforming = false;
}

static void interactive(struct peer *p)
{
    need_method(p, "keyboard-interactive");
    reach(p, AT_AUTH);
    if (ask(p, p->row->text != NULL ? p->row->text : p->setting->profile.user))
        observe(p, "info-request");
}

/* Section 3.4: byte SSH_MSG_USERAUTH_INFO_RESPONSE, int num-responses, string response of each */
static void responses(struct peer *p)
{
    need_password(p);
    reach_prompt(p);
    transmit(p, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, own_password(p));
    while (next(p) == SSH_MSG_USERAUTH_INFO_REQUEST) /* a last one may ask nothing */
        transmit(p, "bu", SSH_MSG_USERAUTH_INFO_RESPONSE, 0);
    if (over(p))
        observe_end(p);
    else
        observe(p, p->got.at[0] == SSH_MSG_USERAUTH_SUCCESS ? "auth-success" : "auth-failure");
}

static void not_asked_again(struct peer *p)
{
    reach_prompt(p);
    transmit(p, "but", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "wrong, of nacre-spec");
    (void)answer(p);
}

static void response_count(struct peer *p)
{
    struct bytes all = message(p, "bu", SSH_MSG_USERAUTH_INFO_RESPONSE, p->row->number);

    for (uint32_t i = 0; i < p->row->number && i < RESPONSES; i++)
        all = message(p, "rt", all, "x");
    reach_prompt(p);
    send_payload(p, all);
    (void)answer(p);
}

/* RFC 4250 section 4.1.2: 60 is PK_OK, then INFO_REQUEST. */
static void numbers_reused(struct peer *p)
{
    need_key(p);
    need_method(p, "keyboard-interactive");
    reach(p, AT_AUTH);
    send_query(p, p->setting->profile.key);
    if (!want(p, SSH_MSG_USERAUTH_PK_OK))
        observe(p, "no PK_OK");
    p->conforming = true;
    need(p, over(p) || ask(p, p->setting->profile.user), "keyboard-interactive asks nothing");
    p->conforming = false;
    observe(p, "each parsed by its own method");
}

/* clang-format off */
const struct spec_case spec_password[] = {
    {"4252/8/password", SERVER, SHOULD, "RFC 4252 8", "4252/8/1",
     "the correct password", "auth-success",
     .run = password},
    {"4252/8/password-wrong", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/1",
     "a wrong password", "auth-failure",
     .run = password_wrong, .bytes = LITERAL("wrong, of nacre-spec")},
    {"4252/8/password-empty", SERVER, PRACTICE, "RFC 4252 8", "4252/8/7",
     "an empty password", "auth-failure",
     .run = password_wrong, .bytes = LITERAL("")},
    {"4252/8/password-32k", SERVER, PRACTICE, "RFC 4252 8", "4252/8/7",
     "a password of 30,000 bytes", "auth-failure | close",
     .run = password_wrong, .number = LONG_PASSWORD},
    {"4252/8/password-nul", SERVER, PRACTICE, "RFC 4252 8", "4252/8/7",
     "the correct password followed by a NUL and more bytes", "auth-failure",
     .run = password_nul},
    {"4252/8/password-change-unasked", SERVER, MUST, "RFC 4252 8", "4252/8/6",
     "an unsolicited password change request", "auth-failure | pw-change",
     .run = password_change},
    {"4252/8/expired", SERVER, MUST, "RFC 4252 8", "4252/8/4",
     "an expired password (profile)", "pw-change, not logged in",
     .run = expired,
     .note = "sshd with PAM accepts the password, for a session that only runs passwd"},
    {"4252/5.1/partial-success", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/2 4252/5.1/3",
     "two factors: the first gives partial success and is not listed again", "auth-failure with partial success",
     .run = partial_success},
    {"4252/5/user-changes", SERVER, MUST, "RFC 4252 5", "4252/5/1",
     "alice's first factor, then bob's second", "auth-failure | close",
     .run = user_changes, .listed = "auth-failure",
     .note = "section 5: a server that cannot flush its state must disconnect when the user name changes"},
    {"4256/3.1/request", SERVER, MUST, "RFC 4256 3.1", "4256/3.1/1",
     "keyboard-interactive is answered by INFO_REQUEST or failure", "info-request | auth-failure",
     .run = interactive},
    {"4256/3.1/unknown-user", SERVER, SHOULD, "RFC 4256 3.1", "4256/3.1/2",
     "an unknown user is prompted in the same way as a known one", "info-request",
     .run = interactive, .text = nobody},
    {"4256/3.2/own-prompts", SERVER, MUST, "RFC 4256 3.2", "4256/3.2/3 4256/3/1",
     "the server's prompts are not empty, and only one request is outstanding", "never violated",
     .run = NULL, .watch = WATCH_PROMPTS},
    {"4256/3.4/responses", SERVER, MUST, "RFC 4256 3.4", "4256/3.4/5",
     "the correct responses", "auth-success",
     .run = responses},
    {"4256/3.4/too-few", SERVER, MUST, "RFC 4256 3.4", "4256/3.4/4",
     "no responses to one prompt", "auth-failure | close",
     .run = response_count, .number = 0},
    {"4256/3.4/too-many", SERVER, MUST, "RFC 4256 3.4", "4256/3.4/4",
     "1000 responses to one prompt", "auth-failure | close",
     .run = response_count, .number = RESPONSES},
    {"4256/3.4/count-ffffffff", SERVER, MUST, "RFC 4256 3.4", "4256/3.4/4",
     "num-responses is 0xffffffff", "close | auth-failure",
     .run = response_count, .number = 0xffffffff},
    {"4256/3.4/not-asked-again", SERVER, SHOULD, "RFC 4256 3.4", "4256/3.4/6",
     "a wrong response is answered by USERAUTH_FAILURE, not by a new request", "auth-failure",
     .run = not_asked_again},
    {"4250/4.1.2/numbers-reused", SERVER, MUST, "RFC 4250 4.1.2", "4250/4.1.2/1",
     "a publickey query (60), then keyboard-interactive (60), on one connection", "each parsed by its own method",
     .run = numbers_reused},
    {0},
};
/* clang-format on */
