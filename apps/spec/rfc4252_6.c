/* RFC 4252 section 6: what may not come before the login. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

static void channel_before(struct peer *p)
{
    reach(p, AT_AUTH);
    (void)send_open(p, (struct opening){0});
    go_on(p);
}

static void global_before(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
    go_on(p);
}

/* CVE-2025-32433 */
static void request_before(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "butbt", SSH_MSG_CHANNEL_REQUEST, 0, "exec", 1, "echo run");
    go_on(p);
    if (current_part(p)->ending == ENDING_CLOSE && current_part(p)->count == 0)
        observe(p, "nothing run");
}

static void local_before(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bt", 200, "nacre-spec");
    go_on(p);
}

/* Does the server take us for a user who has logged in? Then it opens a session. That it refuses
 * one says nothing: paramiko does so before the login. */
static void observe_login(struct peer *p)
{
    struct spec_channel *ch;

    p->conforming = true; /* whatever answers the channel is no outcome */
    ch = send_open(p, (struct opening){0});
    if (next(p) == SSH_MSG_USERAUTH_FAILURE) {
        observe(p, "auth-failure");
        (void)next(p);
    }
    p->conforming = false;
    observe(p, ch->open ? "logged in" : "not logged in");
    if (p->conn.ended)
        observe_end(p);
}

/* CVE-2018-10933 */
static void success_from_client(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "b", SSH_MSG_USERAUTH_SUCCESS);
    observe_login(p);
}

static void failure_from_client(struct peer *p)
{
    for (int i = 0; i < 3; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        if (i == 0)
            transmit(p, "btb", SSH_MSG_USERAUTH_FAILURE, "password", 0);
        else if (i == 1)
            transmit(p, "bts", SSH_MSG_USERAUTH_PK_OK, "ssh-ed25519",
                     private_key_blob(p->setting->profile.stranger));
        else
            transmit(p, "btt", SSH_MSG_USERAUTH_BANNER, "nacre-spec", "");
        go_on(p);
    }
}

static void info_response_first(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bu", SSH_MSG_USERAUTH_INFO_RESPONSE, 0);
    p->conforming = true; /* the login's answer shows whether there was one before it */
    send_login(p);
    p->conforming = false;
    p->logged_in = want(p, SSH_MSG_USERAUTH_SUCCESS);
    if (p->logged_in)
        fence(p);
    else
        observe_end(p);
}

/* clang-format off */
const struct spec_case spec_before_login[] = {
    {"4252/6/channel-before-auth", SERVER, MUST, "RFC 4252 6", "4252/6/1",
     "CHANNEL_OPEN before login", "close",
     .run = channel_before},
    {"4252/6/global-before-auth", SERVER, MUST, "RFC 4252 6", "4252/6/1",
     "GLOBAL_REQUEST before login", "close",
     .run = global_before},
    {"4252/6/request-before-auth", SERVER, MUST, "RFC 4252 6", "4252/6/1",
     "CHANNEL_REQUEST exec before login (CVE-2025-32433)", "close, nothing run",
     .run = request_before},
    {"4252/6/local-before-auth", SERVER, PRACTICE, "RFC 4252 6", "4252/6/1",
     "message 200 before login", "close | unimpl",
     .run = local_before},
    {"4252/6/success-from-client", SERVER, MUST, "RFC 4252 6", "4252/6/3",
     "USERAUTH_SUCCESS from a client (CVE-2018-10933)", "close, not logged in | auth-failure, not logged in | unimpl, not logged in",
     .run = success_from_client,
     .listed = "close, not logged in | auth-failure, not logged in",
     .note = "RFC 4253 section 11.4 lets a server answer UNIMPLEMENTED to what it does not know there; sshd and paramiko do"},
    {"4252/6/failure-from-client", SERVER, MUST, "RFC 4252 6", "4252/6/3",
     "USERAUTH_FAILURE, PK_OK and BANNER from a client", "close | unimpl",
     .run = failure_from_client},
    {"4252/6/info-response-first", SERVER, PRACTICE, "RFC 4256 3.4", "4256/3.4/7",
     "INFO_RESPONSE without an INFO_REQUEST", "close | auth-failure",
     .run = info_response_first},
    {0},
};
/* clang-format on */
