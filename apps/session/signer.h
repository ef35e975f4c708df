/* Signatures by keys that are elsewhere, in an agent, without waiting for them: for apps/connect. A
 * session whose owner has no signer waits in the key's own function. */
#ifndef NACRE_APPS_SESSION_SIGNER_H
#define NACRE_APPS_SESSION_SIGNER_H

#include "crypto/bytes.h"

struct nacre_endpoint;
struct nacre_key;
struct nacre_session;
struct signature_algorithm;

/* For all sessions of a client's endpoint; before the first one.
 *
 * sign   have the key sign, and pass the signature to session_signed, later. `data` is valid until
 *        it returns. A second call for a session replaces the first. False: it cannot. */
void endpoint_set_signer(struct nacre_endpoint *e,
                         bool (*sign)(void *context, const struct nacre_key *key,
                                      const struct signature_algorithm *algorithm,
                                      struct bytes data));

/* The signature blob; empty: the key does not sign. It does nothing when none is expected any more.
 * Not from inside the signer. */
void session_signed(struct nacre_session *s, struct bytes signature);

#endif
