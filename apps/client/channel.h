/* The session channel: its requests, its data, and how the command ended. RFC 4254 section 6. */
#ifndef NACRE_APPS_CLIENT_CHANNEL_H
#define NACRE_APPS_CLIENT_CHANNEL_H

#include "apps/client/client.h"

/* Logged in: open the channel and start the command. */
void channel_begin(struct client *c);

/* Send what was read from standard input, and then its end. */
void channel_send_input(struct client *c);

/* Send the size of the terminal, now or as soon as there is space. */
void channel_send_size(struct client *c);

#endif
