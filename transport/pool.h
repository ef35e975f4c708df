/* The memory of sessions: blocks for input and output, and small allocations that may hold secrets.
 */
#ifndef NACRE_TRANSPORT_POOL_H
#define NACRE_TRANSPORT_POOL_H

#include "transport/api.h"

enum {
    BLOCK_SMALL = 4 * 1024, /* bytes; enough for keystrokes */
    /* bytes; four messages of 32 KiB with a head; more than one packet of PACKET_LENGTH_MAX */
    BLOCK_LARGE = 128 * 1024 + 64,
    BLOCK_HUGE = 389 * 1024, /* bytes; as much, and one packet of PACKET_LENGTH_LARGE */
    BLOCK_CLASSES = 3,
    BLOCKS_KEPT = 64,     /* free blocks of each class that a pool keeps, */
    BLOCKS_KEPT_HUGE = 2, /* ... and of the largest */
    WARM_KEPT = 4,        /* free blocks that are wiped later */
};

struct free_block {
    struct free_block *next;
};

/* One per worker: sessions on the same thread share it, threads never do. */
struct pool {
    struct nacre_memory memory;  /* for blocks */
    struct nacre_memory secrets; /* for pool_allocate; the same unless the owner replaces it */
    struct free_block *free[BLOCK_CLASSES];
    unsigned kept[BLOCK_CLASSES];
    size_t in_use; /* bytes lent out, blocks and pool_allocate together */
    /* Blocks of BLOCK_LARGE that held the plaintext of a bulk transfer, which will most likely want
     * them again at once: wiping them each time would be a copy's worth of work. Newest last. */
    struct {
        void *block;
        size_t used;
    } warm[WARM_KEPT];
    unsigned warm_count;
    bool wipe_promised; /* some session will call pool_wipe soon; set by the sessions */
    /* pool_release has released the last of these bytes; the pool is not used any more. NULL: the
     * owner does not need to know. */
    void (*unused)(struct pool *pool);
};

/* memory  NULL for malloc and free. The pool borrows what its context points to. */
void pool_init(struct pool *pool, const struct nacre_memory *memory);

/* Returns the free blocks. Every buffer of the pool must be empty. */
void pool_clear(struct pool *pool);

/* Bytes that it has from the allocators: what is lent out, and the free blocks. */
size_t pool_held(const struct pool *pool);

/* Zeroed memory that is not a buffer, or NULL. Released with the same size, wiped. */
void *pool_allocate(struct pool *pool, size_t size);
void pool_release(struct pool *pool, void *p, size_t size);

/* A block of the smallest class that fits `need` bytes, or of the largest; *size bytes, not zeroed.
 * NULL: out of memory. Returned with that size, or with any of its class. */
void *pool_take_block(struct pool *pool, size_t need, size_t *size);
void pool_give_block(struct pool *pool, void *block, size_t size);

/* The same for a block that will hold plaintext. *used: so many of its first bytes may hold some of
 * an earlier owner, to which the new one adds its own. A small number of bytes is wiped when the
 * block is given back, many are wiped when the pool needs or wipes the block, by pool_wipe at the
 * latest. */
void *pool_take_private(struct pool *pool, size_t need, size_t *size, size_t *used);
void pool_give_private(struct pool *pool, void *block, size_t size, size_t used);

/* Wipe every block that was given back and is not wiped yet. */
void pool_wipe(struct pool *pool);

#endif
