/* RFC 4253 sections 10 and 11: the service request; DISCONNECT, IGNORE, DEBUG and UNIMPLEMENTED.
 * PING: PROTOCOL section 1.8. */
#include "apps/spec/growth.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { IGNORES = 100000, AT_ONCE = 1000, UNKNOWNS = 10000, PINGS = 10 };

/* ---- section 10 ---- */

static void userauth(struct peer *p)
{
    struct reader r;

    reach(p, AT_SERVICE);
    send_service_request(p, "ssh-userauth");
    if (answer(p) != SSH_MSG_SERVICE_ACCEPT)
        return;
    r = read_from(p->got);
    (void)read_u8(&r);
    if (!bytes_are(read_string(&r), "ssh-userauth"))
        observe(p, "another name");
}

static void wrong_service(struct peer *p)
{
    reach(p, AT_SERVICE);
    send_service_request(p, p->row->text);
    wait_close(p, p->step);
}

static void request_twice(struct peer *p)
{
    reach(p, AT_AUTH);
    send_service_request(p, "ssh-userauth");
    (void)answer(p);
}

static void auth_without_service(struct peer *p)
{
    reach(p, AT_SERVICE);
    send_login(p);
    p->conforming = true; /* its answer shows whether there was one to the login */
    send_service_request(p, "ssh-userauth");
    p->conforming = false;
    if (!want_either(p, SSH_MSG_SERVICE_ACCEPT, SSH_MSG_USERAUTH_SUCCESS)) {
        observe_end(p);
    } else if (p->got.at[0] == SSH_MSG_USERAUTH_SUCCESS) {
        observe(p, "auth-success");
    } else {
        p->reached = AT_AUTH;
        go_on(p);
    }
}

/* ---- DISCONNECT ---- */

/* RFC 4253 section 11.1, as in message.c */
static void send_disconnect(struct peer *p)
{
    transmit(p, "butt", SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION, "nacre-spec", "");
}

static void disconnect(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_disconnect(p);
    wait_close(p, p->step);
}

static void disconnect_then_data(struct peer *p)
{
    reach(p, AT_LOGIN);
    p->conn.corked = true;
    send_disconnect(p);
    transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
    conn_uncork(&p->conn, step_deadline(p));
    wait_close(p, p->step);
}

static void disconnect_malformed(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bu", SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION);
    wait_close(p, p->step);
}

/* ---- IGNORE and DEBUG ---- */

static void ignore_everywhere(struct peer *p)
{
    static const enum reached phases[] = {AT_SERVICE, AT_AUTH, AT_LOGIN};

    reach(p, AT_SERVICE);
    for (int i = 0; i < 3; i++) {
        (void)steps_until(p, phases[i]);
        transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
    }
    go_on(p);
}

static void ignore_before_kexinit(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    transmit(p, "bt", SSH_MSG_IGNORE, "nacre-spec");
    go_on(p);
}

static void ignore_empty(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bt", SSH_MSG_IGNORE, "");
    go_on(p);
}

static void ignore_malformed(struct peer *p)
{
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_LOGIN);
        if (i == 0)
            transmit(p, "bur", SSH_MSG_IGNORE, 5, bytes_of("four"));
        else
            transmit(p, "b", SSH_MSG_IGNORE);
        go_on(p);
    }
}

static void ignore_flood(struct peer *p)
{
    struct bytes text = bytes_of("nacre-spec");
    struct growth g;

    reach(p, AT_LOGIN);
    g = growth_begin(p);
    for (int i = 0; i < IGNORES && !over(p); i += AT_ONCE) {
        p->conn.corked = true;
        for (int n = 0; n < AT_ONCE; n++)
            transmit(p, "bs", SSH_MSG_IGNORE, text);
        conn_uncork(&p->conn, step_deadline(p));
    }
    go_on(p);
    growth_end(p, &g);
}

/* RFC 4253 section 11.3: byte SSH_MSG_DEBUG, boolean always_display, string message, string
 * language tag */
static void debug(struct peer *p)
{
    reach(p, AT_LOGIN);
    for (int display = 0; display < 2; display++)
        transmit(p, "bbtt", SSH_MSG_DEBUG, display, "nacre-spec", "en");
    go_on(p);
}

/* ---- UNIMPLEMENTED: section 11.4 ---- */

static void unknown(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bt", (int)p->row->number, "nacre-spec");
    go_on(p);
}

static void unknown_in_auth(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bt", 200, "nacre-spec");
    go_on(p);
}

static void unknown_in_kex(struct peer *p)
{
    reach(p, AT_KEXINIT);
    without_strict(p);
    steps_until(p, AT_SHARE);
    transmit(p, "bt", 200, "nacre-spec");
    go_on(p);
}

static void unknown_order(struct peer *p)
{
    need_request_failure(p);
    reach(p, AT_LOGIN);
    transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, "fence@nacre-spec", 1);
    for (int i = 0; i < 3; i++)
        transmit(p, "bt", 127, "nacre-spec");
    if (want(p, SSH_MSG_REQUEST_FAILURE) && current_part(p)->count > 0)
        observe(p, "the replies are out of order");
    go_on(p);
}

static void unimplemented_unasked(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bu", SSH_MSG_UNIMPLEMENTED, 123456789);
    go_on(p);
}

/* We read only afterwards. */
static void unimplemented_flood(struct peer *p)
{
    struct growth g;

    reach(p, AT_LOGIN);
    g = growth_begin(p);
    p->conn.deaf = p->conforming = true;
    for (int i = 0; i < UNKNOWNS && !over(p); i++)
        transmit(p, "b", 127);
    p->conn.deaf = p->conforming = false;
    receive_times(p, SSH_MSG_UNIMPLEMENTED, UNKNOWNS);
    go_on(p);
    growth_end(p, &g);
}

/* ---- PING: byte SSH_MSG_PING, string data ---- */

static void send_pings(struct peer *p, int count)
{
    need(p, p->setting->facts.offers_ping, "no ping@openssh.com");
    reach(p, AT_LOGIN);
    for (int i = 0; i < count; i++)
        transmit(p, "bs", SSH_MSG_PING, sample(p, 10 + (size_t)i));
    for (int i = 0; i < count && answer(p) == SSH_MSG_PONG; i++)
        if (!bytes_equal(p->got, message(p, "bs", SSH_MSG_PONG, sample(p, 10 + (size_t)i))))
            observe(p, "other bytes");
    go_on(p);
}

static void ping(struct peer *p)
{
    send_pings(p, 1);
}

static void pings(struct peer *p)
{
    send_pings(p, PINGS);
}

static void pong_unasked(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bt", SSH_MSG_PONG, "nacre-spec");
    go_on(p);
}

static void ping_not_offered(struct peer *p)
{
    need(p, !p->setting->facts.offers_ping, "ping@openssh.com is offered");
    reach(p, AT_LOGIN);
    transmit(p, "bt", SSH_MSG_PING, "nacre-spec");
    go_on(p);
}

static void ping_before_auth(struct peer *p)
{
    reach(p, AT_AUTH);
    transmit(p, "bt", SSH_MSG_PING, "nacre-spec");
    go_on(p);
}

/* PING and KEXINIT in one segment: the PONG comes before the server's KEXINIT or after NEWKEYS. */
static void ping_in_rekey(struct peer *p)
{
    need(p, p->setting->facts.offers_ping, "no ping@openssh.com");
    reach(p, AT_LOGIN);
    begin_exchange(p);
    p->conn.corked = true;
    transmit(p, "bt", SSH_MSG_PING, "nacre-spec");
    send_kexinit(p);
    conn_uncork(&p->conn, step_deadline(p));
    if (receive_kexinit(p))
        finish_exchange(p);
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_messages[] = {
    {"4253/10/userauth", SERVER, MUST, "RFC 4253 10", "4253/10/1",
     "ssh-userauth is accepted by name", "accept",
     .run = userauth},
    {"4253/10/unknown-service", SERVER, MUST, "RFC 4253 10", "4253/10/2 4253/10/3",
     "SERVICE_REQUEST for an invented name", "close (prefer disc 7)",
     .run = wrong_service, .text = "unknown@nacre-spec"},
    {"4253/10/connection-first", SERVER, MUST, "RFC 4253 10", "4253/10/2 4252/6/1",
     "SERVICE_REQUEST for ssh-connection before authentication", "close (prefer disc 7)",
     .run = wrong_service, .text = "ssh-connection"},
    {"4253/10/request-twice", SERVER, PRACTICE, "RFC 4253 10", "4253/10/6",
     "ssh-userauth is requested twice", "accept | close",
     .run = request_twice},
    {"4253/10/auth-without-service", SERVER, PRACTICE, "RFC 4253 10", "4253/10/7",
     "USERAUTH_REQUEST without a preceding SERVICE_REQUEST", "close",
     .run = auth_without_service},
    {"4253/11.1/disconnect", BOTH, MUST, "RFC 4253 11.1", "4253/11.1/1",
     "after DISCONNECT the peer ends, a client with a nonzero exit status", "clean end",
     .run = disconnect,
     .note = "dbclient ends with status 0 after any DISCONNECT"},
    {"4253/11.1/disconnect-then-data", BOTH, MUST, "RFC 4253 11.1", "4253/11.1/3",
     "data after our DISCONNECT has no effect", "clean end",
     .run = disconnect_then_data},
    {"4253/11.1/disconnect-malformed", BOTH, PRACTICE, "RFC 4253 11.1", "4253/11.1/1",
     "DISCONNECT without its description", "clean end | close",
     .run = disconnect_malformed},
    {"4253/11.1/own-reason", BOTH, MUST, "RFC 4250 4.2.2", "4250/4.2.2/1",
     "the peer's reason codes are 1 to 15 or private", "never violated",
     .run = NULL, .watch = WATCH_REASON},
    {"4253/11.1/own-says-why", BOTH, SHOULD, "RFC 4253 11.1", "4253/11.1/4",
     "the peer sends DISCONNECT when it ends because of an error", "report",
     .run = NULL, .watch = WATCH_SAYS_WHY},
    {"4253/11.1/own-silent-after", BOTH, MUST, "RFC 4253 11.1", "4253/11.1/2",
     "the peer sends nothing after its DISCONNECT", "never violated",
     .run = NULL, .watch = WATCH_SILENT_AFTER},
    {"4251/4.5/own-utf8", BOTH, MUST, "RFC 4251 4.5", "4251/4.5/1",
     "the peer's human-readable strings are UTF-8", "never violated",
     .run = NULL, .watch = WATCH_UTF8},
    {"4253/11.2/ignore", BOTH, MUST, "RFC 4253 11.2", "4253/11.2/1",
     "IGNORE in each encrypted phase", "go-on",
     .run = ignore_everywhere},
    {"4253/11.2/ignore-before-kexinit", BOTH, MUST, "RFC 4253 11.2", "4253/11.2/1",
     "IGNORE right after the identification, without strict kex", "go-on",
     .run = ignore_before_kexinit},
    {"4253/11.2/ignore-empty", BOTH, MUST, "RFC 4253 11.2", "4253/11.2/1",
     "IGNORE with an empty string", "go-on",
     .run = ignore_empty},
    {"4253/11.2/ignore-malformed", BOTH, PRACTICE, "RFC 4253 11.2", "4253/11.2/2",
     "IGNORE whose string length is one too large, and IGNORE without a string", "go-on | close",
     .run = ignore_malformed},
    {"4253/11.2/ignore-flood", BOTH, PRACTICE, "RFC 4253 11.2", "4253/11.2/1",
     "100,000 IGNOREs", "go-on, no growth",
     .run = ignore_flood},
    {"4253/11.3/debug", BOTH, MUST, "RFC 4253 11.3", "4253/11.3/1",
     "DEBUG with and without always_display", "go-on",
     .run = debug},
    {"4253/11.4/unknown-8", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1 4253/11.4/2",
     "message 8 during the connection protocol", "unimpl(seq), go-on",
     .run = unknown, .number = 8},
    {"4253/11.4/unknown-29", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "message 29", "unimpl(seq), go-on | close as warn",
     .run = unknown, .number = 29},
    {"4253/11.4/unknown-79", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "message 79", "unimpl(seq), go-on | close as warn",
     .run = unknown, .number = 79},
    {"4253/11.4/unknown-127", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "message 127", "unimpl(seq), go-on",
     .run = unknown, .number = 127},
    {"4253/11.4/unknown-128", BOTH, MUST, "RFC 4250 4.1.1", "4250/4.1.1/1",
     "message 128 with a body", "unimpl(seq), go-on",
     .run = unknown, .number = 128},
    {"4253/11.4/unknown-255", BOTH, MUST, "RFC 4250 4.1.1", "4250/4.1.1/1",
     "message 255", "unimpl(seq), go-on",
     .run = unknown, .number = 255},
    {"4253/11.4/unknown-in-auth", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "message 200 during authentication", "unimpl(seq), go-on | close as warn",
     .run = unknown_in_auth},
    {"4253/11.4/unknown-in-kex", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "message 200 during the first key exchange, without strict kex", "unimpl(seq), go-on | close as warn",
     .run = unknown_in_kex},
    {"4253/11.4/number-0", BOTH, PRACTICE, "RFC 4253 11.4", "4253/11.4/4",
     "message 0", "close | unimpl",
     .run = unknown, .number = 0},
    {"4253/11.4/order", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/1",
     "three unknown messages between two requests: replies come in order",
     "unimpl x3, go-on | unimpl x3, the replies are out of order, go-on as warn",
     .run = unknown_order, .listed = "unimpl x3, go-on",
     .note = "section 11.4 orders the UNIMPLEMENTED among themselves. PuTTY sends them before the answer to an earlier request"},
    {"4253/11.4/unimplemented-unasked", BOTH, MUST, "RFC 4253 11.4", "4253/11.4/3",
     "UNIMPLEMENTED for a sequence number never sent", "silent, go-on",
     .run = unimplemented_unasked},
    {"4253/11.4/unimplemented-flood", BOTH, PRACTICE, "RFC 4253 11.4", "4253/11.4/1",
     "10,000 unknown messages while we do not read", "go-on, no growth | close, no growth",
     .run = unimplemented_flood},
    {"ping/4/ping", SERVER, MAY, "PROTOCOL 1.8", "ossh/1.8/1 ping/4/2",
     "PING after login, when advertised: PONG returns the same bytes", "pong, go-on",
     .run = ping},
    {"ping/4/pings-in-order", SERVER, MUST, "PROTOCOL 1.8", "ossh/1.8/2",
     "ten PINGs are answered by ten PONGs in order", "pong x10",
     .run = pings},
    {"ping/4/pong-unasked", BOTH, MUST, "draft-miller-ssh-ping 4", "ping/4/1",
     "an unsolicited PONG", "silent, go-on | unimpl",
     .run = pong_unasked},
    {"ping/5/ping-not-offered", BOTH, SHOULD, "draft-miller-ssh-ping 5", "ping/5/1 ping/5/2",
     "PING to a peer that did not advertise it", "unimpl(seq), go-on",
     .run = ping_not_offered},
    {"ping/4/ping-before-auth", SERVER, SHOULD, "draft-miller-ssh-ping 4", "ping/4/3",
     "PING before the login is complete", "silent, go-on | close | unimpl",
     .run = ping_before_auth},
    {"ping/4/ping-in-rekey", SERVER, MUST, "PROTOCOL 1.8", "ossh/1.8/2",
     "PING crosses the server's KEXINIT", "pong after NEWKEYS",
     .run = ping_in_rekey},
    {0},
};
/* clang-format on */
