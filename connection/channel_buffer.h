/* The bytes that an application wrote and that wait inside the library: for the peer's window, or
 * for the output. Only a channel with nacre_channel_set_buffer has such a buffer. */
#ifndef NACRE_CONNECTION_CHANNEL_BUFFER_H
#define NACRE_CONNECTION_CHANNEL_BUFFER_H

#include "connection/parts.h"

/* Let it hold up to `most` bytes; what it holds already stays. False: out of memory. */
bool channel_buffer_set(struct nacre_channel *ch, size_t most);

/* What it may hold; 0: the channel has no buffer. */
size_t channel_buffer_bound(const struct nacre_channel *ch);

/* Bytes that wait; all streams together. */
size_t channel_buffer_len(const struct nacre_channel *ch);

/* Bytes that may be added. */
size_t channel_buffer_space(const struct nacre_channel *ch);

/* An application waits for so many, or, with 0, for half of the buffer. */
void channel_buffer_await(struct nacre_channel *ch, size_t bytes);
bool channel_buffer_is_ready(const struct nacre_channel *ch);

/* Add as many of these bytes as the bound and the budget of memory allow, or, with `whole`, all or
 * none. Returns how many. */
size_t channel_buffer_add(struct nacre_channel *ch, enum stream stream, struct bytes data,
                          bool whole);

/* The first bytes that wait in that stream; empty when none do. */
struct bytes channel_buffer_front(const struct nacre_channel *ch, enum stream stream);

/* The first n of them were sent. */
void channel_buffer_drop(struct nacre_channel *ch, enum stream stream, size_t n);

/* Drop them all: the peer no longer reads. */
void channel_buffer_empty(struct nacre_channel *ch);

void channel_buffer_free(struct nacre_channel *ch);

#endif
