#include "connection/channel_turn.h"

#include "connection/channel_buffer.h"
#include "connection/channel_close.h"
#include "connection/channel_data.h"
#include "connection/channel_open.h"
#include "connection/channel_request.h"
#include "connection/channel_write.h"
#include "connection/table.h"

/* Send a window adjust, exit-status, EOF and CLOSE, in this order, if they are due. Nothing follows
 * our CLOSE. After the peer's CLOSE only ours is sent, once the application has accepted all data:
 * TinySSH, for one, ends the connection when our CLOSE arrives, and what is unaccepted then is
 * lost. */
static void send_due(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;

    if (!ch->is_open || ch->sent_close)
        return;
    if (!transport_control_room(c->transport)) {
        c->stalled = true;
        return;
    }
    channel_data_adjust_window(ch);
    if (ch->buffer != NULL && channel_buffer_len(ch) > 0)
        return; /* exit-status, EOF and CLOSE follow the data */
    if (ch->want_exit && !ch->sent_exit && !ch->got_close)
        channel_request_send_exit(ch);
    if (ch->want_eof && !ch->sent_eof && !ch->got_close)
        channel_close_send_eof(ch);
    if (!ch->want_close)
        return;
    channel_request_refuse_pending(ch);
    if (ch->reply_count == 0) /* otherwise the answers go first, when there is space */
        channel_close_send_close(ch);
}

void channel_flush(struct nacre_channel *ch)
{
    if (ch->busy)
        return;
    send_due(ch);
    if (channel_close_is_complete(ch))
        ch->connection->closing = true;
}

static void enter(struct nacre_channel *ch)
{
    ch->busy = true;
}

static void leave(struct nacre_channel *ch)
{
    ch->busy = false;
    channel_flush(ch);
}

static void take_turn(struct nacre_channel *ch)
{
    channel_request_send_replies(ch);
    if (ch->buffer != NULL)
        channel_write_buffered(ch);
    channel_data_offer_space(ch);
    channel_data_deliver(ch);
}

void channel_turn(struct nacre_channel *ch)
{
    if (ch->busy || transport_ended(ch->connection->transport))
        return;
    if (ch->want_open)
        channel_open_send(ch);
    if (!ch->is_open)
        return;
    enter(ch);
    take_turn(ch);
    leave(ch);
}

void channel_offer(struct nacre_channel *ch)
{
    if (ch->busy || !ch->is_open)
        return;
    enter(ch);
    channel_data_deliver(ch);
    leave(ch);
}

/* ---- messages ---- */

/* What a message to one channel does. */
static const struct row {
    int (*handle)(struct nacre_channel *ch, struct reader *r);
    bool gives_turn;     /* afterwards the application may have more to write */
    bool ends;           /* afterwards the channel is gone, unless the message was refused */
    const char *unknown; /* for a channel that does not exist: NULL: ignored, as by OpenSSH */
} rows[] = {
    [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = {on_channel_open_confirmation, .gives_turn = true,
                                           .unknown =
                                               "CHANNEL_OPEN_CONFIRMATION for an unknown channel"},
    [SSH_MSG_CHANNEL_OPEN_FAILURE] = {on_channel_open_failure, .ends = true,
                                      .unknown = "CHANNEL_OPEN_FAILURE for an unknown channel"},
    [SSH_MSG_CHANNEL_WINDOW_ADJUST] = {on_channel_window_adjust, .gives_turn = true,
                                       .unknown = "CHANNEL_WINDOW_ADJUST for an unknown channel"},
    [SSH_MSG_CHANNEL_DATA] = {on_channel_data, .unknown = "CHANNEL_DATA for an unknown channel"},
    [SSH_MSG_CHANNEL_EXTENDED_DATA] = {on_channel_extended_data,
                                       .unknown = "CHANNEL_EXTENDED_DATA for an unknown channel"},
    [SSH_MSG_CHANNEL_EOF] = {on_channel_eof, .unknown = "CHANNEL_EOF for an unknown channel"},
    [SSH_MSG_CHANNEL_CLOSE] = {on_channel_close, .unknown = "CHANNEL_CLOSE for an unknown channel"},
    [SSH_MSG_CHANNEL_REQUEST] = {on_channel_request, .gives_turn = true,
                                 .unknown = "CHANNEL_REQUEST for an unknown channel"},
    [SSH_MSG_CHANNEL_SUCCESS] = {on_channel_success, .unknown = NULL},
    [SSH_MSG_CHANNEL_FAILURE] = {on_channel_failure, .unknown = NULL},
};

/* RFC 4254 section 5.3: a window adjust may still be in flight when the channel closes. */
static int receive_unknown(struct connection *c, uint8_t number, uint32_t id, struct reader *r)
{
    if (rows[number].unknown == NULL)
        return 0;
    if (number != SSH_MSG_CHANNEL_WINDOW_ADJUST || id >= c->used_ids)
        return misuse(c, rows[number].unknown);
    (void)read_u32(r);
    return read_done(r) ? 0
                        : transport_malformed(c->transport, "CHANNEL_WINDOW_ADJUST is malformed");
}

static int receive_open(struct connection *c, struct reader *r)
{
    struct nacre_channel *ch;
    int failure = on_channel_open(c, r, &ch);

    if (ch != NULL)
        channel_turn(ch); /* what the application did meanwhile */
    return failure;
}

/* All others begin with uint32 recipient channel. */
int channel_receive(struct connection *c, uint8_t number, struct reader *r)
{
    struct nacre_channel *ch;
    uint32_t id;
    int failure;

    if (number == SSH_MSG_CHANNEL_OPEN)
        return receive_open(c, r);
    id = read_u32(r);
    ch = table_find(c, id);
    if (ch == NULL)
        return receive_unknown(c, number, id, r);
    if (rows[number].ends)
        return rows[number].handle(ch, r);
    enter(ch);
    failure = rows[number].handle(ch, r);
    if (failure == 0 && rows[number].gives_turn)
        take_turn(ch);
    leave(ch);
    return failure;
}
