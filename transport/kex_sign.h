/* How every method ends: the server signs H, the client checks. RFC 4253 section 8. */
#ifndef NACRE_TRANSPORT_KEX_SIGN_H
#define NACRE_TRANSPORT_KEX_SIGN_H

#include "transport/kex_state.h"

/* Server: sign H and send the reply of that number; share: encoded as on the wire. KEX_SIGNING: the
 * host key is elsewhere, and its signer must be asked. */
enum kex_progress kex_sign(struct transport *t, uint8_t number, struct bytes share);

/* Then ask it. No message is processed until it has answered, perhaps before this returns;
 * `signed_` is then called with the transport. It passes the signature to kex_signed, which checks
 * it and sends the reply. */
enum kex_progress kex_ask(struct transport *t, void (*signed_)(void *t, struct bytes signature));
enum kex_progress kex_signed(struct transport *t, struct bytes signature);

/* Client: check the signature, and ask about the host key. KEX_MORE: the answer comes later, and
 * kex_host_key_judged continues. */
enum kex_progress kex_verify(struct transport *t, struct bytes host_key, struct bytes signature);

/* Client: what follows from t->kex->host_key_answer. */
enum kex_progress kex_host_key_judged(struct transport *t);

#endif
