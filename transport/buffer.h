/* Bytes waiting to be used or sent.
 *
 * A buffer has no block while it is empty, so an idle session costs no I/O memory. Blocks come in
 * two sizes, one for keystrokes and one for bulk transfers; a buffer grows from one to the other by
 * itself. */
#ifndef NACRE_TRANSPORT_BUFFER_H
#define NACRE_TRANSPORT_BUFFER_H

#include "crypto/bytes.h"
#include "transport/pool.h"

struct buffer {
    uint8_t *block; /* NULL while empty and released */
    uint32_t cap, head, tail;
};

/* Ensure at least `need` bytes of space after the tail (at most BLOCK_LARGE in all, contents
 * included). May move the contents, which ends earlier views into the buffer. Returns the first
 * free byte, or NULL when it does not fit or memory is out. */
uint8_t *buffer_make_room(struct buffer *b, struct pool *pool, size_t need);

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
