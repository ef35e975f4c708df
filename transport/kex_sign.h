/* How every method ends: the server signs H, the client checks. RFC 4253 section 8. */
#ifndef NACRE_TRANSPORT_KEX_SIGN_H
#define NACRE_TRANSPORT_KEX_SIGN_H

#include "transport/kex_state.h"

/* Server: sign H and send the reply of that number; share: encoded as on the wire. */
enum kex_progress kex_sign(struct transport *t, uint8_t number, struct bytes share);

/* Client: check the signature, and ask about the host key. KEX_MORE: the answer comes later, and
 * kex_host_key_judged continues. */
enum kex_progress kex_verify(struct transport *t, struct bytes host_key, struct bytes signature);

/* Client: what follows from t->kex->host_key_answer. */
enum kex_progress kex_host_key_judged(struct transport *t);

#endif
