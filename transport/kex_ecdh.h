/* One share each way, and the server signs: KEX_ECDH_INIT, KEX_ECDH_REPLY. RFC 5656 section 4
 * (shares as strings; RFC 8731 and the hybrids use the same messages) and RFC 4253 section 8
 * (shares as mpints, with the same message numbers). */
#ifndef NACRE_TRANSPORT_KEX_ECDH_H
#define NACRE_TRANSPORT_KEX_ECDH_H

#include "transport/kex_state.h"

extern const struct kex_messages kex_one_share_each;

#endif
