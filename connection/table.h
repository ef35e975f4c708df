/* The channels of a connection by our numbers, and the memory that they may use together. */
#ifndef NACRE_CONNECTION_TABLE_H
#define NACRE_CONNECTION_TABLE_H

#include "connection/parts.h"

/* The channel with our number `id`, or NULL. */
struct nacre_channel *table_find(const struct connection *c, uint32_t id);

/* True when another channel fits: not too many, and together they may buffer so much more. */
bool table_has_space(const struct connection *c);
bool table_affords_channel(const struct connection *c, size_t open_data_len);

/* True when the window of a channel may grow by `more` bytes. */
bool table_affords_window(const struct connection *c, size_t more);

/* A new channel with the lowest free number. NULL: out of memory, or of the budget. */
struct nacre_channel *table_add(struct connection *c, struct bytes type, struct bytes open_data);

/* Remove it and free it. */
void table_remove(struct nacre_channel *ch);

void table_clear(struct connection *c);

#endif
