/* Our global requests and the answers to them. RFC 4254 section 4. */
#ifndef NACRE_CONNECTION_GLOBAL_SEND_H
#define NACRE_CONNECTION_GLOBAL_SEND_H

#include "connection/parts.h"

/* Send a request now or, if it may wait, as soon as there is space. data: what follows want_reply.
 * NACRE_SEND_LATER: see connection_global_request; or it may not wait and there is no space. */
enum nacre_sending global_send(struct connection *c, const char *name, bool want_reply,
                               struct bytes data, bool may_wait);

/* There is space: send the requests that wait for it. */
void global_send_unsent(struct connection *c);

int on_request_success(struct connection *c, struct reader *r);
int on_request_failure(struct connection *c, struct reader *r);

/* Release the requests that wait. */
void global_send_clear(struct connection *c);

#endif
