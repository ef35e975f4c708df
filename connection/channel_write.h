/* Writes that are accepted as a whole or wait in a buffer. RFC 4254 section 5.2. */
#ifndef NACRE_CONNECTION_CHANNEL_WRITE_H
#define NACRE_CONNECTION_CHANNEL_WRITE_H

#include "connection/parts.h"

/* See nacre_channel_write and nacre_channel_write_all. */
size_t channel_write(struct nacre_channel *ch, enum stream stream, struct bytes data);
enum nacre_sending channel_write_all(struct nacre_channel *ch, enum stream stream,
                                     struct bytes data);

/* Send what waits in the buffer, as far as there is space. */
void channel_write_buffered(struct nacre_channel *ch);

#endif
