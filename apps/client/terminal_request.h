/* The requests about the person's terminal: RFC 4254 sections 6.2 and 6.7. */
#ifndef NACRE_APPS_CLIENT_TERMINAL_REQUEST_H
#define NACRE_APPS_CLIENT_TERMINAL_REQUEST_H

#include "connection/channel.h"

/* Ask for a terminal like the one here, or one of 80 by 24 if there is none. They return what the
 * library's functions do. */
enum nacre_sending terminal_request_send(struct nacre_channel *ch);

/* Report the size of the terminal here. */
enum nacre_sending terminal_request_resize(struct nacre_channel *ch);

#endif
