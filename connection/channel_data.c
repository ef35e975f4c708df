/* Data, extended data and windows. RFC 4254 section 5.2. */
#include "connection/connection.h"

#include <string.h>

enum { DATA, EXTENDED }; /* the two queues of a channel */

enum {
    DATA_HEADER = 1 + 4 + 4 + 4, /* number, channel, type, length */
    SLIVER = 2 * 1024, /* bytes of output not worth a message yet: to a peer that reads slowly, each
                        * bit that drains would go out with a header of its own */
};

/* ---- in ---- */

/* RFC 4254 section 5.2: byte SSH_MSG_CHANNEL_WINDOW_ADJUST, uint32 channel, uint32 bytes to add */
void channel_send_window_adjust(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, SSH_MSG_CHANNEL_WINDOW_ADJUST, 1 + 4 + 4);

    write_u32(&w, ch->peer_id);
    write_u32(&w, ch->credit);
    transport_send(t, &w);
    ch->local_window += ch->credit;
    ch->credit = 0;
}

/* A wider window, as far as the connection's budget goes. */
static void widen(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    uint32_t more = ch->window_target;

    if (ch->window_target + more > WINDOW_MAX || !connection_affords(c, c->count, more))
        return;
    ch->window_target += more;
    ch->credit += more;
    c->granted += more;
}

/* Only bytes that were taken re-open the window. It grows while peer and application both are
 * quick: what half of it holds for that long is enough for any way between them. */
static void taken(struct nacre_channel *ch, size_t n)
{
    uint64_t now_ms = transport_now_ms(ch->connection->transport);
    bool keeps_up = ch->kept[DATA].len == 0 && ch->kept[EXTENDED].len == 0;

    ch->credit += (uint32_t)n;
    ch->round += (uint32_t)n;
    if (ch->round < ch->window_target / 2)
        return;
    if (keeps_up && now_ms - ch->round_ms <= WINDOW_QUICK_MS)
        widen(ch);
    ch->round = 0;
    ch->round_ms = now_ms;
}

/* A client closed its session before a program was granted: nobody will take its data any more. */
static bool is_abandoned(const struct nacre_channel *ch)
{
    return ch->got_close && !ch->ours && !ch->has_program && strcmp(ch->type, "session") == 0;
}

static size_t offer(struct nacre_channel *ch, int which, struct bytes data)
{
    size_t (*take)(struct nacre_channel *, const uint8_t *, size_t) =
        which == DATA ? ch->app->data : ch->app->extended_data;
    size_t n;

    if (take == NULL || ch->want_close || is_abandoned(ch))
        return data.len;
    n = take(ch, data.at, data.len);
    return n < data.len ? n : data.len;
}

/* Hand over bytes that lie in the input buffer; what is not taken is kept. Behind kept bytes they
 * queue. */
static int accept_data(struct nacre_channel *ch, int which, struct bytes data)
{
    struct queue *kept = &ch->kept[which];
    size_t n = 0;

    ch->local_window -= (uint32_t)data.len;
    channel_enter(ch);
    if (kept->len == 0)
        n = offer(ch, which, data);
    taken(ch, n);
    data.at += n;
    data.len -= n;
    if (data.len > 0)
        ch->connection->stalled = true;
    if (!queue_add(kept, transport_pool(ch->connection->transport), data))
        (void)transport_no_memory(ch->connection->transport);
    channel_leave(ch);
    return 0;
}

static int check_data(struct connection *c, const struct nacre_channel *ch, size_t len)
{
    if (ch == NULL || !ch->is_open || ch->got_eof || ch->got_close)
        return connection_misuse(c, "data for a channel that is not open for it");
    if (len > ch->local_window)
        return connection_misuse(c, "data past the window");
    if (len > CHANNEL_PACKET_MAX)
        return connection_misuse(c, "data past the maximum packet size");
    return 0;
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_DATA
 *     uint32    recipient channel
 *     string    data                                                          */
int on_channel_data(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = connection_find(c, read_u32(r));
    struct bytes data = read_string(r);
    int failure;

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_DATA");
    failure = check_data(c, ch, data.len);
    if (failure != 0 || data.len == 0)
        return failure;
    return accept_data(ch, DATA, data);
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_EXTENDED_DATA
 *     uint32    recipient channel
 *     uint32    data_type_code
 *     string    data
 * Types other than stderr are dropped: the RFC defines none. */
int on_channel_extended_data(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch = connection_find(c, read_u32(r));
    uint32_t type = read_u32(r);
    struct bytes data = read_string(r);
    int failure;

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_EXTENDED_DATA");
    failure = check_data(c, ch, data.len);
    if (failure != 0 || data.len == 0)
        return failure;
    if (type == SSH_EXTENDED_DATA_STDERR)
        return accept_data(ch, EXTENDED, data);
    ch->local_window -= (uint32_t)data.len;
    channel_enter(ch);
    taken(ch, data.len);
    channel_leave(ch);
    return 0;
}

static void offer_kept(struct nacre_channel *ch, int which)
{
    struct queue *kept = &ch->kept[which];
    struct pool *pool = transport_pool(ch->connection->transport);
    size_t n;

    while (kept->len > 0 && !transport_ended(ch->connection->transport)) {
        n = offer(ch, which, queue_front(kept));
        if (n == 0)
            return;
        queue_drop(kept, pool, n);
        taken(ch, n);
    }
}

/* Order: data, then eof, then close; each once. Once the session has ended, only closed follows. */
void channel_deliver(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;

    offer_kept(ch, EXTENDED);
    offer_kept(ch, DATA);
    if (ch->kept[DATA].len > 0 || ch->kept[EXTENDED].len > 0) {
        c->stalled = true;
        return;
    }
    if (ch->got_eof && !ch->told_eof && !transport_ended(c->transport)) {
        ch->told_eof = true;
        if (ch->app->eof != NULL && !ch->want_close)
            ch->app->eof(ch);
    }
    if (ch->got_close && !ch->told_close && !transport_ended(c->transport)) {
        ch->told_close = true;
        if (ch->app->close != NULL && !ch->want_close)
            ch->app->close(ch);
        ch->want_close = true;
    }
}

void nacre_channel_resume(struct nacre_channel *ch)
{
    if (ch->depth > 0 || !ch->is_open)
        return;
    channel_enter(ch);
    channel_deliver(ch);
    channel_leave(ch);
}

/* ---- out ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Of the output that is not sent yet one packet's worth at most is a channel's: another one's key
 * waits for no more than that behind each that is busy. One that is alone fills it. */
static size_t rest_of_turn(const struct nacre_channel *ch)
{
    if (ch->connection->count == 1)
        return CHANNEL_PACKET_MAX;
    if (transport_output_begin(ch->connection->transport) >= ch->turn_end)
        return CHANNEL_PACKET_MAX; /* the next turn */
    return ch->turn_used < CHANNEL_PACKET_MAX - SLIVER ? CHANNEL_PACKET_MAX - ch->turn_used : 0;
}

/* What may be written in one message as far as the channel itself goes. */
static size_t allowance(const struct nacre_channel *ch)
{
    if (!ch->is_open || ch->answering || ch->want_eof || ch->want_close || ch->got_close)
        return 0;
    return smaller(rest_of_turn(ch), smaller(ch->peer_window, ch->peer_max_packet));
}

size_t nacre_channel_room(const struct nacre_channel *ch)
{
    size_t room = transport_room(ch->connection->transport);

    return room > DATA_HEADER + SLIVER ? smaller(room - DATA_HEADER, allowance(ch)) : 0;
}

bool channel_waits_for_room(const struct nacre_channel *ch)
{
    return ch->blocked && allowance(ch) > 0;
}

void nacre_channel_await_room(struct nacre_channel *ch)
{
    ch->blocked = ch->connection->stalled = true;
    transport_wake(ch->connection->transport);
}

/* RFC 4254 section 5.2: byte, uint32 recipient channel, (uint32 data_type_code,) string data */
static void send_data(struct nacre_channel *ch, int which, struct bytes data)
{
    struct transport *t = ch->connection->transport;
    uint64_t begin = transport_output_end(t);
    bool goes_on = transport_output_begin(t) < ch->turn_end;
    struct writer w =
        transport_begin(t, which == DATA ? SSH_MSG_CHANNEL_DATA : SSH_MSG_CHANNEL_EXTENDED_DATA,
                        DATA_HEADER + data.len);

    write_u32(&w, ch->peer_id);
    if (which == EXTENDED)
        write_u32(&w, SSH_EXTENDED_DATA_STDERR);
    write_string(&w, data);
    transport_send(t, &w);
    ch->peer_window -= (uint32_t)data.len;
    ch->connection->used = true;
    ch->turn_end = transport_output_end(t);
    ch->turn_used = (uint32_t)smaller((goes_on ? ch->turn_used : 0) + (ch->turn_end - begin),
                                      CHANNEL_PACKET_MAX);
}

static size_t write_all(struct nacre_channel *ch, int which, const void *data, size_t len)
{
    struct bytes rest = {data, len};

    if (ch->got_close && !ch->want_eof && !ch->want_close)
        return len; /* nobody reads it any more */
    while (rest.len > 0) {
        size_t n = nacre_channel_room(ch);

        n = n < rest.len ? n : rest.len;
        if (n == 0)
            break;
        send_data(ch, which, (struct bytes){rest.at, n});
        rest.at += n;
        rest.len -= n;
    }
    if (rest.len > 0)
        nacre_channel_await_room(ch);
    return len - rest.len;
}

size_t nacre_channel_write(struct nacre_channel *ch, const void *data, size_t len)
{
    return write_all(ch, DATA, data, len);
}

size_t nacre_channel_write_extended(struct nacre_channel *ch, const void *data, size_t len)
{
    return write_all(ch, EXTENDED, data, len);
}

/* Tell an application that was stopped that it may write. */
static void offer_room(struct nacre_channel *ch)
{
    if (ch->blocked && (nacre_channel_room(ch) > 0 || ch->got_close)) {
        ch->blocked = false;
        if (ch->app->writable != NULL && !ch->want_close)
            ch->app->writable(ch);
    } else if (ch->blocked) {
        ch->connection->stalled = true;
    }
}

void channel_turn(struct nacre_channel *ch)
{
    if (ch->depth > 0 || transport_ended(ch->connection->transport))
        return;
    if (ch->want_open)
        channel_send_open(ch);
    if (!ch->is_open)
        return;
    channel_enter(ch);
    channel_release_replies(ch);
    offer_room(ch);
    channel_deliver(ch);
    channel_leave(ch);
}

/* RFC 4254 section 5.2: byte SSH_MSG_CHANNEL_WINDOW_ADJUST, uint32 recipient channel, uint32 bytes
 * to add. The window stays within 2^32 - 1. */
int on_channel_window_adjust(struct connection *c, struct reader *r)
{
    uint32_t id = read_u32(r), bytes = read_u32(r);
    struct nacre_channel *ch = connection_find(c, id);

    if (!read_done(r))
        return connection_malformed(c, "malformed CHANNEL_WINDOW_ADJUST");
    if (ch == NULL && id < c->used_ids)
        return 0; /* it was under way when the channel closed: section 5.3 */
    if (ch == NULL || !ch->is_open)
        return connection_misuse(c, "window adjust for a channel that is not open");
    if (bytes > UINT32_MAX - ch->peer_window)
        return connection_misuse(c, "window of more than 2^32 - 1 bytes");
    ch->peer_window += bytes;
    channel_turn(ch);
    return 0;
}
