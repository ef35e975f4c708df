/* Opening a channel, from either side. RFC 4254 section 5.1. */
#include "connection/connection.h"
#include "transport/text.h"

#include <string.h>

enum {
    OPEN_ROOM = 256,  /* bytes of a confirmation or failure */
    REASON_MAX = 128, /* bytes of a failure's description that we send */
    TOLD_MAX = 256,   /* ... and that we tell of the peer's */
};

static uint32_t cap(const struct connection *c)
{
    return c->config->channels_max != 0 ? c->config->channels_max : CHANNELS_MAX;
}

/* A small budget is not for one channel alone. */
static uint32_t first_window(const struct connection *c)
{
    uint32_t half = transport_limits(c->transport)->window / 2;

    return half != 0 && half < WINDOW_INITIAL ? half : WINDOW_INITIAL;
}

/* The lowest free number; the table grows by doubling. False: no memory. */
static bool find_slot(struct connection *c, uint32_t *slot)
{
    struct pool *pool = transport_pool(c->transport);
    uint32_t len = c->table_len == 0 ? 4 : c->table_len * 2;
    struct nacre_channel **table;

    for (*slot = 0; *slot < c->table_len; (*slot)++)
        if (c->channels[*slot] == NULL)
            return true;
    table = pool_allocate(pool, len * sizeof *table);
    if (table == NULL)
        return false;
    if (c->table_len > 0)
        memcpy(table, c->channels, c->table_len * sizeof *table);
    pool_release(pool, c->channels, c->table_len * sizeof *table);
    c->channels = table;
    c->table_len = len;
    return true;
}

static bool set_text(struct pool *pool, struct nacre_channel *ch, struct bytes type,
                     struct bytes open_data)
{
    ch->type = pool_allocate(pool, type.len + 1);
    if (ch->type == NULL)
        return false;
    memcpy(ch->type, type.at, type.len);
    if (open_data.len == 0)
        return true;
    ch->open_data = pool_allocate(pool, open_data.len);
    if (ch->open_data == NULL)
        return false;
    memcpy(ch->open_data, open_data.at, open_data.len);
    ch->open_data_len = (uint32_t)open_data.len;
    ch->connection->granted += open_data.len;
    return true;
}

static void count_channels(struct connection *c, uint32_t count)
{
    c->count = count;
    transport_share_output(c->transport, count > 1);
}

/* A new channel in the table; NULL: no memory. */
static struct nacre_channel *channel_new(struct connection *c, struct bytes type,
                                         struct bytes open_data)
{
    struct pool *pool = transport_pool(c->transport);
    uint32_t slot, window = first_window(c);
    struct nacre_channel *ch;

    if (!find_slot(c, &slot))
        return NULL;
    ch = pool_allocate(pool, sizeof *ch);
    if (ch == NULL)
        return NULL;
    ch->connection = c;
    ch->id = slot;
    ch->opening = true;
    ch->early = NACRE_LATER;
    ch->local_window = ch->window_target = window;
    c->channels[slot] = ch;
    c->used_ids = slot < c->used_ids ? c->used_ids : slot + 1;
    count_channels(c, c->count + 1);
    c->granted += ch->window_target;
    ch->round_ms = transport_now_ms(c->transport);
    if (!set_text(pool, ch, type, open_data)) {
        channel_free(ch);
        return NULL;
    }
    return ch;
}

void channel_free(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    struct pool *pool = transport_pool(c->transport);

    c->channels[ch->id] = NULL;
    count_channels(c, c->count - 1);
    c->granted -= ch->window_target + ch->open_data_len;
    for (int i = 0; i < 2; i++)
        queue_clear(&ch->kept[i], pool);
    if (ch->type != NULL)
        pool_release(pool, ch->type, strlen(ch->type) + 1);
    pool_release(pool, ch->open_data, ch->open_data_len);
    pool_release(pool, ch->replies, REPLIES_MAX);
    pool_release(pool, ch, sizeof *ch);
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_CONFIRMATION
 *     uint32    recipient channel
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size                                           */
static void confirm(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, OPEN_ROOM);

    write_u32(&w, ch->peer_id);
    write_u32(&w, ch->id);
    write_u32(&w, ch->local_window);
    write_u32(&w, CHANNEL_PACKET_MAX);
    transport_send(t, &w);
    ch->opening = false;
    ch->is_open = true;
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN_FAILURE
 *     uint32    recipient channel
 *     uint32    reason code
 *     string    description in ISO-10646 UTF-8 encoding
 *     string    language tag                                                  */
static int refuse(struct connection *c, uint32_t peer_id, uint32_t reason, const char *text)
{
    struct writer w = transport_begin(c->transport, SSH_MSG_CHANNEL_OPEN_FAILURE, OPEN_ROOM);

    write_u32(&w, peer_id);
    write_u32(&w, reason);
    write_string(&w, text_clipped(text, REASON_MAX));
    write_text(&w, "");
    transport_send(c->transport, &w);
    return 0;
}

static int settle(struct nacre_channel *ch, enum nacre_answer answer)
{
    struct connection *c = ch->connection;
    uint32_t peer_id = ch->peer_id;
    bool said = ch->refusal_reason != 0;
    uint32_t reason = said ? ch->refusal_reason : NACRE_REASON_PROHIBITED;
    const char *text = said ? ch->refusal : "not allowed";

    if (answer == NACRE_GRANT) {
        confirm(ch);
        channel_turn(ch); /* what the application asked for meanwhile */
    } else if (answer == NACRE_REFUSE) {
        channel_free(ch);
        return refuse(c, peer_id, reason, text);
    }
    return 0;
}

/* Forwarding is known, and refused unless the application grants it. */
static int refuse_type(struct connection *c, uint32_t peer_id, struct bytes type)
{
    if (is_forwarding(type))
        return refuse(c, peer_id, NACRE_REASON_PROHIBITED, "forwarding is not allowed here");
    return refuse(c, peer_id, NACRE_REASON_UNKNOWN_TYPE, "unknown channel type");
}

static const struct nacre_channel_app *lookup(struct connection *c, struct bytes type)
{
    char name[CHANNEL_TYPE_MAX + 1];

    if (c->config->lookup == NULL)
        return bytes_are(type, "session") ? c->config->session : NULL;
    if (type.len > CHANNEL_TYPE_MAX || !is_name(type))
        return NULL;
    memcpy(name, type.at, type.len);
    name[type.len] = 0;
    return c->config->lookup(c->context, name);
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN
 *     string    channel type in US-ASCII only
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size
 *     ....      channel type specific data follows                            */
int on_channel_open(struct connection *c, struct reader *r)
{
    struct bytes type = read_string(r);
    uint32_t peer_id = read_u32(r);
    uint32_t window = read_u32(r);
    uint32_t max_packet = read_u32(r);
    struct bytes data = read_rest(r);
    const struct nacre_channel_app *app;
    struct nacre_channel *ch;
    enum nacre_answer answer;

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_OPEN");
    transport_charge(c->transport, NACRE_LIMIT_OPENS);
    if (c->no_more_sessions && bytes_are(type, "session"))
        return connection_misuse(c, "a session after no-more-sessions"); /* PROTOCOL 2.2 */
    app = lookup(c, type);
    if (app == NULL)
        return refuse_type(c, peer_id, type);
    if (c->count >= cap(c)) {
        transport_limit(c->transport, NACRE_LIMIT_CHANNELS);
        return refuse(c, peer_id, NACRE_REASON_SHORTAGE, "too many channels");
    }
    if (!connection_affords(c, c->count + 1, first_window(c) + data.len)) {
        transport_limit(c->transport, NACRE_LIMIT_WINDOW);
        return refuse(c, peer_id, NACRE_REASON_SHORTAGE, "the channels hold too much");
    }
    ch = channel_new(c, type, data);
    if (ch == NULL)
        return refuse(c, peer_id, NACRE_REASON_SHORTAGE, "out of memory");
    ch->app = app;
    ch->peer_id = peer_id;
    ch->peer_window = window;
    ch->peer_max_packet = max_packet;
    ch->depth++; /* what the application asks for at once follows the confirmation */
    answer = app->open == NULL ? NACRE_GRANT : app->open(ch);
    ch->depth--;
    if (answer == NACRE_LATER && ch->early != NACRE_LATER)
        answer = ch->early;
    ch->early = NACRE_LATER;
    return settle(ch, answer);
}

void nacre_channel_open_answer(struct nacre_channel *ch, bool granted)
{
    enum nacre_answer answer = granted ? NACRE_GRANT : NACRE_REFUSE;

    if (!ch->opening || ch->ours)
        return;
    if (ch->depth > 0)
        ch->early = answer; /* from inside open, which then says NACRE_LATER */
    else
        (void)settle(ch, answer);
}

void nacre_channel_open_refuse(struct nacre_channel *ch, enum nacre_open_reason reason,
                               const char *text)
{
    if (!ch->opening || ch->ours)
        return;
    ch->refusal_reason = (uint8_t)reason;
    ch->refusal = text;
    nacre_channel_open_answer(ch, false);
}

/* RFC 4254 section 5.1, as in on_channel_open. During a key exchange, and while the output is full,
 * it waits; the room for control messages lets a small one pass. */
void channel_send_open(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    size_t room = OPEN_ROOM + ch->open_data_len;
    struct writer w;

    if (!(room <= 2 * OPEN_ROOM && connection_has_room(c)) && transport_room(c->transport) < room) {
        c->stalled = true;
        return;
    }
    ch->want_open = false;
    w = transport_begin(c->transport, SSH_MSG_CHANNEL_OPEN, room);
    write_text(&w, ch->type);
    write_u32(&w, ch->id);
    write_u32(&w, ch->local_window);
    write_u32(&w, CHANNEL_PACKET_MAX);
    write_bytes(&w, (struct bytes){ch->open_data, ch->open_data_len});
    transport_send(c->transport, &w);
}

struct nacre_channel *connection_open(struct connection *c, const char *type,
                                      const struct nacre_channel_app *app, void *data,
                                      struct bytes open_data)
{
    struct nacre_channel *ch;

    if (!c->started || transport_ended(c->transport) || c->count >= cap(c) ||
        !connection_affords(c, c->count + 1, first_window(c) + open_data.len) ||
        strlen(type) > CHANNEL_TYPE_MAX || open_data.len > CHANNEL_PACKET_MAX)
        return NULL;
    ch = channel_new(c, bytes_of(type), open_data);
    if (ch == NULL)
        return NULL;
    ch->app = app;
    ch->data = data;
    ch->ours = ch->want_open = true;
    channel_send_open(ch);
    return ch;
}

static struct nacre_channel *find_opening(struct connection *c, uint32_t id)
{
    struct nacre_channel *ch = connection_find(c, id);

    return ch != NULL && ch->ours && ch->opening && !ch->want_open ? ch : NULL;
}

/* RFC 4254 section 5.1, as in confirm; more may follow for some channel types. */
int on_channel_open_confirmation(struct connection *c, struct reader *r)
{
    uint32_t id = read_u32(r);
    struct nacre_channel *ch = find_opening(c, id);
    uint32_t peer_id = read_u32(r);
    uint32_t window = read_u32(r);
    uint32_t max_packet = read_u32(r);

    (void)read_rest(r);
    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_OPEN_CONFIRMATION");
    if (ch == NULL)
        return connection_misuse(c, "confirmation of a channel that was not being opened");
    ch->opening = false;
    ch->is_open = true;
    ch->peer_id = peer_id;
    ch->peer_window = window;
    ch->peer_max_packet = max_packet;
    channel_enter(ch);
    if (ch->app->open != NULL)
        (void)ch->app->open(ch);
    channel_leave(ch);
    if (connection_find(c, id) == ch)
        channel_turn(ch); /* what the application wanted to write before */
    return 0;
}

/* RFC 4254 section 5.1, as in refuse. */
int on_channel_open_failure(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = find_opening(c, read_u32(r));
    uint32_t reason = read_u32(r);
    struct bytes text = read_string(r);
    struct nacre_end why = {NACRE_OPEN_REFUSED, reason, "the peer refused to open the channel"};
    char told[TOLD_MAX];

    (void)read_string(r);
    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_OPEN_FAILURE");
    if (ch == NULL)
        return connection_misuse(c, "failure of a channel that was not being opened");
    if (text.len > 0)
        why.text = clean_text(told, sizeof told, text);
    channel_finish(ch, &why);
    return 0;
}

void nacre_channel_set_app(struct nacre_channel *ch, const struct nacre_channel_app *app)
{
    ch->app = app;
}

const struct nacre_channel_app *nacre_channel_app(const struct nacre_channel *ch)
{
    return ch->app;
}

void nacre_channel_set_data(struct nacre_channel *ch, void *data)
{
    ch->data = data;
}

void *nacre_channel_data(const struct nacre_channel *ch)
{
    return ch->data;
}

uint32_t nacre_channel_id(const struct nacre_channel *ch)
{
    return ch->id;
}

const char *nacre_channel_type(const struct nacre_channel *ch)
{
    return ch->type;
}

const uint8_t *nacre_channel_open_data(const struct nacre_channel *ch, size_t *len)
{
    *len = ch->open_data_len;
    return ch->open_data;
}

void *nacre_channel_context(const struct nacre_channel *ch)
{
    return ch->connection->context;
}
