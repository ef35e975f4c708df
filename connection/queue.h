/* Bytes of a channel that its application has not taken yet. Bounded by the window that was
 * granted. */
#ifndef NACRE_CONNECTION_QUEUE_H
#define NACRE_CONNECTION_QUEUE_H

#include "transport/transport.h"

struct queue {
    uint8_t *at; /* NULL while empty */
    size_t cap, head, len;
};

/* False: out of memory; nothing was added. */
bool queue_add(struct queue *q, struct pool *pool, struct bytes data);
struct bytes queue_front(const struct queue *q);
void queue_drop(struct queue *q, struct pool *pool, size_t n);
void queue_clear(struct queue *q, struct pool *pool);

#endif
