/* Extension negotiation. RFC 8308; ping: PROTOCOL section 1.8. */
#ifndef NACRE_TRANSPORT_EXTENSION_H
#define NACRE_TRANSPORT_EXTENSION_H

#include "transport/wire.h"

struct transport;

void send_ext_info(struct transport *t);
int on_ext_info(struct transport *t, struct reader *r);
int on_ping(struct transport *t, struct reader *r);
int on_pong(struct transport *t, struct reader *r);

#endif
