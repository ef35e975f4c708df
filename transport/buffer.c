#include "transport/buffer.h"

#include <string.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The first `used` bytes of the block may hold plaintext. */
static void note_used(struct buffer *b, size_t used)
{
    if (b->private && used > b->used)
        b->used = (uint32_t)used & INT32_MAX;
}

/* Move the contents to a block with space for `need` bytes. */
static bool move_to(struct buffer *b, struct pool *pool, size_t need)
{
    uint32_t len = b->tail - b->head;
    struct buffer to = {.tail = len, .private = b->private};
    size_t size, used = 0;

    to.block = b->private ? pool_take_private(pool, need, &size, &used)
                          : pool_take_block(pool, need, &size);
    if (to.block == NULL)
        return false;
    if (b->block != NULL) {
        memcpy(to.block, b->block + b->head, len);
        wipe(b->block, larger(b->tail, b->used)); /* what waits here may be a secret */
        pool_give_block(pool, b->block, b->cap);
    }
    to.cap = (uint32_t)size;
    note_used(&to, larger(used, len));
    *b = to;
    return true;
}

size_t buffer_limit(const struct buffer *b)
{
    return b->cap > BLOCK_LARGE ? BLOCK_HUGE : BLOCK_LARGE;
}

static bool is_oversized(const struct buffer *b, size_t need)
{
    return b->cap > BLOCK_LARGE && need <= BLOCK_LARGE / 2;
}

static uint8_t *make_room(struct buffer *b, struct pool *pool, size_t need, size_t most)
{
    size_t len = b->tail - b->head;

    if (need > most || len > most - need)
        return NULL;
    if (b->block == NULL || len + need > b->cap || is_oversized(b, len + need)) {
        if (!move_to(b, pool, len + need))
            return NULL;
    } else if (need > b->cap - b->tail) {
        memmove(b->block, b->block + b->head, len);
        b->head = 0;
        b->tail = (uint32_t)len;
    }
    return b->block + b->tail;
}

uint8_t *buffer_make_room(struct buffer *b, struct pool *pool, size_t need)
{
    return make_room(b, pool, need, buffer_limit(b));
}

uint8_t *buffer_make_huge_room(struct buffer *b, struct pool *pool, size_t need)
{
    return make_room(b, pool, need, BLOCK_HUGE);
}

size_t buffer_room(const struct buffer *b)
{
    return b->cap - b->tail;
}

void buffer_added(struct buffer *b, size_t n)
{
    b->tail += (uint32_t)n;
    note_used(b, b->tail);
}

void buffer_consumed(struct buffer *b, size_t n)
{
    b->head += (uint32_t)n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}

struct bytes buffer_contents(const struct buffer *b)
{
    if (b->block == NULL)
        return (struct bytes){NULL, 0};
    return (struct bytes){b->block + b->head, b->tail - b->head};
}

size_t buffer_len(const struct buffer *b)
{
    return b->tail - b->head;
}

void buffer_release_idle(struct buffer *b, struct pool *pool)
{
    if (b->block != NULL && b->head == b->tail)
        buffer_clear(b, pool);
}

void buffer_clear(struct buffer *b, struct pool *pool)
{
    if (b->block != NULL && b->private)
        pool_give_private(pool, b->block, b->cap, b->used);
    else if (b->block != NULL)
        pool_give_block(pool, b->block, b->cap);
    *b = (struct buffer){.private = b->private};
}
