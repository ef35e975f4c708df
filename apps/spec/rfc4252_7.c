/* RFC 4252 sections 7 and 8: publickey and password; RFC 4256: keyboard-interactive. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

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

/* ---- publickey: section 7 ---- */

/* After a query: does a CHANNEL_OPEN find us logged in? */
static void observe_login(struct peer *p)
{
    struct spec_channel *ch;

    p->conforming = true; /* whatever answers the channel is no outcome */
    ch = send_open(p, (struct opening){0});
    p->observing = false;
    (void)next(p);
    p->observing = true;
    p->conforming = false;
    observe(p, ch->open || ch->refused ? "logged in" : "not logged in");
}

/* RFC 4252 section 7: byte SSH_MSG_USERAUTH_PK_OK, string algorithm, string key blob */
static void query(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;

    need_key(p);
    reach(p, AT_AUTH);
    send_query(p, key);
    if (!want(p, SSH_MSG_USERAUTH_PK_OK)) {
        observe_end(p);
        return;
    }
    observe(p, bytes_equal(p->got, message(p, "bts", SSH_MSG_USERAUTH_PK_OK, key_algorithm(p, key),
                                           private_key_blob(key)))
                   ? "pk-ok"
                   : "another PK_OK");
    observe_login(p);
}

static void query_unknown(struct peer *p)
{
    need_method(p, "publickey");
    reach(p, AT_AUTH);
    send_query(p, p->setting->profile.stranger);
    (void)answer(p);
}

/* One request with a signature in which the row's number says what is wrong. */
enum fault { NOTHING, FLIPPED, SESSION, USER, SERVICE, STRANGER, BOOLEAN_2 };

static void proof(struct peer *p)
{
    const struct profile *profile = &p->setting->profile;
    struct proof f = {.key = profile->key};

    need_key(p);
    reach(p, AT_AUTH);
    switch ((enum fault)p->row->number) {
    case NOTHING:
        break;
    case FLIPPED:
        f.flip = true;
        break;
    case SESSION:
        f.session_id = flipped(p, (struct bytes){p->session_id, p->session_id_len}, 0);
        break;
    case USER:
        f.signed_user = nobody;
        break;
    case SERVICE:
        f.signed_service = "ssh-userauth";
        break;
    case STRANGER:
        f.key = profile->stranger;
        break;
    case BOOLEAN_2:
        f.flag = 2;
        break;
    }
    send_proof(p, &f);
    (void)answer(p);
}

/* Each algorithm in server-sig-algs with which our key can sign. */
static void proof_each(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;
    char name[NAME_MAX_LEN];

    need_key(p);
    need(p, p->setting->facts.sig_algs[0] != 0, "no server-sig-algs");
    for (size_t i = 0; p->skip == NULL && list_item(p->setting->facts.sig_algs, i, name); i++) {
        const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(name));

        if (a == NULL || !key_can_sign(key, a->method))
            continue;
        peer_connect(p);
        reach(p, AT_AUTH);
        (void)snprintf(p->sig_algs, sizeof p->sig_algs, "%s", name);
        send_proof(p, &(struct proof){.key = key});
        (void)answer(p);
    }
}

/* CVE-2024-45337: PK_OK grants nothing. */
static void proof_after_other(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    send_query(p, p->setting->profile.key);
    (void)want(p, SSH_MSG_USERAUTH_PK_OK);
    send_proof(p, &(struct proof){.key = p->setting->profile.stranger});
    (void)answer(p);
}

/* The algorithms in the request, the blob and the signature are not the same. */
static void proof_mismatch(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;

    need_key(p);
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        if (i == 0)
            send_proof(p, &(struct proof){.key = key, .algorithm = "ecdsa-sha2-nistp521"});
        else
            send_proof(p,
                       &(struct proof){.key = key, .signature_algorithm = "ecdsa-sha2-nistp521"});
        (void)answer(p);
    }
}

static void proof_unknown(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    send_proof(p,
               &(struct proof){.key = p->setting->profile.key, .algorithm = "unknown@nacre-spec"});
    answer_and_go_on(p);
}

static void proof_garbage(struct peer *p)
{
    need_key(p);
    for (int i = 0; i < 3; i++) {
        static const size_t sizes[] = {300, 1, 0};

        peer_connect(p);
        reach(p, AT_AUTH);
        send_proof(p, &(struct proof){.key = p->setting->profile.key, .blob = sample(p, sizes[i])});
        (void)answer(p);
    }
}

static void proof_after_rekey(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    p->conforming = true;
    rekey(p);
    p->conforming = false;
    send_proof(p, &(struct proof){.key = p->setting->profile.key});
    (void)answer(p);
}

/* PROTOCOL section 3.1: the same with string server host key at the end, which is signed too. */
static struct bytes hostbound(struct peer *p, struct bytes host_key)
{
    const struct nacre_key *key = p->setting->profile.key;
    const char *name = key_algorithm(p, key);
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(name));
    uint8_t room[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(room, sizeof room);
    struct bytes request =
        message(p, "btttbtss", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, service,
                "publickey-hostbound-v00@openssh.com", 1, name, private_key_blob(key), host_key);

    if (a == NULL ||
        !key_sign(key, a->method,
                  message(p, "sr", (struct bytes){p->session_id, p->session_id_len}, request), &w))
        problem(p, "the key cannot sign");
    return message(p, "rs", request, written_bytes(&w));
}

static void hostbound_keys(struct peer *p)
{
    need_key(p);
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        need(p, p->offers_hostbound, "no publickey-hostbound@openssh.com");
        if (!over(p))
            send_payload(p, hostbound(p, i == 0 ? p->x.host_key
                                                : private_key_blob(p->setting->profile.stranger)));
        (void)answer(p);
    }
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
const struct spec_case spec_methods[] = {
    {"4252/7/query", SERVER, MUST, "RFC 4252 7", "4252/7/3 4252/7/4",
     "a query for an authorized key: PK_OK repeats the algorithm and blob; nothing is "
     "granted", "pk-ok, not logged in",
     .run = query},
    {"4252/7/query-unknown-key", SERVER, MUST, "RFC 4252 7", "4252/7/3",
     "a query for a key that is not authorized", "auth-failure",
     .run = query_unknown},
    {"4252/7/proof", SERVER, MUST, "RFC 4252 7", "4252/7/1 4252/7/5 4252/7/7",
     "a signature without a query", "auth-success",
     .run = proof, .number = NOTHING},
    {"4252/7/proof-each-type", SERVER, MUST, "RFC 4252 7", "4252/7/9 8308/3.1/1",
     "each algorithm in server-sig-algs", "auth-success",
     .run = proof_each},
    {"4252/7/proof-wrong", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "one bit of the signature is flipped", "auth-failure",
     .run = proof, .number = FLIPPED},
    {"4252/7/proof-other-session", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature over a different session identifier", "auth-failure",
     .run = proof, .number = SESSION},
    {"4252/7/proof-other-user", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature for another user name", "auth-failure",
     .run = proof, .number = USER},
    {"4252/7/proof-other-service", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature for another service name", "auth-failure",
     .run = proof, .number = SERVICE},
    {"4252/7/proof-not-authorized", SERVER, MUST, "RFC 4252 7", "4252/7/6",
     "a valid signature with a key that is not authorized", "auth-failure",
     .run = proof, .number = STRANGER},
    {"4252/7/proof-after-query-of-other", SERVER, MUST, "RFC 4252 7", "4252/7/4",
     "a query for an authorized key, then a signature with another key (CVE-2024-45337)", "auth-failure",
     .run = proof_after_other},
    {"4252/7/proof-algorithm-mismatch", SERVER, PRACTICE, "RFC 4252 7", "4252/7/10 8332/3.2/2",
     "the algorithms in the request, the blob and the signature differ", "auth-failure",
     .run = proof_mismatch},
    {"4252/7/proof-unknown-algorithm", SERVER, MUST, "RFC 4252 7", "4252/7/8",
     "an unknown algorithm", "auth-failure, go-on",
     .run = proof_unknown},
    {"4252/7/proof-blob-garbage", SERVER, PRACTICE, "RFC 4252 7", "4252/7/10",
     "a blob of random bytes, of one byte, and empty", "auth-failure | close",
     .run = proof_garbage},
    {"4252/7/proof-boolean-2", SERVER, MUST, "RFC 4251 5", "4251/5/1",
     "the boolean that announces a signature is 0x02", "auth-success | auth-failure",
     .run = proof, .number = BOOLEAN_2},
    {"4252/7/proof-after-rekey", SERVER, PRACTICE, "RFC 4252 7", "4252/7/11 4253/7.2/2",
     "after a rekey, the signature covers the first session identifier", "auth-success",
     .run = proof_after_rekey},
    {"ossh/3.1/hostbound", SERVER, MAY, "PROTOCOL 3.1", "ossh/3.1/1",
     "publickey-hostbound with the server's host key, then with another host key", "auth-success; auth-failure",
     .run = hostbound_keys},
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
