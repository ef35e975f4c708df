/* The messages of a connection, kept to be shown. */
#ifndef NACRE_APPS_SPEC_TRACE_H
#define NACRE_APPS_SPEC_TRACE_H

#include "apps/spec/peer.h"

/* An identification line, or one before it, with its line ending. */
void trace_identification(struct peer *p, bool out, struct bytes line);

/* Keep a message that was sent or received. Without -v only the beginning of a long one. packet: as
 * it was on the wire; kept only for --trace. */
void trace_message(struct peer *p, bool out, uint32_t number, struct bytes payload,
                   struct bytes packet);

/* For --trace: key material, 'K' or 'A' to 'F' (RFC 4253 section 7.2); H, with the K that is a part
 * of it, as it is hashed. */
void trace_secret(struct peer *p, char label, struct bytes secret);
void trace_hash(struct peer *p);

/* As text, a line for each message: all with -v, otherwise at most the `last` ones. malloc'd. */
char *trace_text(const struct peer *p, size_t last);

#endif
