/* The messages of a connection, kept to be shown. */
#ifndef NACRE_APPS_SPEC_TRACE_H
#define NACRE_APPS_SPEC_TRACE_H

#include "apps/spec/peer.h"

/* Keep a message that was sent or received. Without -v only the beginning of a long one. */
void trace_message(struct peer *p, bool out, uint32_t number, struct bytes payload);

/* As text, a line for each message: all with -v, otherwise at most the `last` ones. malloc'd. */
char *trace_text(const struct peer *p, size_t last);

#endif
