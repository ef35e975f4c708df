/* Bytes of a channel that its application has not accepted yet, in blocks of the pool. At most the
 * granted window. */
#ifndef NACRE_CONNECTION_QUEUE_H
#define NACRE_CONNECTION_QUEUE_H

#include "crypto/bytes.h"
#include "transport/pool.h"

struct queue_block;

struct queue {
    struct queue_block *first, *last; /* NULL while empty */
    size_t len;                       /* bytes in it */
};

enum { QUEUE_ADD_MAX = 64 * 1024 }; /* bytes that can be added at once */

/* False: out of memory; nothing was added. */
bool queue_add(struct queue *q, struct pool *pool, struct bytes data);

/* The first bytes, up to the end of their block. */
struct bytes queue_front(const struct queue *q);

/* Remove the first n of these. */
void queue_drop(struct queue *q, struct pool *pool, size_t n);

void queue_clear(struct queue *q, struct pool *pool);

#endif
