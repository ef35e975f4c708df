#include "connection/queue.h"

#include <string.h>

/* The head of a block; its bytes follow. */
struct queue_block {
    struct queue_block *next;
    uint32_t size;       /* of the block */
    uint32_t head, tail; /* of the bytes in use */
    uint8_t bytes[];
};

static size_t space(const struct queue_block *b)
{
    return b == NULL ? 0 : b->size - sizeof *b - b->tail;
}

/* A small block for few bytes, a large one for more. */
static bool add_block(struct queue *q, struct pool *pool, size_t need)
{
    size_t size;
    struct queue_block *b = pool_take_block(pool, sizeof *b + q->len + need, &size);

    if (b == NULL)
        return false;
    *b = (struct queue_block){.size = (uint32_t)size};
    if (q->last != NULL)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
    return true;
}

static void fill(struct queue_block *b, const uint8_t *at, size_t len)
{
    memcpy(b->bytes + b->tail, at, len);
    b->tail += (uint32_t)len;
}

bool queue_add(struct queue *q, struct pool *pool, struct bytes data)
{
    struct queue_block *last = q->last;
    size_t n = space(last) < data.len ? space(last) : data.len;

    if (data.len > QUEUE_ADD_MAX || (n < data.len && !add_block(q, pool, data.len)))
        return false;
    if (n > 0)
        fill(last, data.at, n);
    if (n < data.len)
        fill(q->last, data.at + n, data.len - n);
    q->len += data.len;
    return true;
}

struct bytes queue_front(const struct queue *q)
{
    if (q->first == NULL)
        return (struct bytes){NULL, 0};
    return (struct bytes){q->first->bytes + q->first->head, q->first->tail - q->first->head};
}

static void drop_block(struct queue *q, struct pool *pool)
{
    struct queue_block *b = q->first;

    q->first = b->next;
    if (q->first == NULL)
        q->last = NULL;
    pool_give_block(pool, b, b->size);
}

void queue_drop(struct queue *q, struct pool *pool, size_t n)
{
    struct queue_block *b = q->first;

    q->len -= n;
    b->head += (uint32_t)n;
    if (b->head == b->tail)
        drop_block(q, pool);
}

void queue_clear(struct queue *q, struct pool *pool)
{
    while (q->first != NULL)
        drop_block(q, pool);
    q->len = 0;
}
