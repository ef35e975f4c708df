/* Channel requests and their answers, in order. RFC 4254 sections 5.4 and 6. */
#include "connection/connection.h"
#include "connection/request.h"

#include <string.h>

enum { REQUEST_ROOM = 256 }; /* bytes of a request besides its data */

/* ---- from the peer ---- */

/* RFC 4254 section 5.4: byte SSH_MSG_CHANNEL_SUCCESS or SSH_MSG_CHANNEL_FAILURE, uint32 recipient
 * channel */
static void send_reply(struct nacre_channel *ch, bool granted)
{
    struct transport *t = ch->connection->transport;
    struct writer w =
        transport_begin(t, granted ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, 1 + 4);

    write_u32(&w, ch->peer_id);
    transport_send(t, &w);
}

static bool is_pending(uint8_t entry)
{
    return (entry & REPLY_KIND) == REPLY_PENDING || (entry & REPLY_KIND) == REPLY_PENDING_SILENT;
}

void channel_release_replies(struct nacre_channel *ch)
{
    while (ch->reply_count > 0) {
        uint8_t reply = ch->replies[ch->reply_head];

        if (is_pending(reply))
            return;
        if (!connection_has_room(ch->connection)) {
            ch->connection->stalled = true;
            return;
        }
        if (reply != REPLY_NONE && !ch->sent_close)
            send_reply(ch, reply == REPLY_SUCCESS);
        ch->reply_head = (uint16_t)((ch->reply_head + 1) % REPLIES_MAX);
        ch->reply_count--;
    }
    pool_release(transport_pool(ch->connection->transport), ch->replies, REPLIES_MAX);
    ch->replies = NULL;
    ch->reply_head = 0;
}

static int queue_reply(struct nacre_channel *ch, unsigned reply)
{
    struct transport *t = ch->connection->transport;

    if (ch->replies == NULL)
        ch->replies = pool_allocate(transport_pool(t), REPLIES_MAX);
    if (ch->replies == NULL)
        return transport_no_memory(t);
    if (ch->reply_count == REPLIES_MAX)
        return connection_misuse(ch->connection, "too many requests without waiting for answers");
    ch->replies[(ch->reply_head + ch->reply_count) % REPLIES_MAX] = (uint8_t)reply;
    ch->reply_count++;
    return 0;
}

/* what: REPLY_PROGRAM, REPLY_TERMINAL or 0, which a refusal that comes later takes back. */
static int reply(struct nacre_channel *ch, enum nacre_answer answer, bool want_reply, unsigned what)
{
    if (answer == NACRE_LATER)
        return queue_reply(ch, what | (want_reply ? REPLY_PENDING : REPLY_PENDING_SILENT));
    if (!want_reply || ch->sent_close)
        return 0;
    if (ch->reply_count > 0)
        return queue_reply(ch, answer == NACRE_GRANT ? REPLY_SUCCESS : REPLY_FAILURE);
    send_reply(ch, answer == NACRE_GRANT);
    return 0;
}

static void decide(struct nacre_channel *ch, uint8_t *entry, bool granted)
{
    if (!granted && (*entry & REPLY_PROGRAM))
        ch->has_program = false;
    if (!granted && (*entry & REPLY_TERMINAL))
        ch->has_pty = false;
    if ((*entry & REPLY_KIND) == REPLY_PENDING_SILENT)
        *entry = REPLY_NONE;
    else
        *entry = granted ? REPLY_SUCCESS : REPLY_FAILURE;
}

void nacre_channel_answer(struct nacre_channel *ch, bool granted)
{
    for (uint16_t i = 0; i < ch->reply_count; i++) {
        uint8_t *entry = &ch->replies[(ch->reply_head + i) % REPLIES_MAX];

        if (!is_pending(*entry))
            continue;
        channel_enter(ch);
        decide(ch, entry, granted);
        channel_release_replies(ch);
        channel_leave(ch);
        return;
    }
    if (ch->answering)
        ch->early = granted ? NACRE_GRANT : NACRE_REFUSE;
}

void channel_refuse_pending(struct nacre_channel *ch)
{
    for (uint16_t i = 0; i < ch->reply_count; i++) {
        uint8_t *entry = &ch->replies[(ch->reply_head + i) % REPLIES_MAX];

        if (is_pending(*entry))
            decide(ch, entry, false);
        if (ch->got_close)
            *entry = REPLY_NONE; /* nobody reads it */
    }
    channel_release_replies(ch);
}

static bool starts_program(enum nacre_request_kind kind)
{
    return kind == NACRE_REQUEST_SHELL || kind == NACRE_REQUEST_EXEC ||
           kind == NACRE_REQUEST_SUBSYSTEM;
}

/* Section 6.5: only one program a channel; one terminal, and its size changes only once it is
 * there. */
static bool is_out_of_place(const struct nacre_channel *ch, enum nacre_request_kind kind)
{
    if (kind != NACRE_REQUEST_OTHER && kind != NACRE_REQUEST_EOW &&
        strcmp(ch->type, "session") != 0)
        return true;
    return (starts_program(kind) && ch->has_program) ||
           (kind == NACRE_REQUEST_PTY && (ch->has_pty || ch->has_program)) ||
           (kind == NACRE_REQUEST_WINDOW_CHANGE && !ch->has_pty);
}

static enum nacre_answer ask(struct nacre_channel *ch, const struct nacre_request *request)
{
    enum nacre_answer answer;

    if (ch->app->request == NULL || ch->want_close || is_out_of_place(ch, request->kind))
        return NACRE_REFUSE;
    ch->answering = true;
    answer = ch->app->request(ch, request);
    ch->answering = false;
    if (answer == NACRE_LATER && ch->early != NACRE_LATER)
        answer = ch->early;
    ch->early = NACRE_LATER;
    if (answer != NACRE_REFUSE) {
        ch->has_program = ch->has_program || starts_program(request->kind);
        ch->has_pty = ch->has_pty || request->kind == NACRE_REQUEST_PTY;
    }
    return answer;
}

static unsigned what_is_asked(enum nacre_request_kind kind)
{
    if (kind == NACRE_REQUEST_PTY)
        return REPLY_TERMINAL;
    return starts_program(kind) ? REPLY_PROGRAM : 0;
}

static int handle(struct nacre_channel *ch, struct bytes type, bool want_reply, struct reader *r)
{
    struct connection *c = ch->connection;
    struct transport *t = c->transport;
    uint32_t id = ch->id;
    enum nacre_role peer = transport_peer_role(t);
    struct parsed_request p;
    enum request_status status = request_read(&p, transport_pool(t), peer, type, want_reply, r);
    int failure = 0;

    if (status == REQUEST_NO_MEMORY) {
        failure = transport_no_memory(t);
    } else {
        channel_enter(ch);
        failure = reply(ch, status == REQUEST_READY ? ask(ch, &p.request) : NACRE_REFUSE,
                        want_reply, what_is_asked(p.request.kind));
        channel_leave(ch);
    }
    request_clear(&p, transport_pool(t));
    if (failure == 0 && connection_find(c, id) == ch)
        channel_turn(ch); /* a program may have begun: its output, and what waited for it */
    return failure;
}

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_REQUEST
 *     uint32    recipient channel
 *     string    request type in US-ASCII characters only
 *     boolean   want reply
 *     ....      type-specific data follows                                    */
int on_channel_request(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = connection_find(c, read_u32(r));
    struct bytes type = read_string(r);
    bool want_reply = read_bool(r);

    if (r->bad)
        return connection_malformed(c, "malformed CHANNEL_REQUEST");
    if (ch == NULL || !ch->is_open || ch->got_close)
        return connection_misuse(c, "request for a channel that is not open");
    transport_charge(c->transport, NACRE_LIMIT_REQUESTS);
    return handle(ch, type, want_reply, r);
}

static int on_reply(struct connection *c, struct reader *r, bool granted)
{
    struct nacre_channel *ch = connection_find(c, read_u32(r));

    if (!read_done(r))
        return connection_malformed(c, "malformed answer to a channel request");
    if (ch == NULL || !ch->is_open || ch->awaiting == 0)
        return connection_misuse(c, "answer to a channel request that was not made");
    ch->awaiting--;
    channel_enter(ch);
    if (ch->app->replied != NULL && !ch->want_close)
        ch->app->replied(ch, granted);
    channel_leave(ch);
    return 0;
}

/* RFC 4254 section 5.4: byte SSH_MSG_CHANNEL_SUCCESS, uint32 recipient channel */
int on_channel_success(struct connection *c, struct reader *r)
{
    return on_reply(c, r, true);
}

/* RFC 4254 section 5.4: byte SSH_MSG_CHANNEL_FAILURE, uint32 recipient channel */
int on_channel_failure(struct connection *c, struct reader *r)
{
    return on_reply(c, r, false);
}

/* ---- to the peer ---- */

static struct writer begin_request(struct nacre_channel *ch, const char *type, bool want_reply,
                                   size_t room)
{
    struct writer w =
        transport_begin(ch->connection->transport, SSH_MSG_CHANNEL_REQUEST, REQUEST_ROOM + room);

    write_u32(&w, ch->peer_id);
    write_text(&w, type);
    write_bool(&w, want_reply);
    return w;
}

bool nacre_channel_request(struct nacre_channel *ch, const char *type, bool want_reply,
                           const void *data, size_t len)
{
    struct connection *c = ch->connection;
    struct writer w;

    if (!ch->is_open || ch->want_close || ch->got_close || len > CHANNEL_PACKET_MAX ||
        strlen(type) > CHANNEL_TYPE_MAX || transport_room(c->transport) < REQUEST_ROOM + len)
        return false;
    w = begin_request(ch, type, want_reply, len);
    write_bytes(&w, (struct bytes){data, len});
    transport_send(c->transport, &w);
    if (want_reply)
        ch->awaiting++;
    return true;
}

bool nacre_channel_eow(struct nacre_channel *ch)
{
    static const char openssh[] = "SSH-2.0-OpenSSH_";
    const char *version = transport_peer_version(ch->connection->transport);

    return strcmp(ch->type, "session") == 0 && strncmp(version, openssh, strlen(openssh)) == 0 &&
           nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0);
}

/* Section 6.10: "exit-status": uint32 exit_status; "exit-signal": string signal name without "SIG",
 * boolean core dumped, string error message, string language tag. want_reply is FALSE in both. */
void channel_send_exit(struct nacre_channel *ch)
{
    struct writer w =
        begin_request(ch, ch->exit_signal == NULL ? "exit-status" : "exit-signal", false, 0);

    if (ch->exit_signal == NULL) {
        write_u32(&w, ch->exit_status);
    } else {
        write_text(&w, ch->exit_signal);
        write_bool(&w, ch->core_dumped);
        write_text(&w, "");
        write_text(&w, "");
    }
    ch->sent_exit = true;
    transport_send(ch->connection->transport, &w);
}

static void want_exit(struct nacre_channel *ch, uint32_t status, const char *signal,
                      bool core_dumped)
{
    if (ch->want_exit || ch->want_close)
        return;
    channel_enter(ch);
    ch->want_exit = true;
    ch->exit_status = status;
    ch->exit_signal = signal;
    ch->core_dumped = core_dumped;
    channel_leave(ch);
}

void nacre_channel_exit_status(struct nacre_channel *ch, uint32_t status)
{
    want_exit(ch, status, NULL, false);
}

void nacre_channel_exit_signal(struct nacre_channel *ch, const char *name, bool core_dumped)
{
    want_exit(ch, 0, strlen(name) <= CHANNEL_TYPE_MAX ? name : "TERM", core_dumped);
}
