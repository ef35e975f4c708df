/* One share each way: KEX_ECDH_INIT, KEX_ECDH_REPLY. RFC 5656 section 4, RFC 4253 section 8. */
#ifndef NACRE_TRANSPORT_KEX_ECDH_H
#define NACRE_TRANSPORT_KEX_ECDH_H

#include "transport/kex_state.h"

extern const struct kex_messages kex_one_share_each;

#endif
