/* Bytes of a channel that its application has not taken yet. Bounded by the window that was
 * granted. They lie in blocks of the pool, one behind the other. */
#ifndef NACRE_CONNECTION_QUEUE_H
#define NACRE_CONNECTION_QUEUE_H

#include "crypto/bytes.h"
#include "transport/pool.h"

struct queue_block;

struct queue {
    struct queue_block *first, *last; /* NULL while empty */
    size_t len;                       /* bytes in it */
};

enum { QUEUE_ADD_MAX = 64 * 1024 }; /* bytes that can be added at a time */

/* False: out of memory; nothing was added. */
bool queue_add(struct queue *q, struct pool *pool, struct bytes data);

/* Those that came first, as far as they lie in one piece. */
struct bytes queue_front(const struct queue *q);

/* n of these are done with. */
void queue_drop(struct queue *q, struct pool *pool, size_t n);

void queue_clear(struct queue *q, struct pool *pool);

#endif
