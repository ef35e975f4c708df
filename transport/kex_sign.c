/* How every method ends: the server signs H, the client checks. RFC 4253 section 8. And what else
 * host keys are used for. */
#include "transport/kex.h"

#include "transport/hostkey.h"
#include "transport/parts.h"

#include <string.h>

/* byte number, string K_S, share, string signature of H */
int kex_reply(struct transport *t, uint8_t number, struct bytes share)
{
    const struct negotiated *n = &t->kex->chosen;
    struct writer w = transport_begin(t, number, TRANSPORT_REPLY_MAX);
    struct bytes h = {t->kex->hash, kex_method_of(t)->hash->len};
    uint8_t *signature;

    write_string(&w, private_key_blob(n->key));
    write_bytes(&w, share);
    signature = write_string_begin(&w);
    if (!key_sign(n->key, n->host_key->method, h, &w))
        return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, "the host key could not sign");
    write_string_end(&w, signature);
    transport_send(t, &w);
    if (t->kex->first) {
        t->host_key.own = n->key;
        t->host_key.own_signature = n->host_key->method;
    }
    return kex_agreed(t);
}

static bool host_key_is_accepted(struct transport *t, struct bytes key)
{
    const struct transport_config *config = t->config;

    return config->host_key_accepted != NULL &&
           config->host_key_accepted(t->context, t->kex->chosen.host_key->name, key.at, key.len);
}

static bool keep_host_key(struct transport *t, struct bytes blob)
{
    t->host_key.blob = pool_allocate(t->pool, blob.len);
    if (t->host_key.blob == NULL)
        return false;
    memcpy(t->host_key.blob, blob.at, blob.len);
    t->host_key.blob_len = (uint16_t)blob.len; /* key_verify allows KEY_BLOB_MAX at most */
    return true;
}

int kex_check_reply(struct transport *t, struct bytes host_key, struct bytes signature)
{
    struct bytes h = {t->kex->hash, kex_method_of(t)->hash->len};

    if (!key_verify(t->kex->chosen.host_key->method, host_key, signature, h))
        return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
                              "the server's signature is wrong");
    if (!host_key_is_accepted(t, host_key))
        return transport_fail(t, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE,
                              "the server's host key was not accepted");
    if (t->kex->first && !keep_host_key(t, host_key))
        return transport_no_memory(t);
    return kex_agreed(t);
}

_Static_assert((int)TRANSPORT_HOST_KEY_MAX == (int)KEY_BLOB_MAX,
               "services know it by another name");

struct bytes transport_host_key(const struct transport *t)
{
    if (t->host_key.own != NULL)
        return private_key_blob(t->host_key.own);
    return (struct bytes){t->host_key.blob, t->host_key.blob_len};
}

struct bytes transport_host_key_at(const struct transport *t, size_t i)
{
    const struct transport_config *config = t->config;

    return i < config->host_key_count ? private_key_blob(config->host_keys[i])
                                      : (struct bytes){NULL, 0};
}

/* The signature that the first exchange had, if this key can make it; else our first that it can.
 * draft-ietf-sshm-hostkey-update section 2.2.1, which also rules SHA-1 out. */
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
        return algorithm != NULL && key_sign(key, algorithm, data, w);
    }
    return false;
}
