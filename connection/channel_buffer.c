#include "connection/channel_buffer.h"

#include "connection/budget.h"
#include "connection/queue.h"
#include "transport/pool.h"

enum { BUFFER_MOST = 1 << 30 /* bytes: sums stay within 32 bits */ };

struct channel_buffer {
    uint32_t most;
    uint32_t wanted; /* bytes of space that the application waits for; 0: half of the buffer */
    struct queue streams[STREAM_COUNT];
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct pool *pool_of(const struct nacre_channel *ch)
{
    return transport_pool(ch->connection->transport);
}

bool channel_buffer_set(struct nacre_channel *ch, size_t most)
{
    if (ch->buffer == NULL && most == 0)
        return true;
    if (ch->buffer == NULL)
        ch->buffer = pool_allocate(pool_of(ch), sizeof *ch->buffer);
    if (ch->buffer == NULL)
        return false;
    ch->buffer->most = (uint32_t)smaller(most, BUFFER_MOST);
    return true;
}

size_t channel_buffer_bound(const struct nacre_channel *ch)
{
    return ch->buffer != NULL ? ch->buffer->most : 0;
}

size_t channel_buffer_len(const struct nacre_channel *ch)
{
    const struct channel_buffer *b = ch->buffer;

    return b == NULL ? 0 : (size_t)b->streams[STREAM_DATA].len + b->streams[STREAM_EXTENDED].len;
}

size_t channel_buffer_space(const struct nacre_channel *ch)
{
    size_t len = channel_buffer_len(ch);

    return ch->buffer != NULL && len < ch->buffer->most ? ch->buffer->most - len : 0;
}

void channel_buffer_await(struct nacre_channel *ch, size_t bytes)
{
    if (ch->buffer != NULL)
        ch->buffer->wanted = (uint32_t)smaller(bytes, ch->buffer->most);
}

bool channel_buffer_is_ready(const struct nacre_channel *ch)
{
    const struct channel_buffer *b = ch->buffer;

    if (b == NULL || b->most == 0)
        return false;
    return channel_buffer_space(ch) >= (b->wanted != 0 ? b->wanted : b->most - b->most / 2);
}

size_t channel_buffer_add(struct nacre_channel *ch, enum stream stream, struct bytes data,
                          bool whole)
{
    size_t n = smaller(channel_buffer_space(ch), data.len), added = 0;

    if (n == 0 || (whole && n < data.len))
        return 0;
    n = budget_hold_output(ch->connection, (uint32_t)n, whole);
    while (added < n) {
        size_t part = smaller(n - added, QUEUE_ADD_MAX);

        if (!queue_add(&ch->buffer->streams[stream], pool_of(ch),
                       (struct bytes){data.at + added, part})) {
            (void)transport_no_memory(ch->connection->transport);
            budget_release_output(ch->connection, (uint32_t)(n - added));
            break;
        }
        added += part;
    }
    return added;
}

struct bytes channel_buffer_front(const struct nacre_channel *ch, enum stream stream)
{
    const struct queue *q = &ch->buffer->streams[stream];

    return q->len > 0 ? queue_front(q) : (struct bytes){NULL, 0};
}

void channel_buffer_drop(struct nacre_channel *ch, enum stream stream, size_t n)
{
    queue_drop(&ch->buffer->streams[stream], pool_of(ch), n);
    budget_release_output(ch->connection, (uint32_t)n);
}

void channel_buffer_empty(struct nacre_channel *ch)
{
    if (ch->buffer == NULL)
        return;
    budget_release_output(ch->connection, (uint32_t)channel_buffer_len(ch));
    for (int i = 0; i < STREAM_COUNT; i++)
        queue_clear(&ch->buffer->streams[i], pool_of(ch));
}

void channel_buffer_free(struct nacre_channel *ch)
{
    channel_buffer_empty(ch);
    pool_release(pool_of(ch), ch->buffer, sizeof *ch->buffer);
    ch->buffer = NULL;
}
