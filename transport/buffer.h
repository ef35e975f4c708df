/* Bytes waiting to be used or sent.
 *
 * A buffer has no block while it is empty, so an idle session costs no I/O memory. Blocks come in
 * three sizes, for keystrokes, for bulk transfers and for one large packet beside a bulk transfer;
 * a buffer grows from the first to the second by itself. */
#ifndef NACRE_TRANSPORT_BUFFER_H
#define NACRE_TRANSPORT_BUFFER_H

#include "crypto/bytes.h"
#include "transport/pool.h"

struct buffer {
    uint8_t *block; /* NULL while empty and released */
    uint32_t cap, head, tail;
    /* In a private buffer messages are decrypted: nothing of them is left in its block when that
     * has gone back to the pool, see pool_give_private. Set before the first bytes. */
    uint32_t private : 1;
    uint32_t used : 31; /* bytes of its block that may hold plaintext, to be wiped at the end */
};

/* Ensure at least `need` bytes of space after the tail (at most buffer_limit in all, contents
 * included). May move the contents, which ends earlier views into the buffer. Returns the first
 * free byte, or NULL when it does not fit or memory is out. */
uint8_t *buffer_make_room(struct buffer *b, struct pool *pool, size_t need);

/* The same with at most BLOCK_HUGE bytes in all. A block of that size stays until half a
 * BLOCK_LARGE is enough. */
uint8_t *buffer_make_huge_room(struct buffer *b, struct pool *pool, size_t need);

/* The most that the buffer may hold now: BLOCK_LARGE, or BLOCK_HUGE while it has such a block. */
size_t buffer_limit(const struct buffer *b);

/* Free bytes after the tail right now, without moving anything. */
size_t buffer_room(const struct buffer *b);

void buffer_added(struct buffer *b, size_t n);    /* n bytes were put after the tail */
void buffer_consumed(struct buffer *b, size_t n); /* n bytes at the head are done with */
struct bytes buffer_contents(const struct buffer *b);
size_t buffer_len(const struct buffer *b);

/* Return the block to the pool if the buffer is empty. */
void buffer_release_idle(struct buffer *b, struct pool *pool);

/* Drop contents and block. */
void buffer_clear(struct buffer *b, struct pool *pool);

#endif
