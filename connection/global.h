/* Global requests from the peer, answered in order. RFC 4254 sections 4 and 7.1. */
#ifndef NACRE_CONNECTION_GLOBAL_H
#define NACRE_CONNECTION_GLOBAL_H

#include "connection/parts.h"

int on_global_request(struct connection *c, struct reader *r);

/* The application answers its oldest pending request, or the one that it is asked about now. */
void global_answer(struct connection *c, bool granted, uint32_t port);

/* Release the answers that wait. */
void global_clear(struct connection *c);

#endif
