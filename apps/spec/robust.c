/* What ends a connection at any point, and messages that end too early. */
#include "apps/spec/baseline.h"
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <poll.h>

enum { CONNECTIONS = 200, MESSAGES = 8, ALIVE_STEPS = 5, ALIVE_WAIT_MS = 50 };

/* A server may have to notice first that the other connections have ended. */
static void observe_alive(struct peer *p)
{
    uint64_t deadline = now_us() + ALIVE_STEPS * p->step;
    bool alive = false;

    while (p->problem[0] == 0 && !(alive = baseline_alive(p->setting)) && now_us() < deadline)
        (void)poll(NULL, 0, ALIVE_WAIT_MS);
    p->timed_out = !alive; /* on a busy machine: once more, alone */
    if (p->problem[0] == 0)
        observe(p, "%s", alive ? p->row->expected : "no login succeeds");
}

static void tcp_reset(struct peer *p)
{
    for (int phase = AT_IDENT; phase <= AT_LOGIN; phase++) {
        peer_connect(p);
        reach(p, (enum reached)phase);
        conn_abort(&p->conn);
    }
    observe_alive(p);
}

static void fin_in_kex(struct peer *p)
{
    for (int phase = AT_IDENT; phase <= AT_NEWKEYS; phase++) {
        peer_connect(p);
        reach(p, (enum reached)phase);
        conn_finish(&p->conn);
        wait_close(p, p->step);
        current_part(p)->count = 0; /* what was on its way is no outcome */
    }
}

/* Many connections at once; each is left after another part of the identification. */
static void fast_reconnect(struct peer *p)
{
    struct conn all[CONNECTIONS];
    const struct setting *s = p->setting;
    struct bytes line = bytes_of("SSH-2.0-nacre_spec\r\n");

    for (int i = 0; i < CONNECTIONS; i++) {
        all[i] = (struct conn){.fd = -1};
        if (conn_open(&all[i], (const struct sockaddr *)&s->address, s->address_len,
                      step_deadline(p)))
            conn_send(&all[i], (struct bytes){line.at, (size_t)i % (line.len + 1)},
                      step_deadline(p));
    }
    for (int i = 0; i < CONNECTIONS; i++)
        conn_close(&all[i]);
    observe_alive(p);
}

/* ---- every message ---- */

/* A legal message, where it is sent, and where its strings begin (0 ends the list). */
struct sent {
    enum reached when;
    struct bytes payload;
    size_t strings[6];
};

/* The first three as a server: the client waits for them. */
static struct sent sent_as_server(struct peer *p, int i)
{
    switch (i) {
    case 0:
        return (struct sent){
            AT_SERVICE, message(p, "bt", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"), {1}};
    case 1:
        return (struct sent){
            AT_AUTH, message(p, "btb", SSH_MSG_USERAUTH_FAILURE, "publickey", 0), {1}};
    default:
        return (struct sent){
            AT_REPLY,
            message(p, "bsss", SSH_MSG_KEX_ECDH_REPLY, sample(p, 51), sample(p, 32), sample(p, 83)),
            {1, 56, 92}};
    }
}

static struct sent sent_message(struct peer *p, int i)
{
    const char *user = p->setting->profile.user;

    if (p->role == NACRE_SERVER && i < 3)
        return sent_as_server(p, i);
    switch (i) {
    case 0:
        return (struct sent){
            AT_SERVICE, message(p, "bt", SSH_MSG_SERVICE_REQUEST, "ssh-userauth"), {1}};
    case 1:
        return (struct sent){
            AT_AUTH,
            message(p, "bttt", SSH_MSG_USERAUTH_REQUEST, user, "ssh-connection", "none"),
            {1}};
    case 2:
        return (struct sent){AT_SHARE, message(p, "bs", SSH_MSG_KEX_ECDH_INIT, sample(p, 32)), {1}};
    case 3:
        return (struct sent){
            AT_LOGIN, message(p, "btb", SSH_MSG_GLOBAL_REQUEST, "unknown", 1), {1}};
    case 4:
        return (struct sent){
            AT_LOGIN, message(p, "btuuu", SSH_MSG_CHANNEL_OPEN, "session", 1, 65536, 32768), {1}};
    case 5:
        return (struct sent){AT_LOGIN, message(p, "but", SSH_MSG_CHANNEL_DATA, 0, "data"), {5}};
    case 6:
        return (struct sent){
            AT_LOGIN, message(p, "butbt", SSH_MSG_CHANNEL_REQUEST, 0, "exec", 1, "x"), {5, 14}};
    default:
        return (struct sent){AT_LOGIN, message(p, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 0, 1), {0}};
    }
}

/* A connection on which the payload is sent where the message belongs. False: it went on. */
static bool ends(struct peer *p, const struct sent *s, struct bytes payload)
{
    struct spec_channel *ch = NULL;
    bool ended;

    peer_connect(p);
    reach(p, s->when);
    if (s->when == AT_LOGIN)
        ch = open_session(p);
    if (s->payload.at[0] == SSH_MSG_CHANNEL_DATA && p->setting->facts.exec)
        (void)run(p, ch, p->setting->profile.cat); /* until then data may be ignored */
    p->observing = false;
    send_payload(p, payload);
    go_on(p);
    ended = current_part(p)->ending == ENDING_CLOSE || current_part(p)->count > 0;
    *current_part(p) = (struct outcome){.count = 0}; /* one part for all of them */
    return ended;
}

/* A client that takes long to start gets as many of them as there is time for. */
static bool has_time(const struct peer *p)
{
    return p->problem[0] == 0 && now_us() + 3 * p->step < p->deadline;
}

static void report_ends(struct peer *p, int failed)
{
    current_part(p)->ending = ENDING_CLOSE;
    if (failed >= 0)
        observe(p, "message %d was accepted", failed);
}

static void long_strings(struct peer *p)
{
    int failed = -1;

    for (int i = 0; i < MESSAGES && has_time(p); i++) {
        struct sent s = sent_message(p, i);

        for (int j = 0; s.strings[j] != 0 && has_time(p); j++) {
            struct bytes payload = peer_copy(p, s.payload);

            store_u32((uint8_t *)(uintptr_t)payload.at + s.strings[j], UINT32_MAX);
            if (!ends(p, &s, payload))
                failed = s.payload.at[0];
        }
    }
    report_ends(p, failed);
}

static void truncated(struct peer *p)
{
    int failed = -1;

    for (int i = 0; i < MESSAGES && has_time(p); i++) {
        struct sent s = sent_message(p, i);

        for (size_t len = 1; len < s.payload.len && has_time(p); len += len < 8 ? 1 : 5)
            if (!ends(p, &s, (struct bytes){s.payload.at, len}))
                failed = s.payload.at[0];
    }
    report_ends(p, failed);
}

/* clang-format off */
const struct spec_case spec_robust[] = {
    {"robust/memory-string", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "every message, with each string length set to 0xffffffff", "close",
     .run = long_strings,
     .note = "ssh ignores a malformed USERAUTH_FAILURE, dbclient a malformed SERVICE_ACCEPT; PuTTY takes what is there of a message"},
    {"robust/memory-truncated", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "every message, truncated at each byte", "close | unimpl",
     .run = truncated},
    {"robust/tcp-reset", BOTH, PRACTICE, "RFC 4253 11.1", "4253/11.1/1",
     "a TCP reset in each phase", "peer keeps serving",
     .run = tcp_reset},
    {"robust/fin-in-kex", BOTH, PRACTICE, "RFC 4253 11.1", "4253/11.1/1",
     "a TCP FIN in each phase of the first key exchange", "clean end",
     .run = fin_in_kex},
    {"robust/fast-reconnect", SERVER, PRACTICE, "RFC 4252 4", "4252/4/4",
     "200 connections at once, each closed at a different step", "next baseline passes",
     .run = fast_reconnect},
    {0},
};
/* clang-format on */
