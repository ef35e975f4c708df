/* What the observer sees of the wire: identification lines, and packets as they are encrypted. */
#ifndef NACRE_TRANSPORT_OBSERVE_H
#define NACRE_TRANSPORT_OBSERVE_H

#include "transport/parts.h"

/* Does anyone want to see packets? The data path's only cost when nobody does. */
static inline bool observe_wants_packets(const struct transport *t)
{
    return t->config->observer != NULL && t->config->observer->packet != NULL;
}

/* Prepare for it; false: out of memory. */
bool observe_begin(struct transport *t);
void observe_end(struct transport *t);

/* These may be called only when observe_wants_packets. */
void observe_sent(const struct transport *t, struct bytes packet);
/* The first `size` bytes of the input: a line. */
void observe_line(struct transport *t, size_t size);
/* As packet_open on the input, but the observer sees the packet first. */
enum packet_status observe_open(struct transport *t, struct bytes *payload, size_t *size);

#endif
