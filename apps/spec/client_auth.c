/* Cases about clients only: the service and the login. RFC 4253 section 10, RFC 4252. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { LONG_BANNER = 30000 };

/* ---- the service: RFC 4253 section 10 ---- */

static void accept_other(struct peer *p)
{
    reach(p, AT_SERVICE);
    if (want(p, SSH_MSG_SERVICE_REQUEST))
        transmit(p, "bt", SSH_MSG_SERVICE_ACCEPT, "other@nacre-spec");
    p->reached = AT_AUTH;
    go_on(p);
}

/* Whoever begins the login again sends a request after it has succeeded. */
static void accept_twice(struct peer *p)
{
    p->serve.accept_none = true;
    reach(p, AT_AUTH);
    transmit(p, "bt", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
    go_on(p);
    if (p->late_requests > 0)
        observe(p, "a second request");
}

static void service_from_server(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bt", SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
    go_on(p);
}

/* ---- answers: RFC 4252 sections 5 and 6 ---- */

/* Wait for a request for which SUCCESS is due, and leave it unanswered. False: it did not come. */
static bool reach_request(struct peer *p)
{
    reach(p, AT_AUTH);
    return want(p, SSH_MSG_USERAUTH_REQUEST);
}

/* The row's text as the list of methods, as answer to each request. */
static void methods(struct peer *p)
{
    reach(p, AT_AUTH);
    while (want(p, SSH_MSG_USERAUTH_REQUEST))
        send_failure(p, p->row->text, false);
    observe_end(p);
}

static void success_to_none(struct peer *p)
{
    reach(p, AT_AUTH);
    p->serve.accept_none = true;
    go_on(p);
    need(p, strcmp(p->tried, "none") == 0 || over(p), "the client does not try none");
}

static void success_unasked(struct peer *p)
{
    reach(p, AT_SERVICE);
    if (!want(p, SSH_MSG_SERVICE_REQUEST))
        return;
    p->conn.corked = true;
    transmit(p, "b", SSH_MSG_USERAUTH_SUCCESS);
    transmit(p, "bt", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
    conn_uncork(&p->conn, step_deadline(p));
    p->reached = AT_AUTH;
    go_on(p);
}

static void success_twice(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "b", SSH_MSG_USERAUTH_SUCCESS);
    go_on(p);
}

static void channel_before_success(struct peer *p)
{
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        if (!reach_request(p))
            continue;
        if (i == 0)
            transmit(p, "btuuu", SSH_MSG_CHANNEL_OPEN, "session", 0, 65536, 32768);
        else
            transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "unknown@nacre-spec", 1);
        wait_close(p, p->step);
    }
}

static void request_from_server(struct peer *p)
{
    if (reach_request(p))
        transmit(p, "bttt", SSH_MSG_USERAUTH_REQUEST, "spec", "ssh-connection", "none");
    p->postponed = p->got; /* its own request is answered now */
    go_on(p);
}

/* The key is correct, but a password is needed too; the client has none. */
static void partial(struct peer *p)
{
    intend(p, INTENT_TERMINAL);
    client_answer(p, "assword", p->setting->profile.password);
    p->serve.then = "password";
    reach(p, AT_AUTH);
    go_on(p);
    observe(p, p->opened_early ? "a channel" : "no channel");
    need(p, strstr(p->tried, "password") != NULL, "the client tries no second method");
}

/* ---- publickey: section 7 ---- */

/* Answer a request: the first query with PK_OK for that key, everything else with FAILURE. Returns
 * whether the query has come.
 * RFC 4252 section 7: byte SSH_MSG_USERAUTH_PK_OK, string algorithm, string key blob */
static bool answer_query(struct peer *p, struct bytes blob, bool answered)
{
    bool first = is_query(p) && !answered;

    if (first)
        transmit(p, "bts", SSH_MSG_USERAUTH_PK_OK, "ssh-ed25519", blob);
    else
        send_failure(p, p->serve.methods, false);
    return answered || first;
}

/* PK_OK for another key than the one of the query. */
static void pk_ok_other(struct peer *p)
{
    struct bytes other = private_key_blob(p->setting->profile.stranger);
    bool sent = false, used = false;

    reach(p, AT_AUTH);
    while (want(p, SSH_MSG_USERAUTH_REQUEST)) {
        used = used || is_signed_by(p, other);
        sent = answer_query(p, other, sent);
    }
    need(p, sent, "the client sends no query");
    if (p->conn.ended && !used)
        observe_end(p);
    else
        observe(p, used ? "a signature" : "no signature with that key");
}

static void pk_ok_unasked(struct peer *p)
{
    if (reach_request(p))
        transmit(p, "bts", SSH_MSG_USERAUTH_PK_OK, "ssh-ed25519",
                 private_key_blob(p->setting->profile.stranger));
    p->postponed = p->got;
    go_on(p);
}

static void own_query(struct peer *p)
{
    reach(p, AT_LOGIN);
    report(p, "%s", p->queries > 0 ? "a query first" : "a signature at once");
}

/* ---- password: section 8 ---- */

static void password_utf8(struct peer *p)
{
    intend(p, INTENT_PASSWORD);
    p->serve.methods = "password";
    p->serve.password = "p\xc3\xa4ssw\xc3\xb6rd";
    client_answer(p, "assword", p->serve.password);
    reach(p, AT_LOGIN);
    go_on(p);
    if (current_part(p)->ending == ENDING_GO_ON)
        observe(p, "never violated");
    current_part(p)->ending = ENDING_NONE;
}

/* RFC 4252 section 8: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
static void change_request(struct peer *p)
{
    intend(p, INTENT_PASSWORD);
    p->serve.methods = "password";
    client_answer(p, "assword", p->setting->profile.password);
    reach(p, AT_AUTH);
    while (want(p, SSH_MSG_USERAUTH_REQUEST) && !is_method(p, "password"))
        send_failure(p, "password", false);
    transmit(p, "btt", SSH_MSG_USERAUTH_PK_OK, "the password has expired", "");
    if (want(p, SSH_MSG_USERAUTH_REQUEST))
        observe(p, is_method(p, "password") ? "password change" : "another method");
    else
        observe_end(p);
}

/* ---- banners: section 5.4 ---- */

/* RFC 4252 section 5.4: byte SSH_MSG_USERAUTH_BANNER, string message, string language tag */
static void send_banner(struct peer *p, struct bytes text, const char *language)
{
    transmit(p, "bst", SSH_MSG_USERAUTH_BANNER, text, language);
}

static void banner(struct peer *p)
{
    intend_shown(p);
    reach(p, AT_AUTH);
    send_banner(p, bytes_of("the first banner\r\n"), "");
    send_banner(p, bytes_of("the second banner\r\n"), "");
    go_on(p);
    client_wait(p);
    observe(p, client_shows(p, "the first banner") && client_shows(p, "the second banner")
                   ? "shown"
                   : "not shown");
}

static void banner_controls(struct peer *p)
{
    intend_shown(p);
    reach(p, AT_AUTH);
    send_banner(p, bytes_of("a banner with " CONTROLS "a colour\r\n"), "");
    go_on(p);
    observe_controls(p);
}

static void banner_long(struct peer *p)
{
    reach(p, AT_AUTH);
    send_banner(p, filled(p, 'b', LONG_BANNER), "en");
    go_on(p);
}

static void banner_late(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_banner(p, bytes_of("late\r\n"), "");
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_client_auth[] = {
    {"4253/10/own-request", CLIENT, MUST, "RFC 4253 10", "4253/10/4",
     "the client requests ssh-userauth first", "never violated",
     .run = NULL, .watch = WATCH_SERVICE},
    {"4253/10/accept-other", CLIENT, MUST, "RFC 4253 10", "4253/10/5",
     "SERVICE_ACCEPT names another service", "close | go-on as warn",
     .run = accept_other},
    {"4253/10/accept-unasked", CLIENT, MUST, "RFC 4253 10", "4253/10/5",
     "SERVICE_ACCEPT is sent twice", "close | silent",
     .run = accept_twice,
     .note = "ssh, Paramiko and Conch's client begin the login once more"},
    {"4253/10/service-from-server", CLIENT, MUST, "RFC 4253 12", "4253/12/1",
     "SERVICE_REQUEST from a server", "close | unimpl",
     .run = service_from_server},
    {"4252/5.1/unknown-methods", CLIENT, MUST, "RFC 4252 5.1", "4252/5.1/9",
     "USERAUTH_FAILURE lists only unknown methods", "clean end",
     .run = methods, .text = "unknown@nacre-spec,unknown-2"},
    {"4252/5.1/empty-list", CLIENT, MUST, "RFC 4252 5.1", "4252/5.1/10",
     "USERAUTH_FAILURE lists no methods", "clean end",
     .run = methods, .text = ""},
    {"4252/5.1/success-to-none", CLIENT, MUST, "RFC 4252 5.1", "4252/5.1/12",
     "SUCCESS in answer to method \"none\"", "go-on",
     .run = success_to_none},
    {"4252/5.1/success-unasked", CLIENT, PRACTICE, "RFC 4252 5.1", "4252/5.1/13",
     "SUCCESS before any request", "close",
     .run = success_unasked},
    {"4252/5.1/success-twice", CLIENT, PRACTICE, "RFC 4253 12", "4253/12/1",
     "SUCCESS is sent twice", "close | unimpl | silent",
     .run = success_twice},
    {"4252/5.1/partial", CLIENT, MUST, "RFC 4252 5.1", "4252/5.1/11",
     "partial success: the client continues with another method", "go-on, no channel",
     .run = partial},
    {"4252/6/channel-before-success", CLIENT, MUST, "RFC 4252 6", "4252/6/2",
     "CHANNEL_OPEN and GLOBAL_REQUEST before SUCCESS", "close | unimpl as warn",
     .run = channel_before_success, .listed = "close",
     .note = "section 6 has a server disconnect. Paramiko, node and libssh2 answer as if the login had succeeded; libssh waits"},
    {"4252/6/request-from-server", CLIENT, MUST, "RFC 4253 12", "4253/12/1",
     "USERAUTH_REQUEST from a server", "close | unimpl",
     .run = request_from_server},
    {"4252/7/own-proof-session", CLIENT, PRACTICE, "RFC 4252 7", "4252/7/12",
     "the client's signature verifies over the first session identifier", "never violated",
     .run = NULL, .watch = WATCH_PROOF},
    {"4252/7/pk-ok-other-key", CLIENT, MUST, "RFC 4252 7", "4252/7/13",
     "PK_OK names a different key", "no signature with that key | close",
     .run = pk_ok_other},
    {"4252/7/pk-ok-unasked", CLIENT, MUST, "RFC 4252 7", "4252/7/13",
     "PK_OK without a query", "close | unimpl",
     .run = pk_ok_unasked},
    {"4252/7/own-query-first", CLIENT, MAY, "RFC 4252 7", "4252/7/2",
     "whether the client sends a query or a signature first", "report",
     .run = own_query},
    {"4252/8/own-utf8", CLIENT, MUST, "RFC 4252 8", "4252/8/2",
     "a password with non-ASCII characters arrives as UTF-8", "never violated",
     .run = password_utf8},
    {"4252/8/change-request", CLIENT, MAY, "RFC 4252 8", "4252/8/5",
     "the server sends PASSWD_CHANGEREQ", "password change | another method | clean end",
     .run = change_request},
    {"4252/5.4/banner", CLIENT, MAY, "RFC 4252 5.4", "4252/5.4/1 4252/5.4/2",
     "one banner before the first answer, and two", "go-on, shown",
     .run = banner},
    {"4252/5.4/banner-controls", CLIENT, SHOULD, "RFC 4252 5.4", "4252/5.4/3",
     "escape sequences in a banner", "no raw control bytes",
     .run = banner_controls},
    {"4252/5.4/banner-30k", CLIENT, MUST, "RFC 4252 5.4", "4252/5.4/4",
     "a banner of 30,000 bytes and a language tag", "go-on",
     .run = banner_long},
    {"4252/5.4/banner-after-success", CLIENT, PRACTICE, "RFC 4252 5.4", "4252/5.4/1",
     "a banner after SUCCESS", "close | unimpl | silent",
     .run = banner_late},
    {0},
};
/* clang-format on */
