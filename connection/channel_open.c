#include "connection/channel_open.h"

#include "connection/channel_app.h"
#include "connection/channel_close.h"
#include "connection/forward_type.h"
#include "connection/table.h"
#include "transport/text.h"

#include <string.h>

enum {
    SMALL_OPEN = 512,     /* bytes of an open that may use the space for control messages */
    TEXT_SENT_MAX = 128,  /* bytes of a failure's description that we send */
    TEXT_SHOWN_MAX = 256, /* ... and of the peer's description that we report */
};

/* Our maximum is for both directions. */
static uint32_t most_to_send(const struct connection *c, uint32_t peer_max)
{
    uint32_t ours = connection_packet_max(c);

    return peer_max < ours ? peer_max : ours;
}

/* ---- from the peer ---- */

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_CONFIRMATION
 *     uint32    recipient channel
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size                                           */
static void confirm(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 1 + 4 * 4);

    write_u32(&w, ch->peer_id);
    write_u32(&w, ch->id);
    write_u32(&w, ch->local_window);
    write_u32(&w, connection_packet_max(ch->connection));
    transport_send(t, &w);
    ch->opening = false;
    ch->is_open = true;
}

struct refusal {
    uint32_t reason;
    const char *text;
};

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_FAILURE
 *     uint32    recipient channel
 *     uint32    reason code
 *     string    description in ISO-10646 UTF-8 encoding
 *     string    language tag                                                  */
static void refuse(struct connection *c, uint32_t peer_id, struct refusal why)
{
    struct writer w = transport_begin(c->transport, SSH_MSG_CHANNEL_OPEN_FAILURE,
                                      1 + 4 + 4 + 4 + TEXT_SENT_MAX + 4);

    write_u32(&w, peer_id);
    write_u32(&w, why.reason);
    write_string(&w, text_clipped(why.text, TEXT_SENT_MAX));
    write_text(&w, "");
    transport_send(c->transport, &w);
}

/* True when the channel is open now. When it is refused, closed follows as after both CLOSEs. */
static bool settle(struct nacre_channel *ch, enum nacre_answer answer)
{
    struct connection *c = ch->connection;
    struct refusal why = {NACRE_REASON_PROHIBITED, "not allowed"};

    if (ch->refusal_reason != 0)
        why = (struct refusal){ch->refusal_reason, ch->refusal};
    if (answer == NACRE_GRANT)
        confirm(ch);
    if (answer != NACRE_REFUSE)
        return answer == NACRE_GRANT;
    refuse(c, ch->peer_id, why);
    ch->refusal_reason = (uint8_t)why.reason;
    ch->opening = false;
    ch->refused = c->closing = true;
    return false;
}

/* RFC 4254 section 6.1: without a lookup, the only type is "session". */
static const struct nacre_channel_app *lookup(struct connection *c, struct bytes type)
{
    char name[CHANNEL_TYPE_MAX + 1];

    if (c->config->lookup == NULL)
        return bytes_are(type, "session") ? c->config->session : NULL;
    if (!is_name(type) || !text_from_wire(name, sizeof name, type))
        return NULL;
    return c->config->lookup(c->context, name);
}

struct open {
    struct bytes type;
    uint32_t peer_id, window, max_packet;
    struct bytes data;
};

/* A channel for the request, not open yet; NULL: it is refused for the reason *why. Types of
 * forwarding are known, and refused unless the application grants them. */
static struct nacre_channel *admit(struct connection *c, const struct open *open,
                                   struct refusal *why)
{
    const struct nacre_channel_app *app = lookup(c, open->type);
    struct nacre_channel *ch = NULL;

    if (app == NULL && forward_fields_of(open->type) != FORWARD_NONE) {
        *why = (struct refusal){NACRE_REASON_PROHIBITED, "forwarding is not allowed here"};
    } else if (app == NULL) {
        *why = (struct refusal){NACRE_REASON_UNKNOWN_TYPE, "unknown channel type"};
    } else if (!table_has_space(c)) {
        transport_limit_reached(c->transport, NACRE_LIMIT_CHANNELS);
        *why = (struct refusal){NACRE_REASON_SHORTAGE, "too many channels"};
    } else if (!table_affords_channel(c, open->data.len)) {
        transport_limit_reached(c->transport, NACRE_LIMIT_WINDOW);
        *why = (struct refusal){NACRE_REASON_SHORTAGE, "the channels buffer too much"};
    } else {
        *why = (struct refusal){NACRE_REASON_SHORTAGE, "out of memory"};
        ch = table_add(c, open->type, open->data);
    }
    if (ch == NULL)
        return NULL;
    channel_set_app(ch, app);
    ch->peer_id = open->peer_id;
    ch->peer_window = open->window;
    ch->peer_max_packet = most_to_send(c, open->max_packet);
    return ch;
}

/* The channel is busy meanwhile: what the application does with it follows the confirmation. */
static enum nacre_answer ask(struct nacre_channel *ch)
{
    enum nacre_answer answer;

    ch->busy = true;
    answer = ch->app->open == NULL ? NACRE_GRANT : ch->app->open(ch);
    ch->busy = false;
    if (answer == NACRE_LATER && ch->early != NACRE_LATER)
        answer = ch->early;
    ch->early = NACRE_LATER;
    return answer;
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN
 *     string    channel type in US-ASCII only
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size
 *     ....      channel type specific data follows                            */
int on_channel_open(struct connection *c, struct reader *r, struct nacre_channel **ch)
{
    struct open open = {.type = read_string(r)};
    struct refusal why;

    *ch = NULL;
    open.peer_id = read_u32(r);
    open.window = read_u32(r);
    open.max_packet = read_u32(r);
    open.data = read_rest(r);
    if (!read_done(r))
        return transport_malformed(c->transport, "CHANNEL_OPEN is malformed");
    transport_charge(c->transport, NACRE_LIMIT_OPENS, 1);
    if (c->no_more_sessions && bytes_are(open.type, "session"))
        return misuse(c, "CHANNEL_OPEN of a session after no-more-sessions"); /* PROTOCOL 2.2 */
    *ch = admit(c, &open, &why);
    if (*ch == NULL)
        refuse(c, open.peer_id, why);
    else if (!settle(*ch, ask(*ch)))
        *ch = NULL;
    return 0;
}

bool channel_open_answer(struct nacre_channel *ch, bool granted)
{
    enum nacre_answer answer = granted ? NACRE_GRANT : NACRE_REFUSE;

    if (!ch->opening || ch->ours)
        return false;
    if (!ch->busy)
        return settle(ch, answer);
    ch->early = answer; /* from inside open, which then returns NACRE_LATER */
    return false;
}

void channel_open_explain(struct nacre_channel *ch, enum nacre_open_reason reason, const char *text)
{
    ch->refusal_reason = (uint8_t)reason;
    ch->refusal = text;
}

/* ---- to the peer ---- */

/* RFC 4254 section 5.1, as in on_channel_open. It waits for the end of a key exchange, and while
 * the output is full; a small one may use the space for control messages. */
void channel_open_send(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    size_t size = 1 + 4 + strlen(ch->type) + 3 * 4 + ch->open_data_len;
    bool is_small = size <= SMALL_OPEN;
    struct writer w;

    if (!(is_small && transport_control_room(c->transport)) &&
        transport_room(c->transport) < size) {
        c->stalled = true;
        return;
    }
    ch->want_open = false;
    w = transport_begin(c->transport, SSH_MSG_CHANNEL_OPEN, size);
    write_text(&w, ch->type);
    write_u32(&w, ch->id);
    write_u32(&w, ch->local_window);
    write_u32(&w, connection_packet_max(c));
    write_bytes(&w, (struct bytes){ch->open_data, ch->open_data_len});
    transport_send(c->transport, &w);
}

enum nacre_sending channel_open_chance(const struct connection *c, const char *type,
                                       size_t open_data_len)
{
    if (transport_ended(c->transport) || strlen(type) > CHANNEL_TYPE_MAX ||
        open_data_len > CHANNEL_PACKET_MAX)
        return NACRE_SEND_NEVER;
    if (!c->started || !table_has_space(c) || !table_affords_channel(c, open_data_len))
        return NACRE_SEND_LATER;
    return NACRE_SEND_DONE;
}

struct nacre_channel *channel_open_begin(struct connection *c, const char *type,
                                         const struct nacre_channel_app *app, void *data,
                                         struct bytes open_data)
{
    struct nacre_channel *ch;

    if (channel_open_chance(c, type, open_data.len) != NACRE_SEND_DONE)
        return NULL;
    ch = table_add(c, bytes_of(type), open_data);
    if (ch == NULL)
        return NULL;
    channel_set_app(ch, app);
    ch->data = data;
    ch->ours = ch->want_open = true;
    channel_open_send(ch);
    return ch;
}

static bool was_asked(const struct nacre_channel *ch)
{
    return ch->ours && ch->opening && !ch->want_open;
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_CONFIRMATION
 *     uint32    recipient channel
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size
 *     ....      channel type specific data follows                            */
int on_channel_open_confirmation(struct nacre_channel *ch, struct reader *r)
{
    uint32_t peer_id = read_u32(r);
    uint32_t window = read_u32(r);
    uint32_t max_packet = read_u32(r);

    (void)read_rest(r);
    if (!read_done(r))
        return transport_malformed(ch->connection->transport,
                                   "CHANNEL_OPEN_CONFIRMATION is malformed");
    if (!was_asked(ch))
        return misuse(ch->connection, "CHANNEL_OPEN_CONFIRMATION without a CHANNEL_OPEN");
    ch->opening = false;
    ch->is_open = true;
    ch->peer_id = peer_id;
    ch->peer_window = window;
    ch->peer_max_packet = most_to_send(ch->connection, max_packet);
    if (ch->app->open != NULL)
        (void)ch->app->open(ch);
    return 0;
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_FAILURE
 *     uint32    recipient channel
 *     uint32    reason code
 *     string    description in ISO-10646 UTF-8 encoding
 *     string    language tag                                                  */
int on_channel_open_failure(struct nacre_channel *ch, struct reader *r)
{
    uint32_t reason = read_u32(r);
    struct bytes text = read_string(r);
    struct nacre_end why = {NACRE_OPEN_REFUSED, reason, "the peer refused to open the channel"};
    char shown[TEXT_SHOWN_MAX];

    (void)read_string(r);
    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_OPEN_FAILURE is malformed");
    if (!was_asked(ch))
        return misuse(ch->connection, "CHANNEL_OPEN_FAILURE without a CHANNEL_OPEN");
    if (text.len > 0)
        why.text = clean_text(shown, sizeof shown, text);
    channel_close_finish(ch, &why);
    return 0;
}
