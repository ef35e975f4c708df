/* Opening a channel, from either side. RFC 4254 section 5.1. */
#ifndef NACRE_CONNECTION_CHANNEL_OPEN_H
#define NACRE_CONNECTION_CHANNEL_OPEN_H

#include "connection/parts.h"

/* *ch: the channel, when it was opened at once; NULL otherwise. */
int on_channel_open(struct connection *c, struct reader *r, struct nacre_channel **ch);
int on_channel_open_confirmation(struct nacre_channel *ch, struct reader *r);
/* The channel is gone afterwards. */
int on_channel_open_failure(struct nacre_channel *ch, struct reader *r);

/* The application's answer to an open that it answered NACRE_LATER. True: the channel is open now.
 * False: it is gone, or the answer takes effect when `open` returns, or there was no question. */
bool channel_open_answer(struct nacre_channel *ch, bool granted);

/* The reason and text of a refusal that follows. */
void channel_open_explain(struct nacre_channel *ch, enum nacre_open_reason reason,
                          const char *text);

/* Could the application open such a channel now? See nacre_session_can_open_channel. */
enum nacre_sending channel_open_chance(const struct connection *c, const char *type,
                                       size_t open_data_len);

/* A new channel that asks the peer to open it; NULL: see connection_open. */
struct nacre_channel *channel_open_begin(struct connection *c, const char *type,
                                         const struct nacre_channel_app *app, void *data,
                                         struct bytes open_data);

/* Send its CHANNEL_OPEN, if there is space now. */
void channel_open_send(struct nacre_channel *ch);

#endif
