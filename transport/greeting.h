/* Client: text that a server sends before its identification. RFC 4253 section 4.2. Servers explain
 * there why they close the connection. */
#ifndef NACRE_TRANSPORT_GREETING_H
#define NACRE_TRANSPORT_GREETING_H

#include "crypto/bytes.h"

struct transport;

/* Show a line, without its end, to the person. */
void greeting_line(struct transport *t, struct bytes line);

/* The connection was lost: the text for the end of the session, with the line that the server had
 * begun, or else the first one that was not empty. Calls no callback. */
const char *greeting_lost(struct transport *t);

#endif
