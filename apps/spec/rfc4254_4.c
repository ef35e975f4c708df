/* RFC 4254 sections 4 and 5.1: global requests, and opening channels. */
#include "apps/spec/growth.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { REQUESTS = 10, FLOOD = 10000, LONG_NAME = 30000, MANY_CHANNELS = 1000, NEVER_OPENED = 77 };

/* ---- global requests: section 4 ---- */

/* RFC 4254 section 4: byte SSH_MSG_GLOBAL_REQUEST, string request name, boolean want reply */
static void send_request(struct peer *p, const char *name, int want_reply)
{
    transmit(p, "btb", SSH_MSG_GLOBAL_REQUEST, name, want_reply);
}

static void request(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_request(p, p->row->text, 1);
    if (answer(p) != 0)
        go_on(p);
}

/* An answer would look like the fence's: the answer of another message must come first. */
static void no_reply(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_request(p, "unknown@nacre-spec", 0);
    p->conforming = true;
    (void)send_open(p, (struct opening){.type = "unknown@nacre-spec"});
    p->conforming = false;
    if (next(p) == SSH_MSG_REQUEST_FAILURE)
        observe(p, "request-failure");
    go_on(p);
}

static void request_order(struct peer *p)
{
    reach(p, AT_LOGIN);
    p->conn.corked = true;
    for (int i = 0; i < REQUESTS; i++)
        send_request(p, "unknown@nacre-spec", 1);
    conn_uncork(&p->conn, step_deadline(p));
    for (int i = 0; i < REQUESTS; i++)
        (void)answer(p);
    go_on(p);
}

static void unsolicited(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "b", (int)p->row->number);
    go_on(p);
}

static void name_long(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bsb", SSH_MSG_GLOBAL_REQUEST, sample(p, LONG_NAME), 1);
    if (answer(p) != 0)
        go_on(p);
}

static void request_truncated(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bur", SSH_MSG_GLOBAL_REQUEST, 100, bytes_of("short"));
    go_on(p);
}

static void request_flood(struct peer *p)
{
    struct growth g;

    need_request_failure(p);
    reach(p, AT_LOGIN);
    g = growth_begin(p);
    p->conn.deaf = p->conforming = true;
    for (int i = 0; i < FLOOD && !over(p); i++)
        send_request(p, "unknown@nacre-spec", 1);
    p->conn.deaf = p->conforming = false;
    receive_times(p, SSH_MSG_REQUEST_FAILURE, FLOOD);
    go_on(p);
    growth_end(p, &g);
}

/* ---- opening: section 5.1 ---- */

/* A channel of this type: the answer, then the fence. */
static void open_type(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)send_open(p, (struct opening){.type = p->row->text});
    if (answer(p) != 0)
        go_on(p);
}

static void open_many(struct peer *p)
{
    uint64_t refused = 0;

    reach(p, AT_LOGIN);
    p->conforming = true;
    for (int i = 0; i < MANY_CHANNELS && !over(p); i++) {
        struct spec_channel *ch = send_open(p, (struct opening){0});

        if (!wait_opened(p, ch))
            refused += ch->refused;
    }
    p->conforming = false;
    if (p->open_answers != MANY_CHANNELS)
        observe_end(p);
    else
        observe(p, refused > 0 ? "open-failure" : "open-confirmed");
}

static void same_number(struct peer *p)
{
    reach(p, AT_LOGIN);
    (void)open_session(p);
    p->observing = false;
    (void)send_open(p, (struct opening){.number_given = true, .number = 0});
    if (answer(p) != 0)
        go_on(p);
}

static void number_ffffffff(struct peer *p)
{
    struct spec_channel *ch;

    reach(p, AT_LOGIN);
    if (p->role == NACRE_SERVER) {
        ch = accept_channel(p, (struct opening){.number_given = true, .number = UINT32_MAX});
        observe(p, "open-confirmed");
    } else {
        ch = send_open(p, (struct opening){.number_given = true, .number = UINT32_MAX});
        if (answer(p) != SSH_MSG_CHANNEL_OPEN_CONFIRMATION)
            return;
    }
    send_channel_request(p, ch, "unknown@nacre-spec", 1, (struct bytes){NULL, 0});
    if (want(p, SSH_MSG_CHANNEL_FAILURE) && load_u32(p->got.at + 1) == UINT32_MAX)
        observe(p, "number used in replies");
}

/* byte SSH_MSG_CHANNEL_OPEN_CONFIRMATION, uint32 recipient channel, uint32 sender channel, uint32
 * initial window size, uint32 maximum packet size */
static void confirmation_unasked(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, NEVER_OPENED, 0, 65536, 32768);
    go_on(p);
}

static void failure_unasked(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "buutt", SSH_MSG_CHANNEL_OPEN_FAILURE, NEVER_OPENED, 1, "nacre-spec", "");
    go_on(p);
}

static void some_data(struct peer *p, struct spec_channel *ch)
{
    send_data(p, ch, bytes_of("data"));
}

static void some_request(struct peer *p, struct spec_channel *ch)
{
    send_channel_request(p, ch, "unknown@nacre-spec", 1, (struct bytes){NULL, 0});
}

static void some_adjust(struct peer *p, struct spec_channel *ch)
{
    send_adjust(p, ch, 1);
}

static void (*const messages[])(struct peer *p, struct spec_channel *ch) = {
    some_data, some_request, some_adjust, send_eof, send_close};

static void never_opened(struct peer *p)
{
    for (int i = 0; i < 5; i++) {
        struct spec_channel none = {.peer = NEVER_OPENED, .peer_window = 1000};

        peer_connect(p);
        reach(p, AT_LOGIN);
        messages[i](p, &none);
        go_on(p);
    }
}

static void open_truncated(struct peer *p)
{
    reach(p, AT_LOGIN);
    transmit(p, "bur", SSH_MSG_CHANNEL_OPEN, 7, bytes_of("sess"));
    go_on(p);
}

/* PROTOCOL section 2.2: no reply, and no further sessions */
static void no_more_sessions(struct peer *p)
{
    reach(p, AT_LOGIN);
    send_request(p, "no-more-sessions@openssh.com", 0);
    fence(p);
    current_part(p)->ending = ENDING_NONE;
    (void)send_open(p, (struct opening){0});
    if (next(p) == SSH_MSG_CHANNEL_OPEN_CONFIRMATION)
        fence(p); /* not supported */
    else
        observe_end(p);
}

/* clang-format off */
const struct spec_case spec_global[] = {
    {"4254/4/unknown-reply", BOTH, MUST, "RFC 4254 4", "4254/4/1 4254/4/2",
     "an unknown global request with want-reply TRUE", "request-failure",
     .run = request, .text = "unknown@nacre-spec"},
    {"4254/4/unknown-no-reply", BOTH, MUST, "RFC 4254 4", "4254/4/3",
     "an unknown global request with want-reply FALSE", "silent, go-on",
     .run = no_reply},
    {"4254/4/order", BOTH, MUST, "RFC 4254 4", "4254/4/4",
     "ten global requests: ten replies in order", "request-failure x10",
     .run = request_order},
    {"4254/4/unsolicited-success", BOTH, PRACTICE, "RFC 4254 4", "4254/4/5",
     "an unsolicited REQUEST_SUCCESS", "go-on | close",
     .run = unsolicited, .number = SSH_MSG_REQUEST_SUCCESS},
    {"4254/4/unsolicited-failure", BOTH, PRACTICE, "RFC 4254 4", "4254/4/5",
     "an unsolicited REQUEST_FAILURE", "go-on | close",
     .run = unsolicited, .number = SSH_MSG_REQUEST_FAILURE},
    {"4254/4/name-empty", BOTH, PRACTICE, "RFC 4254 4", "4254/4/2",
     "a global request with an empty name", "request-failure",
     .run = request, .text = ""},
    {"4254/4/name-30k", BOTH, PRACTICE, "RFC 4254 4", "4254/4/2",
     "a global request with a name of 30,000 bytes", "request-failure | close",
     .run = name_long},
    {"4254/4/truncated", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "a global request that ends within its name", "close",
     .run = request_truncated},
    {"4254/4/flood", BOTH, PRACTICE, "RFC 4254 4", "4254/4/4",
     "10,000 global requests while we do not read", "go-on, no growth | close, no growth",
     .run = request_flood},
    {"4254/4/keepalive", BOTH, PRACTICE, "RFC 4254 4", "4254/4/1",
     "keepalive@openssh.com gets a reply, success or failure", "request-failure | request-success",
     .run = request, .text = "keepalive@openssh.com"},
    {"4254/5.1/unknown-type", BOTH, MUST, "RFC 4254 5.1", "4254/5.1/2",
     "CHANNEL_OPEN with an unknown channel type", "open-failure(3)",
     .run = open_type, .text = "unknown@nacre-spec"},
    {"4254/5.1/own-reason", SERVER, MUST, "RFC 4250 4.3", "4250/4.3/1",
     "the peer's OPEN_FAILURE reason codes are 1 to 4 or private", "never violated",
     .run = NULL, .watch = WATCH_OPEN_REASON},
    {"4254/5.1/own-answers", BOTH, MUST, "RFC 4254 5.1", "4254/5.1/1",
     "each CHANNEL_OPEN gets exactly one answer", "never violated",
     .run = NULL, .watch = WATCH_OPEN_ANSWERS},
    {"4254/5.1/many", SERVER, MUST, "RFC 4254 5.1", "4254/5.1/3",
     "1000 session channels are requested", "open-confirmed | open-failure for each",
     .run = open_many},
    {"4254/5.1/same-number", BOTH, PRACTICE, "RFC 4254 5.1", "4254/5.1/4",
     "a second CHANNEL_OPEN with a sender channel number that is already in use", "open-confirmed | open-failure | close",
     .run = same_number},
    {"4254/5.1/number-ffffffff", BOTH, MUST, "RFC 4254 5", "4254/5/2",
     "our channel number is 0xffffffff", "open-confirmed, number used in replies",
     .run = number_ffffffff},
    {"4254/5.1/confirmation-unasked", BOTH, PRACTICE, "RFC 4254 5.1", "4254/5.1/6",
     "OPEN_CONFIRMATION without a CHANNEL_OPEN", "close",
     .run = confirmation_unasked},
    {"4254/5.1/failure-unasked", BOTH, PRACTICE, "RFC 4254 5.1", "4254/5.1/6",
     "OPEN_FAILURE without a CHANNEL_OPEN", "close",
     .run = failure_unasked},
    {"4254/5/never-opened", BOTH, PRACTICE, "RFC 4254 5", "4254/5/3",
     "data, request, window adjust, EOF and CLOSE for a channel number never opened", "close",
     .run = never_opened},
    {"4254/5.1/truncated", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "CHANNEL_OPEN that ends within its type", "close",
     .run = open_truncated},
    {"ossh/2.2/no-more-sessions", SERVER, MUST, "PROTOCOL 2.2", "ossh/2.2/1 ossh/2.2/2",
     "no-more-sessions, then a session channel", "close | go-on if not supported",
     .run = no_more_sessions},
    {"ossh/2.3/tun", SERVER, MAY, "PROTOCOL 2.3", "ossh/2.3/1",
     "a tun@openssh.com channel is requested", "open-failure | open-confirmed",
     .run = open_type, .text = "tun@openssh.com"},
    {"hkup/2.1/own-hostkeys", SERVER, MUST, "draft-ietf-sshm-hostkey-update 2.1", "hkup/2.1/1 hkup/2.1/2",
     "hostkeys-00 is sent once, after login, with no key twice", "never violated",
     .run = NULL, .watch = WATCH_HOSTKEYS},
    {0},
};
/* clang-format on */
