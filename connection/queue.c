#include "connection/queue.h"

#include <string.h>

static bool make_room(struct queue *q, struct pool *pool, size_t need)
{
    size_t cap = q->cap == 0 ? 4096 : q->cap;
    uint8_t *at;

    if (q->head + q->len + need <= q->cap)
        return true;
    if (q->len + need <= q->cap / 2) { /* moving is cheap beside what was dropped since */
        memmove(q->at, q->at + q->head, q->len);
        q->head = 0;
        return true;
    }
    while (cap < q->len + need)
        cap *= 2;
    at = pool_allocate(pool, cap);
    if (at == NULL)
        return false;
    if (q->len > 0)
        memcpy(at, q->at + q->head, q->len);
    pool_release(pool, q->at, q->cap);
    *q = (struct queue){.at = at, .cap = cap, .len = q->len};
    return true;
}

bool queue_add(struct queue *q, struct pool *pool, struct bytes data)
{
    if (data.len == 0)
        return true;
    if (!make_room(q, pool, data.len))
        return false;
    memcpy(q->at + q->head + q->len, data.at, data.len);
    q->len += data.len;
    return true;
}

struct bytes queue_front(const struct queue *q)
{
    if (q->at == NULL)
        return (struct bytes){NULL, 0};
    return (struct bytes){q->at + q->head, q->len};
}

void queue_drop(struct queue *q, struct pool *pool, size_t n)
{
    q->head += n;
    q->len -= n;
    if (q->len == 0)
        queue_clear(q, pool);
}

void queue_clear(struct queue *q, struct pool *pool)
{
    pool_release(pool, q->at, q->cap);
    *q = (struct queue){NULL, 0, 0, 0};
}
