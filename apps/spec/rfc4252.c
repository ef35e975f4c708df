/* RFC 4252: the authentication protocol. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { LONG_NAME = 30000, ATTEMPTS = 30, ATTEMPTS_FEW = 21, FASTEST_OF = 5, SLACK_US = 50000 };

static const char service[] = "ssh-connection", nobody[] = "nobody-of-nacre-spec";

/* The answer to a request, and that the connection goes on. */
static void answer_and_go_on(struct peer *p)
{
    if (answer(p) != 0)
        go_on(p);
}

/* ---- section 5 ---- */

/* The row's text is the method. */
static void method(struct peer *p)
{
    reach(p, AT_AUTH);
    send_method(p, p->setting->profile.user, service, p->row->text);
    answer_and_go_on(p);
}

static void unknown_service(struct peer *p)
{
    reach(p, AT_AUTH);
    send_method(p, p->setting->profile.user, "unknown@nacre-spec", "none");
    (void)answer(p);
}

static void try_none(struct peer *p)
{
    send_method(p, nobody, service, "none");
}

static void try_password(struct peer *p)
{
    send_password(p, nobody, bytes_of("nacre-spec"));
}

/* With the key that logs another user in, unless it logs everybody in. */
static void try_key(struct peer *p)
{
    const struct profile *profile = &p->setting->profile;
    bool known = profile->key != NULL && !profile->any_user;

    send_proof(p, &(struct proof){.key = known ? profile->key : profile->stranger, .user = nobody});
}

static void (*const tries[])(struct peer *p) = {try_none, try_password, try_key};

static void unknown_user(struct peer *p)
{
    for (int i = 0; i < 3; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        tries[i](p);
        (void)answer(p);
    }
}

/* The fastest answer to a wrong password, in microseconds. */
static uint64_t fastest(struct peer *p, const char *user, struct bytes *failure)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < FASTEST_OF; i++) {
        uint64_t began;

        peer_connect(p);
        reach(p, AT_AUTH);
        p->conforming = true;
        began = now_us();
        send_password(p, user, bytes_of("wrong, of nacre-spec"));
        if (next(p) == SSH_MSG_USERAUTH_FAILURE && now_us() - began < best)
            best = now_us() - began;
        p->conforming = false;
        *failure = p->got;
    }
    return best;
}

static void unknown_user_same(struct peer *p)
{
    struct bytes of_user = {NULL, 0}, of_nobody = {NULL, 0};
    uint64_t known, unknown;

    need_method(p, "password");
    known = fastest(p, p->setting->profile.user, &of_user);
    unknown = fastest(p, nobody, &of_nobody);
    p->timed_out = known > 3 * unknown + SLACK_US || unknown > 3 * known + SLACK_US;
    if (!bytes_equal(of_user, of_nobody))
        observe(p, "another failure");
    else if (p->timed_out) /* measured once more, alone */
        observe(p, "%u us for a known user, %u us for an unknown one", (unsigned)known,
                (unsigned)unknown);
    else
        observe(p, "same");
}

/* A user name of the row's bytes, with method none. */
static void user(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bstt", SSH_MSG_USERAUTH_REQUEST, p->row->bytes, service, "none");
    (void)answer(p); /* another user on the same connection may be refused: no fence */
}

static void user_long(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bstt", SSH_MSG_USERAUTH_REQUEST, sample(p, LONG_NAME), service, "none");
    (void)answer(p);
}

/* RFC 4256 section 3.1: ..., string "keyboard-interactive", string language tag, string submethods
 */
static void method_abandoned(struct peer *p)
{
    need_method(p, "keyboard-interactive");
    reach(p, AT_AUTH);
    p->interactive = true;
    transmit(p, "bttttt", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, service,
             "keyboard-interactive", "", "");
    if (next(p) != SSH_MSG_USERAUTH_INFO_REQUEST)
        need(p, over(p), "keyboard-interactive asks nothing");
    p->interactive = false;
    if (log_in(p))
        observe(p, "one answer");
    fence(p);
}

static void attempts(struct peer *p)
{
    int i = 0;

    need_method(p, "password");
    reach(p, AT_AUTH);
    for (; i < ATTEMPTS; i++) {
        send_password(p, p->setting->profile.user, bytes_of("wrong, of nacre-spec"));
        if (next(p) == 0)
            break;
    }
    observe_end(p);
    if (i >= ATTEMPTS_FEW)
        observe(p, "%d attempts", i);
}

/* ---- section 5.1: several requests ---- */

static void pipelined(struct peer *p)
{
    reach(p, AT_AUTH);
    p->conn.corked = true;
    send_method(p, p->setting->profile.user, service, "none");
    send_method(p, p->setting->profile.user, service, "unknown@nacre-spec");
    send_login(p);
    conn_uncork(&p->conn, step_deadline(p));
    for (int i = 0; i < 3; i++)
        (void)answer(p);
    p->logged_in = true;
}

/* The answer of a correct request; then the fence. */
static void now_logged_in(struct peer *p)
{
    p->logged_in = answer(p) == SSH_MSG_USERAUTH_SUCCESS;
    if (p->logged_in) {
        p->reached = AT_LOGIN;
        fence(p);
    }
}

static void success_once(struct peer *p)
{
    reach(p, AT_AUTH);
    p->conn.corked = true;
    send_login(p);
    send_login(p);
    conn_uncork(&p->conn, step_deadline(p));
    now_logged_in(p);
}

static void pipelined_open(struct peer *p)
{
    struct spec_channel *ch;

    reach(p, AT_AUTH);
    p->conn.corked = true;
    send_login(p);
    ch = send_open(p, (struct opening){0});
    conn_uncork(&p->conn, step_deadline(p));
    p->logged_in = next(p) == SSH_MSG_USERAUTH_SUCCESS;
    (void)answer(p);
    (void)ch;
}

static void after_success(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_login(p);
    go_on(p);
}

/* ---- other methods ---- */

/* RFC 4252 section 9: ..., string "hostbased", string algorithm, string host key, string client
 * host name, string user name on it, string signature */
static void hostbased_proof(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.stranger;
    uint8_t room[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(room, sizeof room);
    struct bytes request;

    need_method(p, "hostbased");
    reach(p, AT_AUTH);
    request = message(p, "bttttstt", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, service,
                      "hostbased", "ssh-ed25519", private_key_blob(key), "localhost.",
                      p->setting->profile.user);
    if (!key_sign(key, &signature_ed25519,
                  message(p, "sr", (struct bytes){p->session_id, p->session_id_len}, request), &w))
        problem(p, "the key cannot sign");
    send_payload(p, message(p, "rs", request, written_bytes(&w)));
    answer_and_go_on(p);
}

static void no_password_in_clear(struct peer *p)
{
    need_name(p, LIST_CIPHER_TO_SERVER, "none");
    observe(p, list_contains(p->setting->facts.methods, "password") ? "listed" : "not listed");
}

/* Only with --slow: the server's limit for the login decides. */
static void wait_for_limit(struct peer *p)
{
    const uint64_t longest = 660000000;

    reach(p, (enum reached)p->row->number);
    p->deadline = now_us() + longest;
    wait_close(p, longest);
}

static void ident_only(struct peer *p)
{
    reach(p, AT_IDENT);
    send_ident(p);
    p->deadline = now_us() + 660000000;
    wait_close(p, 660000000);
}

static void half_packet(struct peer *p)
{
    struct bytes packet;

    reach(p, AT_AUTH);
    packet = sealed(p, message(p, "bs", SSH_MSG_IGNORE, sample(p, 1000)));
    send_raw(p, (struct bytes){packet.at, packet.len / 2});
    p->deadline = now_us() + 660000000;
    wait_close(p, 660000000);
}

/* clang-format off */
const struct spec_case spec_auth[] = {
    {"4252/5.2/none", SERVER, MUST, "RFC 4252 4", "4252/4/2 4252/5.2/1",
     "method \"none\" for an ordinary user", "auth-failure",
     .run = method, .text = "none"},
    {"4252/4/own-no-none", SERVER, MUST, "RFC 4252 4", "4252/4/1",
     "\"none\" is never listed", "never violated",
     .run = NULL, .watch = WATCH_NO_NONE_METHOD},
    {"4252/5/unknown-method", SERVER, SHOULD, "RFC 4252 5", "4252/5/5",
     "an unknown method", "auth-failure, go-on",
     .run = method, .text = "unknown@nacre-spec"},
    {"4252/5/unknown-service", SERVER, MUST, "RFC 4252 5", "4252/5/2",
     "a service that does not exist", "auth-failure | close",
     .run = unknown_service},
    {"4252/5/unknown-user", SERVER, MUST, "RFC 4252 5", "4252/5/3 4252/5/4",
     "an unknown user, with each method", "auth-failure",
     .run = unknown_user},
    {"4252/5/unknown-user-same", SERVER, SHOULD, "RFC 4251 9.4.2", "4251/9.4.2/1",
     "unknown user, wrong password, wrong key: same failure message, similar time", "same",
     .run = unknown_user_same},
    {"4252/5/user-empty", SERVER, PRACTICE, "RFC 4252 5", "4252/5/3",
     "an empty user name", "auth-failure | close",
     .run = user, .bytes = LITERAL("")},
    {"4251/4.5/user-non-ascii", SERVER, MUST, "RFC 4251 4.5", "4251/4.5/2",
     "a user name in UTF-8 with non-ASCII characters", "auth-failure | auth-success, go-on",
     .run = user, .bytes = LITERAL("\xc3\xa9l\xc3\xa9onore")},
    {"4252/5/user-64k", SERVER, PRACTICE, "RFC 4252 5", "4252/5/3",
     "a user name of 30,000 bytes, containing NULs and not valid UTF-8", "auth-failure | close",
     .run = user_long},
    {"4252/5/method-abandoned", SERVER, MUST, "RFC 4252 5", "4252/5/6 4252/5.1/5",
     "a new request during keyboard-interactive: no failure for the abandoned one", "one answer",
     .run = method_abandoned},
    {"4252/5/attempts", SERVER, SHOULD, "RFC 4252 4", "4252/4/4",
     "30 wrong passwords on one connection", "close by the 21st attempt",
     .run = attempts},
    {"4252/4/grace", SERVER, SHOULD, "RFC 4252 4", "4252/4/3",
     "connected, then silent after SERVICE_ACCEPT (slow)", "close within the login time",
     .run = wait_for_limit, .number = AT_AUTH, .slow = true},
    {"4253/4.2/ident-only", SERVER, SHOULD, "RFC 4252 4", "4252/4/3",
     "our identification, then nothing", "close within the login time",
     .run = ident_only, .slow = true},
    {"robust/silent-half-packet", SERVER, PRACTICE, "RFC 4252 4", "4252/4/3",
     "half a packet, then silence, before login (slow)", "close within the time limit",
     .run = half_packet, .slow = true},
    {"4252/5.1/pipelined", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/4",
     "three requests at once, the last one correct: answers come in order", "auth-failure x2, auth-success",
     .run = pipelined},
    {"4252/5.1/success-once", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/6 4252/5.1/7",
     "the correct request sent twice at once: one success, the second ignored", "auth-success, silent",
     .run = success_once},
    {"4252/5.1/pipelined-open", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/8",
     "CHANNEL_OPEN immediately after the successful request", "open-confirmed",
     .run = pipelined_open},
    {"4252/5.1/after-success", SERVER, SHOULD, "RFC 4252 5.3", "4252/5.3/1 4252/5.1/7",
     "USERAUTH_REQUEST after login", "silent, go-on",
     .run = after_success},
    {"4252/5.1/own-failure-form", SERVER, MUST, "RFC 4252 5.1", "4252/5.1/1",
     "each USERAUTH_FAILURE contains a name-list and a boolean", "never violated",
     .run = NULL, .watch = WATCH_FAILURE_FORM},
    {"4252/9/hostbased", SERVER, MAY, "RFC 4252 9", "4252/9/2",
     "method \"hostbased\" where it is not configured", "auth-failure",
     .run = method, .text = "hostbased"},
    {"4252/9/hostbased-proof", SERVER, MUST, "RFC 4252 9", "4252/9/1",
     "hostbased with the key of another host (profile)", "auth-failure",
     .run = hostbased_proof},
    {"4252/8/no-password-in-clear", SERVER, MAY, "RFC 4252 8", "4252/8/3",
     "where the peer offers cipher \"none\", the password method is not listed", "not listed",
     .run = no_password_in_clear},
    {0},
};
/* clang-format on */
