/* From bytes to messages: identification, packets, dispatch. RFC 4253 sections 4.2 and 6. */
#ifndef NACRE_TRANSPORT_RECEIVE_H
#define NACRE_TRANSPORT_RECEIVE_H

#include <stdbool.h>

struct transport;

/* Process the input, as transport_process does. */
bool receive_all(struct transport *t, bool blocked);

/* The next message may be expensive, and an expensive step was done since the last tick. */
bool receive_waits_for_tick(const struct transport *t);

#endif
