#include "connection/table.h"

#include "connection/channel_app.h"
#include "connection/forward_type.h"

#include "connection/budget.h"
#include "connection/channel_buffer.h"
#include "transport/pool.h"

#include <string.h>

const char session_type[] = "session";

struct nacre_channel *table_find(const struct connection *c, uint32_t id)
{
    return id < c->table_len ? c->channels[id] : NULL;
}

bool table_has_space(const struct connection *c)
{
    return c->count < (c->config->channels_max != 0 ? c->config->channels_max : CHANNELS_MAX);
}

/* May so many channels together buffer so much more? */
static bool affords(const struct connection *c, uint32_t channels, size_t more)
{
    size_t most = transport_limits(c->transport)->window;

    if (most == 0)
        most = WINDOW_BUDGET + (size_t)channels * WINDOW_INITIAL;
    return c->granted + more <= most;
}

/* One channel alone does not use up a small budget. */
static uint32_t first_window(const struct connection *c)
{
    uint32_t half = transport_limits(c->transport)->window / 2;

    return half != 0 && half < WINDOW_INITIAL ? half : WINDOW_INITIAL;
}

bool table_affords_channel(const struct connection *c, size_t open_data_len)
{
    return affords(c, c->count + 1, first_window(c) + open_data_len);
}

bool table_affords_window(const struct connection *c, size_t more)
{
    return affords(c, c->count, more);
}

/* The lowest free number; the table grows by doubling. False: out of memory. */
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

static bool copy_type(struct nacre_channel *ch, struct bytes type)
{
    char *copy = pool_allocate(transport_pool(ch->connection->transport), type.len + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, type.at, type.len);
    ch->type = copy;
    return true;
}

static bool copy_texts(struct nacre_channel *ch, struct bytes type, struct bytes open_data)
{
    struct pool *pool = transport_pool(ch->connection->transport);

    if (bytes_are(type, session_type))
        ch->type = session_type;
    else if (!copy_type(ch, type))
        return false;
    if (open_data.len == 0)
        return true;
    if (budget_take(ch->connection, (uint32_t)open_data.len, (uint32_t)open_data.len) == 0)
        return false;
    ch->open_data_len = (uint32_t)open_data.len;
    ch->open_data = pool_allocate(pool, open_data.len);
    if (ch->open_data == NULL)
        return false;
    memcpy(ch->open_data, open_data.at, open_data.len);
    return true;
}

static void count(struct connection *c, uint32_t channels)
{
    c->count = channels;
    transport_share_output(c->transport, channels > 1);
}

struct nacre_channel *table_add(struct connection *c, struct bytes type, struct bytes open_data)
{
    struct nacre_channel *ch;
    uint32_t slot, window;

    if (!find_slot(c, &slot))
        return NULL;
    ch = pool_allocate(transport_pool(c->transport), channel_size(c));
    window = ch == NULL ? 0 : budget_take_window(c, first_window(c));
    if (window == 0) {
        pool_release(transport_pool(c->transport), ch, channel_size(c));
        return NULL;
    }
    ch->connection = c;
    ch->id = slot;
    ch->opening = true;
    ch->early = NACRE_LATER;
    ch->local_window = ch->window_target = window;
    ch->checked_ms = transport_now_ms(c->transport);
    c->channels[slot] = ch;
    c->used_ids = slot < c->used_ids ? c->used_ids : slot + 1;
    count(c, c->count + 1);
    if (!copy_texts(ch, type, open_data)) {
        table_remove(ch);
        return NULL;
    }
    return ch;
}

void table_remove(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    struct pool *pool = transport_pool(c->transport);

    if (c->unknown != NULL && *c->unknown == ch) {
        *c->unknown = NULL;
        c->unknown = NULL;
    }
    c->channels[ch->id] = NULL;
    channel_buffer_free(ch);
    budget_give(c, ch->window_target + ch->open_data_len);
    count(c, c->count - 1);
    for (int i = 0; i < STREAM_COUNT; i++)
        queue_clear(&ch->unaccepted[i], pool);
    if (ch->type != NULL && ch->type != session_type)
        pool_release(pool, (char *)ch->type, strlen(ch->type) + 1);
    pool_release(pool, ch->open_data, ch->open_data_len);
    forward_free_target(ch);
    pool_release(pool, ch->replies, REPLIES_MAX * sizeof *ch->replies);
    pool_release(pool, ch, channel_size(c));
}

void table_clear(struct connection *c)
{
    for (uint32_t i = 0; i < c->table_len; i++)
        if (c->channels[i] != NULL)
            table_remove(c->channels[i]);
    pool_release(transport_pool(c->transport), c->channels, c->table_len * sizeof *c->channels);
    c->channels = NULL;
    c->table_len = 0;
}
