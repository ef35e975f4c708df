/* Messages of a channel that its application has not accepted yet, in blocks of the pool. At most
 * the granted window.
 *
 * Messages are never joined: where each one ends is remembered in the block, in 1 to 31 bits, which
 * is never more than a fifth of its bytes. */
#ifndef NACRE_CONNECTION_QUEUE_H
#define NACRE_CONNECTION_QUEUE_H

#include "crypto/bytes.h"
#include "transport/pool.h"

struct queue_block;

struct queue {
    struct queue_block *first, *last; /* NULL while empty */
    uint32_t len;                     /* bytes in it */
    uint32_t front;                   /* ... of the first message, or of what is left of it */
};

enum { QUEUE_ADD_MAX = 32 * 1024 }; /* bytes that can be added at once */

/* Add a message, or what is left of it; without bytes, nothing is added. False: out of memory. */
bool queue_add(struct queue *q, struct pool *pool, struct bytes data);

/* The first message, or what is left of it. */
struct bytes queue_front(const struct queue *q);

/* Remove the first n bytes of it. */
void queue_drop(struct queue *q, struct pool *pool, size_t n);

void queue_clear(struct queue *q, struct pool *pool);

#endif
