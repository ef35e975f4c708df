/* The host keys after the key exchange, for services: publickey-hostbound binds to one (PROTOCOL
 * section 3.1), and hostkeys-prove proves all (draft-ietf-sshm-hostkey-update). */
#include "transport/key_pair.h"
#include "transport/parts.h"
#include "transport/signing.h"

#include <string.h>

_Static_assert((int)TRANSPORT_HOST_KEY_MAX == (int)KEY_BLOB_MAX,
               "services know it by another name");

struct bytes transport_host_key(const struct transport *t)
{
    if (t->host_key.own != NULL)
        return private_key_blob(t->host_key.own);
    return (struct bytes){t->host_key.blob, t->host_key_len};
}

/* Keys that are elsewhere cannot prove themselves at once. Then none are announced, because a
 * client forgets those that are missing. */
struct bytes transport_host_key_at(const struct transport *t, size_t i)
{
    const struct transport_config *config = t->config;

    for (size_t j = 0; j < config->host_key_count; j++)
        if (key_is_external(config->host_keys[j]))
            return (struct bytes){NULL, 0};
    return i < config->host_key_count ? private_key_blob(config->host_keys[i])
                                      : (struct bytes){NULL, 0};
}

/* draft-ietf-sshm-hostkey-update section 2.2.1: the signature algorithm of the first exchange if
 * this key can use it, otherwise our first that it can; never SHA-1. */
static const struct signature_algorithm *algorithm_for(const struct transport *t,
                                                       const struct nacre_key *key)
{
    const struct signature_algorithm *s = t->host_key.own_signature;
    const struct algorithm *a;

    if (s != NULL && strcmp(s->key_type, key->type) == 0)
        return s == &signature_rsa_sha1 ? NULL : s;
    for (a = algorithms_of(ALGORITHM_HOST_KEY); a->name != NULL; a++) {
        s = a->method;
        if (!a->off && strcmp(s->key_type, key->type) == 0)
            return s;
    }
    return NULL;
}

bool transport_prove_host_key(struct transport *t, struct bytes blob, struct bytes data,
                              struct writer *w)
{
    const struct transport_config *config = t->config;

    for (size_t i = 0; i < config->host_key_count; i++) {
        const struct nacre_key *key = config->host_keys[i];
        const struct signature_algorithm *algorithm;

        if (!bytes_equal(private_key_blob(key), blob))
            continue;
        algorithm = algorithm_for(t, key);
        return algorithm != NULL && key_sign_repeatable(key, algorithm, data, w);
    }
    return false;
}
