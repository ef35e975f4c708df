#include "connection/channel_write.h"

#include "connection/channel_buffer.h"
#include "connection/channel_data.h"

/* The peer no longer reads what is written. */
static bool is_unread(const struct nacre_channel *ch)
{
    return ch->got_close && !ch->want_eof && !ch->want_close;
}

static bool may_buffer(const struct nacre_channel *ch)
{
    return ch->buffer != NULL && (ch->is_open || ch->opening) && !ch->want_eof && !ch->want_close &&
           !ch->got_close;
}

/* The owner's next call gives the channel a turn. */
static void turn_soon(struct nacre_channel *ch)
{
    ch->connection->stalled = true;
    transport_wake(ch->connection->transport);
}

static size_t buffer(struct nacre_channel *ch, enum stream stream, struct bytes data, bool whole)
{
    size_t n = may_buffer(ch) ? channel_buffer_add(ch, stream, data, whole) : 0;

    if (n > 0)
        turn_soon(ch);
    return n;
}

static void await(struct nacre_channel *ch, size_t bytes)
{
    channel_buffer_await(ch, bytes);
    channel_data_await_space(ch);
}

size_t channel_write(struct nacre_channel *ch, enum stream stream, struct bytes data)
{
    size_t n;

    if (is_unread(ch))
        return data.len;
    n = channel_data_write(ch, stream, data);
    if (n < data.len && ch->buffer != NULL)
        n += buffer(ch, stream, (struct bytes){data.at + n, data.len - n}, false);
    if (n < data.len)
        await(ch, 0);
    return n;
}

/* Could so many ever be accepted at once? */
static bool is_possible(const struct nacre_channel *ch, size_t len)
{
    if (ch->refused || ch->want_eof || ch->want_close || transport_ended(ch->connection->transport))
        return false;
    return len <= NACRE_WRITE_ALL_MAX || len <= channel_buffer_bound(ch);
}

enum nacre_sending channel_write_all(struct nacre_channel *ch, enum stream stream,
                                     struct bytes data)
{
    if (!is_possible(ch, data.len))
        return NACRE_SEND_NEVER;
    if (data.len == 0 || is_unread(ch))
        return NACRE_SEND_DONE;
    if (data.len <= NACRE_WRITE_ALL_MAX && channel_data_fits(ch, data.len)) {
        channel_data_send(ch, stream, data);
        return NACRE_SEND_DONE;
    }
    if (buffer(ch, stream, data, true) > 0)
        return NACRE_SEND_DONE;
    await(ch, data.len);
    return NACRE_SEND_LATER;
}

void channel_write_buffered(struct nacre_channel *ch)
{
    static const enum stream order[] = {STREAM_EXTENDED, STREAM_DATA};

    for (int i = 0; i < STREAM_COUNT && channel_buffer_len(ch) > 0; i++) {
        struct bytes front = channel_buffer_front(ch, order[i]);
        size_t n;

        for (; front.len > 0; front = channel_buffer_front(ch, order[i])) {
            n = channel_data_send_buffered(ch, order[i], front);
            if (n == 0)
                break;
            channel_buffer_drop(ch, order[i], n);
            ch->connection->moved = true;
        }
    }
    if (channel_buffer_len(ch) > 0)
        ch->connection->stalled = true;
}
