/* Bytes waiting to be used or sent, and the pool their blocks come from.
 *
 * A buffer holds no block while it is empty: an idle session costs no I/O memory. Blocks come in
 * two sizes, one for keystrokes and one for bulk, and a buffer moves up by itself. */
#ifndef NACRE_TRANSPORT_BUFFER_H
#define NACRE_TRANSPORT_BUFFER_H

#include "crypto/bytes.h"
#include "transport/api.h"

enum {
    BLOCK_SMALL = 4 * 1024,   /* bytes */
    BLOCK_LARGE = 128 * 1024, /* bytes; more than one packet of PACKET_MAX */
    BLOCK_CLASSES = 2,
    BLOCKS_KEPT = 64, /* free blocks a pool keeps of each class */
};

struct free_block {
    struct free_block *next;
};

/* One per worker: shared by sessions that run on the same thread, never between threads. */
struct pool {
    struct nacre_memory memory;  /* for blocks */
    struct nacre_memory secrets; /* for pool_allocate; the same, unless somebody says otherwise */
    struct free_block *free[BLOCK_CLASSES];
    unsigned kept[BLOCK_CLASSES];
    size_t in_use; /* bytes lent out, blocks and pool_allocate together */
};

/* memory  NULL for malloc and free. The pool borrows what it points to in its context. */
void pool_init(struct pool *pool, const struct nacre_memory *memory);

/* Gives the kept blocks back. Every buffer of the pool must be empty. */
void pool_clear(struct pool *pool);

/* Zeroed memory that is not a buffer, or NULL. Released with the same size, wiped. */
void *pool_allocate(struct pool *pool, size_t size);
void pool_release(struct pool *pool, void *p, size_t size);

/* A block of the smallest class that `need` bytes fit in, or of the largest; *size bytes, not
 * zeroed. NULL: no memory. Given back with the same size. */
void *pool_take_block(struct pool *pool, size_t need, size_t *size);
void pool_give_block(struct pool *pool, void *block, size_t size);

struct buffer {
    uint8_t *block; /* NULL while empty and released */
    uint32_t cap, head, tail;
};

/* Make at least `need` bytes of room behind the tail (at most BLOCK_LARGE in all, contents
 * included). Moves the contents when it must, so earlier views into the buffer end here. Returns
 * the first free byte, or NULL when it does not fit or there is no memory. */
uint8_t *buffer_make_room(struct buffer *b, struct pool *pool, size_t need);

/* Free bytes behind the tail right now, without moving anything. */
size_t buffer_room(const struct buffer *b);

void buffer_added(struct buffer *b, size_t n);    /* n bytes were put behind the tail */
void buffer_consumed(struct buffer *b, size_t n); /* n bytes at the head are done with */
struct bytes buffer_contents(const struct buffer *b);
size_t buffer_len(const struct buffer *b);

/* Give the block back if nothing is in it. */
void buffer_rest(struct buffer *b, struct pool *pool);

/* Drop contents and block. */
void buffer_clear(struct buffer *b, struct pool *pool);

#endif
