/* Messages and turns of a channel: all that may call its application. RFC 4254 section 5.
 *
 * The handlers of the messages find the channel marked as busy, so that what a call from inside a
 * callback wants to send is sent afterwards. */
#ifndef NACRE_CONNECTION_CHANNEL_TURN_H
#define NACRE_CONNECTION_CHANNEL_TURN_H

#include "connection/parts.h"

/* A message about a channel: SSH_MSG_CHANNEL_OPEN to SSH_MSG_CHANNEL_FAILURE. */
int channel_receive(struct connection *c, uint8_t number, struct reader *r);

/* There is space: let the channel write, then offer its unaccepted data. */
void channel_turn(struct nacre_channel *ch);

/* Offer its unaccepted data. */
void channel_offer(struct nacre_channel *ch);

/* Send what the application wants to be sent; a busy channel sends it afterwards. */
void channel_flush(struct nacre_channel *ch);

#endif
