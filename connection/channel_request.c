#include "connection/channel_request.h"

#include "connection/channel_data.h"
#include "connection/request.h"
#include "transport/pool.h"

#include <string.h>

enum {
    REQUEST_FIXED = 1 + 4 + 4 + 1, /* bytes of number, channel, length, want_reply */
    REQUEST_HEADER = REQUEST_FIXED + CHANNEL_TYPE_MAX, /* ... and of the longest type */
};

_Static_assert((int)NACRE_REQUEST_BYTES_MAX == (int)TRANSPORT_REQUEST_MAX, "as channel.h says");
_Static_assert((int)NACRE_COMMAND_MAX == TRANSPORT_REQUEST_MAX - REQUEST_FIXED - 4 - 4, "\"exec\"");

/* ---- from the peer ---- */

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_SUCCESS or SSH_MSG_CHANNEL_FAILURE
 *     uint32    recipient channel                                             */
static void send_reply(struct nacre_channel *ch, bool granted)
{
    struct transport *t = ch->connection->transport;
    struct writer w =
        transport_begin(t, granted ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, 1 + 4);

    write_u32(&w, ch->peer_id);
    transport_send(t, &w);
}

static bool is_pending(const struct channel_reply *reply)
{
    return reply->state == REPLY_PENDING || reply->state == REPLY_PENDING_SILENT;
}

static struct channel_reply *reply_at(struct nacre_channel *ch, uint16_t i)
{
    return &ch->replies[(ch->reply_head + i) % REPLIES_MAX];
}

void channel_request_send_replies(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;

    while (ch->reply_count > 0) {
        const struct channel_reply *reply = reply_at(ch, 0);

        if (is_pending(reply))
            return;
        if (!transport_control_room(t)) {
            ch->connection->stalled = true;
            return;
        }
        if (reply->state != REPLY_NONE && !ch->sent_close)
            send_reply(ch, reply->state == REPLY_SUCCESS);
        ch->reply_head = (uint16_t)((ch->reply_head + 1) % REPLIES_MAX);
        ch->reply_count--;
    }
    pool_release(transport_pool(t), ch->replies, REPLIES_MAX * sizeof *ch->replies);
    ch->replies = NULL;
    ch->reply_head = 0;
}

static int queue_reply(struct nacre_channel *ch, struct channel_reply reply)
{
    struct transport *t = ch->connection->transport;

    if (ch->replies == NULL)
        ch->replies = pool_allocate(transport_pool(t), REPLIES_MAX * sizeof *ch->replies);
    if (ch->replies == NULL)
        return transport_no_memory(t);
    if (ch->reply_count == REPLIES_MAX)
        return misuse(ch->connection, "CHANNEL_REQUEST: too many wait for an answer");
    *reply_at(ch, ch->reply_count++) = reply;
    return 0;
}

static bool starts_program(enum nacre_request_kind kind)
{
    return kind == NACRE_REQUEST_SHELL || kind == NACRE_REQUEST_EXEC ||
           kind == NACRE_REQUEST_SUBSYSTEM;
}

/* The answer in its turn: after those to earlier requests. */
static int reply(struct nacre_channel *ch, enum nacre_answer answer, bool want_reply,
                 enum nacre_request_kind kind)
{
    enum reply decided = answer == NACRE_GRANT ? REPLY_SUCCESS : REPLY_FAILURE;

    if (answer == NACRE_LATER)
        return queue_reply(
            ch, (struct channel_reply){.state = want_reply ? REPLY_PENDING : REPLY_PENDING_SILENT,
                                       .starts_program = starts_program(kind),
                                       .opens_terminal = kind == NACRE_REQUEST_PTY});
    if (!want_reply || ch->sent_close)
        return 0;
    if (ch->reply_count > 0)
        return queue_reply(ch, (struct channel_reply){.state = (uint8_t)decided});
    send_reply(ch, answer == NACRE_GRANT);
    return 0;
}

static void decide(struct nacre_channel *ch, struct channel_reply *reply, bool granted)
{
    if (!granted && reply->starts_program)
        ch->has_program = false;
    if (!granted && reply->opens_terminal)
        ch->has_pty = false;
    if (reply->state == REPLY_PENDING_SILENT)
        reply->state = REPLY_NONE;
    else
        reply->state = granted ? REPLY_SUCCESS : REPLY_FAILURE;
}

void channel_request_answer(struct nacre_channel *ch, bool granted)
{
    for (uint16_t i = 0; i < ch->reply_count; i++) {
        if (!is_pending(reply_at(ch, i)))
            continue;
        decide(ch, reply_at(ch, i), granted);
        channel_request_send_replies(ch);
        return;
    }
    if (ch->answering)
        ch->early = granted ? NACRE_GRANT : NACRE_REFUSE;
}

void channel_request_refuse_pending(struct nacre_channel *ch)
{
    for (uint16_t i = 0; i < ch->reply_count; i++) {
        if (is_pending(reply_at(ch, i)))
            decide(ch, reply_at(ch, i), false);
        if (ch->got_close)
            reply_at(ch, i)->state = REPLY_NONE; /* the peer no longer reads it */
    }
    channel_request_send_replies(ch);
}

/* Section 6.5: one program for each channel; one terminal, whose size changes only when it exists.
 */
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

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_REQUEST
 *     uint32    recipient channel
 *     string    request type in US-ASCII characters only
 *     boolean   want reply
 *     ....      type-specific data follows                                    */
int on_channel_request(struct nacre_channel *ch, struct reader *r)
{
    struct transport *t = ch->connection->transport;
    struct pool *pool = transport_pool(t);
    struct bytes type = read_string(r);
    bool want_reply = read_bool(r);
    struct parsed_request p;
    enum request_status status;
    int failure;

    if (r->bad)
        return transport_malformed(ch->connection->transport, "CHANNEL_REQUEST is malformed");
    if (!ch->is_open || ch->got_close)
        return misuse(ch->connection, "CHANNEL_REQUEST on a channel that is not open");
    transport_charge(t, NACRE_LIMIT_REQUESTS, 1);
    status = request_read(&p, pool, transport_peer_role(t), type, want_reply, r);
    if (status == REQUEST_NO_MEMORY)
        failure = transport_no_memory(t);
    else
        failure = reply(ch, status == REQUEST_READY ? ask(ch, &p.request) : NACRE_REFUSE,
                        want_reply, p.request.kind);
    request_clear(&p, pool);
    return failure;
}

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_SUCCESS or SSH_MSG_CHANNEL_FAILURE
 *     uint32    recipient channel                                             */
static int on_reply(struct nacre_channel *ch, struct reader *r, bool granted)
{
    if (!read_done(r))
        return transport_malformed(ch->connection->transport, granted
                                                                  ? "CHANNEL_SUCCESS is malformed"
                                                                  : "CHANNEL_FAILURE is malformed");
    if (!ch->is_open || ch->awaiting == 0)
        return 0; /* nobody asked: ignored, as by OpenSSH */
    ch->awaiting--;
    if (ch->app->replied != NULL && !ch->want_close)
        ch->app->replied(ch, granted);
    return 0;
}

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_SUCCESS
 *     uint32    recipient channel                                             */
int on_channel_success(struct nacre_channel *ch, struct reader *r)
{
    return on_reply(ch, r, true);
}

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_FAILURE
 *     uint32    recipient channel                                             */
int on_channel_failure(struct nacre_channel *ch, struct reader *r)
{
    return on_reply(ch, r, false);
}

/* ---- to the peer ---- */

/* RFC 4254 section 5.4, as in on_channel_request. */
static struct writer begin_request(struct nacre_channel *ch, const char *type, bool want_reply,
                                   size_t size)
{
    struct writer w = transport_begin(ch->connection->transport, SSH_MSG_CHANNEL_REQUEST, size);

    write_u32(&w, ch->peer_id);
    write_text(&w, type);
    write_bool(&w, want_reply);
    return w;
}

/* May a message of ours with so many bytes be sent, now or later? */
static enum nacre_sending judge(struct nacre_channel *ch, size_t header, size_t len)
{
    struct transport *t = ch->connection->transport;

    if (ch->refused || ch->want_close || ch->got_close || transport_ended(t) ||
        len > TRANSPORT_REQUEST_MAX || header + len > TRANSPORT_REQUEST_MAX)
        return NACRE_SEND_NEVER;
    if (!ch->is_open)
        return NACRE_SEND_LATER;
    if (transport_request_room(t, header + len))
        return NACRE_SEND_DONE;
    channel_data_await_request(ch, header + len);
    return NACRE_SEND_LATER;
}

enum nacre_sending channel_request_begin(struct nacre_channel *ch, const char *type,
                                         bool want_reply, size_t len, struct writer *w)
{
    size_t header = REQUEST_FIXED + strlen(type);
    enum nacre_sending sending =
        header <= REQUEST_HEADER ? judge(ch, header, len) : NACRE_SEND_NEVER;

    if (sending == NACRE_SEND_DONE)
        *w = begin_request(ch, type, want_reply, header + len);
    return sending;
}

void channel_request_end(struct nacre_channel *ch, bool want_reply, const struct writer *w)
{
    transport_send(ch->connection->transport, w);
    if (want_reply)
        ch->awaiting++;
}

/* RFC 4254 section 6.10, without a reply:
 *     string    "exit-status"
 *     uint32    exit_status
 * or:
 *     string    "exit-signal"
 *     string    signal name (without the "SIG" prefix)
 *     boolean   core dumped
 *     string    error message in ISO-10646 UTF-8 encoding
 *     string    language tag                                                  */
void channel_request_send_exit(struct nacre_channel *ch)
{
    bool signal = ch->exit_signal != NULL;
    const char *type = signal ? "exit-signal" : "exit-status";
    size_t fields = signal ? 4 + strlen(ch->exit_signal) + 1 + 4 + 4 : 4;
    struct writer w = begin_request(ch, type, false, REQUEST_FIXED + strlen(type) + fields);

    if (signal) {
        write_text(&w, ch->exit_signal);
        write_bool(&w, ch->core_dumped);
        write_text(&w, "");
        write_text(&w, "");
    } else {
        write_u32(&w, ch->exit_status);
    }
    ch->sent_exit = true;
    transport_send(ch->connection->transport, &w);
}
