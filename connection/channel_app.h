/* The application of a channel as its program's headers have it. A program that was compiled with
 * older ones has a shorter struct: its channels have a copy with all members. */
#ifndef NACRE_CONNECTION_CHANNEL_APP_H
#define NACRE_CONNECTION_CHANNEL_APP_H

#include "connection/parts.h"

/* Bytes of a channel with its copy, if it needs one. */
size_t channel_size(const struct connection *c);

/* Call this application from now on. */
void channel_set_app(struct nacre_channel *ch, const struct nacre_channel_app *app);

/* What was set, or what wraps the channel. */
const struct nacre_channel_app *channel_given_app(const struct nacre_channel *ch);

#endif
