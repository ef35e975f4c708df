/* Messages 1 to 19. RFC 4253 sections 10 and 11. */
#ifndef NACRE_TRANSPORT_GENERIC_H
#define NACRE_TRANSPORT_GENERIC_H

#include "transport/wire.h"

struct transport;

int on_disconnect(struct transport *t, struct reader *r);
int on_ignore(struct transport *t, struct reader *r);
int on_unimplemented(struct transport *t, struct reader *r);
int on_debug(struct transport *t, struct reader *r);
int on_service_request(struct transport *t, struct reader *r);
int on_service_accept(struct transport *t, struct reader *r);

/* Reject the message received last. */
void send_unimplemented(struct transport *t);

/* Client: request the service SERVICE_AUTH, if the owner set one. */
void send_service_request(struct transport *t);

#endif
