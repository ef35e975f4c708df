#include "transport/signing.h"

#include "transport/key_pair.h"
#include "transport/service.h"

#include <stdlib.h>

/* In memory of its own: its holder may answer after the session and the allocator that it used are
 * gone. What is signed is no secret. */
struct nacre_signing {
    struct signing_owner owner; /* transport NULL: nobody waits */
    const struct nacre_key *key;
    const struct signature_algorithm *algorithm;
    /* Freed when this reaches 0: one use until the answer, one while the signer's function runs. */
    uint32_t uses;
    bool answered;
    size_t len;
    uint8_t data[];
};

bool key_is_external(const struct nacre_key *key)
{
    return key->ask != NULL;
}

struct nacre_signing *signing_new(const struct nacre_key *key,
                                  const struct signature_algorithm *algorithm, struct bytes data,
                                  const struct signing_owner *owner)
{
    struct nacre_signing *s = malloc(sizeof *s + data.len);

    if (s == NULL)
        return NULL;
    *s = (struct nacre_signing){
        .owner = *owner, .key = key, .algorithm = algorithm, .uses = 1, .len = data.len};
    memcpy(s->data, data.at, data.len);
    return s;
}

static void release(struct nacre_signing *s)
{
    if (--s->uses == 0)
        free(s);
}

void signing_ask(struct nacre_signing *s)
{
    s->uses++;
    s->key->ask(s->key, s);
    release(s);
}

void signing_forget(struct nacre_signing *s)
{
    s->owner.transport = NULL;
}

const struct nacre_key *signing_key(const struct nacre_signing *s)
{
    return s->key;
}

const struct signature_algorithm *signing_algorithm(const struct nacre_signing *s)
{
    return s->algorithm;
}

void *signing_context(const struct nacre_signing *s)
{
    return s->owner.context;
}

struct bytes signing_data(const struct nacre_signing *s)
{
    return (struct bytes){s->data, s->len};
}

/* Leaving may call wake, and that may free the session, so it is last. */
void signing_answer(struct nacre_signing *s, struct bytes signature)
{
    struct signing_owner owner = s->owner;

    if (s->answered)
        return;
    s->answered = true;
    s->owner.transport = NULL;
    if (signature.len > SIGNATURE_BLOB_MAX)
        signature.len = 0;
    if (owner.transport != NULL) {
        transport_enter(owner.transport);
        owner.signed_(owner.self, signature);
    }
    release(s);
    if (owner.transport != NULL)
        transport_leave(owner.transport);
}
