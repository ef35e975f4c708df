/* diffie-hellman-group-exchange-sha256: agree on the group first. RFC 4419 section 3, RFC 8270. */
#ifndef NACRE_TRANSPORT_KEX_GEX_H
#define NACRE_TRANSPORT_KEX_GEX_H

#include "transport/kex_state.h"

extern const struct kex_messages kex_group_exchange;

#endif
