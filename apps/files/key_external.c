/* Keys whose secret is elsewhere. */
#include "apps/files/key.h"

#include "apps/files/key_object.h"
#include "transport/signing.h"

static void ask(const struct nacre_key *key, struct nacre_signing *signing)
{
    key->secret.external.sign(key->secret.external.context, signing);
}

struct nacre_key *nacre_key_external(const struct nacre_key *public_key,
                                     void (*sign)(void *context, struct nacre_signing *signing),
                                     void *context)
{
    struct nacre_key *key = key_new();

    if (key == NULL)
        return NULL;
    key->type = public_key->type;
    key->blob_len = public_key->blob_len;
    memcpy(key->blob, public_key->blob, public_key->blob_len);
    memcpy(key->comment, public_key->comment, sizeof key->comment);
    key->ask = ask;
    key->secret.external.sign = sign;
    key->secret.external.context = context;
    return key;
}

const struct nacre_key *nacre_signing_key(const struct nacre_signing *signing)
{
    return signing_key(signing);
}

const char *nacre_signing_algorithm(const struct nacre_signing *signing)
{
    return signing_algorithm(signing)->name;
}

void *nacre_signing_context(const struct nacre_signing *signing)
{
    return signing_context(signing);
}

const uint8_t *nacre_signing_data(const struct nacre_signing *signing, size_t *len)
{
    struct bytes data = signing_data(signing);

    *len = data.len;
    return data.at;
}

void nacre_signing_answer(struct nacre_signing *signing, const uint8_t *signature, size_t len)
{
    signing_answer(signing, (struct bytes){signature, signature != NULL ? len : 0});
}
