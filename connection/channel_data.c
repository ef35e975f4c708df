#include "connection/channel_data.h"

#include "connection/budget.h"
#include "connection/channel_buffer.h"
#include "connection/table.h"
#include "transport/pool.h"

#include <string.h>

enum {
    DATA_HEADER = 1 + 4 + 4 + 4, /* number, channel, type, length */
    SLIVER = 2 * 1024, /* bytes of output that are not worth a message yet: to a peer that reads
                        * slowly, every small part that drains would be sent with its own header */
};

_Static_assert((int)CHANNEL_PACKET_MAX <= (int)QUEUE_ADD_MAX, "a message fits into the queue");

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- from the peer ---- */

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_WINDOW_ADJUST
 *     uint32    recipient channel
 *     uint32    bytes to add                                                  */
static void send_window_adjust(struct nacre_channel *ch)
{
    struct transport *t = ch->connection->transport;
    struct writer w = transport_begin(t, SSH_MSG_CHANNEL_WINDOW_ADJUST, 1 + 4 + 4);

    write_u32(&w, ch->peer_id);
    write_u32(&w, ch->credit);
    transport_send(t, &w);
    ch->local_window += ch->credit;
    ch->credit = 0;
}

/* In steps that are large compared with a message and small compared with a wide window, whose rest
 * must last until the peer learns of this one. A channel that closes once its buffer is empty goes
 * on, because the peer may be about to do the same.
 *
 * After EOF nothing follows that needs a window. Twisted Conch, however, sends EOF while data still
 * waits for one, and with a window of 0 both sides would wait for ever. One more step lets that
 * data come, which ends the session as it must: OpenSSH drops it, and the output ends in the
 * middle. */
void channel_data_adjust_window(struct nacre_channel *ch)
{
    uint32_t step = (uint32_t)smaller(ch->window_target / 2, WINDOW_STEP);

    if (ch->credit < step || (ch->got_eof && ch->local_window > 0) || ch->got_close ||
        (ch->want_close && channel_buffer_len(ch) == 0))
        return;
    if (budget_is_low(ch->connection))
        budget_withhold(ch);
    if (ch->credit > 0)
        send_window_adjust(ch);
}

/* Double the window if the limit of the connection and the budget allow it. */
static void widen(struct nacre_channel *ch)
{
    uint32_t more = ch->window_target;

    if (ch->window_target + more > WINDOW_MAX || !table_affords_window(ch->connection, more) ||
        budget_is_low(ch->connection) || budget_take(ch->connection, more, 0) == 0)
        return;
    ch->window_target += more;
    ch->credit += more;
}

/* Only accepted bytes reopen the window. It grows while both peer and application are quick: half
 * a window that lasts longer than this is enough for any delay between them. */
static void accepted(struct nacre_channel *ch, size_t n)
{
    uint64_t now_ms = transport_now_ms(ch->connection->transport);
    bool keeps_up =
        ch->unaccepted[STREAM_DATA].len == 0 && ch->unaccepted[STREAM_EXTENDED].len == 0;

    ch->credit += (uint32_t)n;
    ch->since_check += (uint32_t)n;
    if (ch->since_check < ch->window_target / 2)
        return;
    if (keeps_up && now_ms - ch->checked_ms <= WINDOW_QUICK_MS)
        widen(ch);
    ch->since_check = 0;
    ch->checked_ms = now_ms;
}

/* A client closed its session before a program was granted: no application will read its data. */
static bool is_abandoned(const struct nacre_channel *ch)
{
    return ch->got_close && !ch->ours && !ch->has_program && strcmp(ch->type, "session") == 0;
}

/* Returns how many bytes the application accepted. */
static size_t offer(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    size_t (*accept)(struct nacre_channel *, const uint8_t *, size_t) =
        stream == STREAM_DATA ? ch->app->data : ch->app->extended_data;

    if (accept == NULL || ch->want_close || is_abandoned(ch))
        return data.len;
    return smaller(accept(ch, data.at, data.len), data.len);
}

/* Offer bytes that are still in the input buffer, unless earlier ones wait; queue what the
 * application does not accept. */
static int receive(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    struct connection *c = ch->connection;
    struct queue *unaccepted = &ch->unaccepted[stream];
    size_t n = unaccepted->len == 0 ? offer(ch, stream, data) : 0;

    accepted(ch, n);
    if (n == data.len)
        return 0;
    c->stalled = true;
    data.at += n;
    data.len -= n;
    if (!queue_add(unaccepted, transport_pool(c->transport), data))
        return transport_no_memory(c->transport);
    return 0;
}

/* Charge the window for data that was received; a disconnect reason when that is not allowed. */
static int charge(struct nacre_channel *ch, size_t len)
{
    if (!ch->is_open || ch->got_close)
        return misuse(ch->connection, "CHANNEL_DATA on a channel that is not open");
    if (ch->got_eof)
        return misuse(ch->connection, "CHANNEL_DATA after CHANNEL_EOF");
    if (len > ch->local_window)
        return misuse(ch->connection, "CHANNEL_DATA past the window");
    if (len > connection_packet_max(ch->connection))
        return misuse(ch->connection, "CHANNEL_DATA past the maximum packet size");
    ch->local_window -= (uint32_t)len;
    return 0;
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_DATA
 *     uint32    recipient channel
 *     string    data                                                          */
int on_channel_data(struct nacre_channel *ch, struct reader *r)
{
    struct bytes data = read_string(r);
    int failure;

    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_DATA is malformed");
    failure = charge(ch, data.len);
    if (failure != 0 || data.len == 0)
        return failure;
    return receive(ch, STREAM_DATA, data);
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_EXTENDED_DATA
 *     uint32    recipient channel
 *     uint32    data_type_code
 *     string    data
 * Types other than stderr are dropped: the RFC defines none. */
int on_channel_extended_data(struct nacre_channel *ch, struct reader *r)
{
    uint32_t type = read_u32(r);
    struct bytes data = read_string(r);
    int failure;

    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_EXTENDED_DATA is malformed");
    failure = charge(ch, data.len);
    if (failure != 0 || data.len == 0)
        return failure;
    if (type == SSH_EXTENDED_DATA_STDERR)
        return receive(ch, STREAM_EXTENDED, data);
    accepted(ch, data.len);
    return 0;
}

static void offer_queued(struct nacre_channel *ch, enum stream stream)
{
    struct queue *unaccepted = &ch->unaccepted[stream];
    struct connection *c = ch->connection;

    while (unaccepted->len > 0 && !transport_ended(c->transport)) {
        size_t n = offer(ch, stream, queue_front(unaccepted));

        if (n == 0)
            return;
        queue_drop(unaccepted, transport_pool(c->transport), n);
        accepted(ch, n);
        c->moved = true;
    }
}

/* Data, then eof, then close; each once. After the end of the session only closed follows. */
void channel_data_deliver(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;

    offer_queued(ch, STREAM_EXTENDED);
    offer_queued(ch, STREAM_DATA);
    if (ch->unaccepted[STREAM_DATA].len > 0 || ch->unaccepted[STREAM_EXTENDED].len > 0) {
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

/* ---- to the peer ---- */

/* At most one packet's worth of the unsent output belongs to a channel, so that another channel's
 * keystroke waits for no more than one packet per busy channel. A channel that is alone fills the
 * output. */
static size_t left_of_turn(const struct nacre_channel *ch)
{
    const struct connection *c = ch->connection;

    if (c->count == 1 || transport_output_begin(c->transport) >= ch->turn_end)
        return CHANNEL_PACKET_MAX;
    return ch->turn_used < CHANNEL_PACKET_MAX - SLIVER ? CHANNEL_PACKET_MAX - ch->turn_used : 0;
}

/* What the peer and the turn allow in one message. */
static size_t largest_message(const struct nacre_channel *ch)
{
    return smaller(left_of_turn(ch), smaller(ch->peer_window, ch->peer_max_packet));
}

/* What the channel itself allows in one message. What is buffered goes first. */
static size_t allowance(const struct nacre_channel *ch)
{
    if (!ch->is_open || ch->answering || ch->want_eof || ch->want_close || ch->got_close ||
        (ch->buffer != NULL && channel_buffer_len(ch) > 0))
        return 0;
    return largest_message(ch);
}

static size_t space_for(const struct nacre_channel *ch, size_t allowed)
{
    size_t space = transport_room(ch->connection->transport);

    return space > DATA_HEADER + SLIVER ? smaller(space - DATA_HEADER, allowed) : 0;
}

size_t channel_data_space(const struct nacre_channel *ch)
{
    return space_for(ch, allowance(ch));
}

bool channel_data_fits(const struct nacre_channel *ch, size_t len)
{
    size_t messages = ch->peer_max_packet > 0 ? len / ch->peer_max_packet + 1 : 0;

    return allowance(ch) > 0 && len <= ch->peer_window &&
           len + messages * (DATA_HEADER + TRANSPORT_OVERHEAD) <=
               transport_room(ch->connection->transport);
}

bool channel_data_waits_for_output(const struct nacre_channel *ch)
{
    if (ch->buffer != NULL && channel_buffer_len(ch) > 0)
        return largest_message(ch) > 0;
    return ch->blocked && allowance(ch) > 0;
}

void channel_data_await_space(struct nacre_channel *ch)
{
    ch->blocked = ch->connection->stalled = true;
    transport_wake(ch->connection->transport);
}

/* It needs no window, so it does not wait for one. All sizes that need a packet of their own wait
 * for the same. */
void channel_data_await_request(struct nacre_channel *ch, size_t size)
{
    ch->request_waits = (uint16_t)smaller(size, TRANSPORT_MESSAGE_MAX + 1);
    ch->connection->stalled = true;
    transport_wake(ch->connection->transport);
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_DATA or SSH_MSG_CHANNEL_EXTENDED_DATA
 *     uint32    recipient channel
 *     uint32    data_type_code, of extended data
 *     string    data                                                          */
static void send_data(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    struct transport *t = ch->connection->transport;
    uint64_t begin = transport_output_end(t);
    bool same_turn = transport_output_begin(t) < ch->turn_end;
    uint8_t number = stream == STREAM_DATA ? SSH_MSG_CHANNEL_DATA : SSH_MSG_CHANNEL_EXTENDED_DATA;
    struct writer w = transport_begin(t, number, DATA_HEADER + data.len);
    size_t used;

    write_u32(&w, ch->peer_id);
    if (stream == STREAM_EXTENDED)
        write_u32(&w, SSH_EXTENDED_DATA_STDERR);
    write_string(&w, data);
    transport_send(t, &w);
    ch->peer_window -= (uint32_t)data.len;
    ch->connection->used = true;
    ch->turn_end = transport_output_end(t);
    used = (same_turn ? ch->turn_used : 0) + (size_t)(ch->turn_end - begin);
    ch->turn_used = (uint32_t)smaller(used, CHANNEL_PACKET_MAX);
}

size_t channel_data_write(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    struct bytes rest = data;

    while (rest.len > 0) {
        size_t n = smaller(channel_data_space(ch), rest.len);

        if (n == 0)
            break;
        send_data(ch, stream, (struct bytes){rest.at, n});
        rest.at += n;
        rest.len -= n;
    }
    return data.len - rest.len;
}

void channel_data_send(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    while (data.len > 0) {
        size_t n = smaller(ch->peer_max_packet, data.len);

        send_data(ch, stream, (struct bytes){data.at, n});
        data.at += n;
        data.len -= n;
    }
}

size_t channel_data_send_buffered(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    size_t n = smaller(space_for(ch, largest_message(ch)), data.len);

    if (n > 0)
        send_data(ch, stream, (struct bytes){data.at, n});
    return n;
}

void channel_data_offer_space(struct nacre_channel *ch)
{
    bool for_data =
        ch->blocked && (channel_data_space(ch) > 0 || ch->got_close || channel_buffer_is_ready(ch));
    bool for_request =
        ch->request_waits > 0 &&
        (transport_request_room(ch->connection->transport, ch->request_waits) || ch->got_close);

    if (for_data)
        ch->blocked = false;
    if (for_request)
        ch->request_waits = 0;
    if (ch->blocked || ch->request_waits > 0)
        ch->connection->stalled = true;
    if (!for_data && !for_request)
        return;
    ch->connection->moved = true;
    if (ch->app->writable != NULL && !ch->want_close)
        ch->app->writable(ch);
}

/* RFC 4254 section 5.2:
 *     byte      SSH_MSG_CHANNEL_WINDOW_ADJUST
 *     uint32    recipient channel
 *     uint32    bytes to add
 * The window stays within 2^32 - 1. */
int on_channel_window_adjust(struct nacre_channel *ch, struct reader *r)
{
    uint32_t bytes = read_u32(r);

    if (!read_done(r))
        return transport_malformed(ch->connection->transport, "CHANNEL_WINDOW_ADJUST is malformed");
    if (!ch->is_open)
        return misuse(ch->connection, "CHANNEL_WINDOW_ADJUST on a channel that is not open");
    if (bytes > UINT32_MAX - ch->peer_window)
        return misuse(ch->connection, "CHANNEL_WINDOW_ADJUST past 2^32 - 1 bytes");
    ch->peer_window += bytes;
    return 0;
}
