/* Messages and turns of a channel: all that may call its application. RFC 4254 section 5.
 *
 * The handlers of the messages and what they call lie below. They find the channel marked as busy,
 * so that a call from inside a callback changes only what is to be sent; it is sent afterwards. */
#ifndef NACRE_CONNECTION_CHANNEL_TURN_H
#define NACRE_CONNECTION_CHANNEL_TURN_H

#include "connection/parts.h"

/* A message about a channel: SSH_MSG_CHANNEL_OPEN to SSH_MSG_CHANNEL_FAILURE. */
int channel_receive(struct connection *c, uint8_t number, struct reader *r);

/* There is space: let the channel write, then offer its unaccepted data. */
void channel_turn(struct nacre_channel *ch);

/* Offer its unaccepted data. */
void channel_offer(struct nacre_channel *ch);

/* The application wants something to be sent: do so, unless the channel is busy, when it happens
 * afterwards. */
void channel_flush(struct nacre_channel *ch);

#endif
