/* A signature by a key whose secret is elsewhere: asked for, and answered at once or later. */
#ifndef NACRE_TRANSPORT_SIGNING_H
#define NACRE_TRANSPORT_SIGNING_H

#include "crypto/bytes.h"

struct nacre_key;
struct nacre_signing;
struct signature_algorithm;
struct transport;

/* Must its signatures be asked for? key_sign does not work for such a key. */
bool key_is_external(const struct nacre_key *key);

/* Who waits for the answer. */
struct signing_owner {
    struct transport *transport; /* which every answer enters */
    void *context;               /* the session's, for the signer */
    void *self;
    /* The signature blob, not verified yet; empty: a refusal. Not called once the session has
     * ended, and perhaps from inside signing_ask. */
    void (*signed_)(void *self, struct bytes signature);
};

/* Make a question about `data`, which is copied. NULL: out of memory. */
struct nacre_signing *signing_new(const struct nacre_key *key,
                                  const struct signature_algorithm *algorithm, struct bytes data,
                                  const struct signing_owner *owner);

/* Call the key's signer. Afterwards it may be answered, and the owner may have been called. */
void signing_ask(struct nacre_signing *signing);

/* The owner no longer waits. Not after `signed_`. */
void signing_forget(struct nacre_signing *signing);

/* The signer's side: see apps/files/key.h. */
const struct nacre_key *signing_key(const struct nacre_signing *signing);
const struct signature_algorithm *signing_algorithm(const struct nacre_signing *signing);
void *signing_context(const struct nacre_signing *signing);
struct bytes signing_data(const struct nacre_signing *signing);
void signing_answer(struct nacre_signing *signing, struct bytes signature);

#endif
