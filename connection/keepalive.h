/* Peers that are gone, and connections that are not used: two independent limits. Any byte is a
 * sign of life; only a channel's messages count as use.
 *
 * A silent peer is sent OpenSSH's keepalive@openssh.com: a global request, which it answers even
 * when it does not know it. RFC 4254 section 4. */
#ifndef NACRE_CONNECTION_KEEPALIVE_H
#define NACRE_CONNECTION_KEEPALIVE_H

#include "connection/parts.h"

/* Note when a channel was used, by the transport's clock. */
void keepalive_note_use(struct connection *c);

/* Time passed, by the transport's clock; when to call it at the latest, UINT64_MAX for never. */
void keepalive_tick(struct connection *c);
uint64_t keepalive_deadline(const struct connection *c);

#endif
