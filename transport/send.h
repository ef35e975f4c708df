/* Messages on their way out: what only the transport's own files call. The rest is in service.h. */
#ifndef NACRE_TRANSPORT_SEND_H
#define NACRE_TRANSPORT_SEND_H

struct transport;

/* Send what was queued during a key exchange, as far as there is room. */
void send_queued(struct transport *t);

/* Drop it and release its memory, wiped: it may hold a password. */
void send_clear_queued(struct transport *t);

#endif
