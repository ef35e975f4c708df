#include "transport/kex_sign.h"

#include "transport/hostkey.h"
#include "transport/kex_quota.h"

#include "transport/key_pair.h"
#include "transport/signing.h"

#include <string.h>

_Static_assert(RSA_KEY_BITS_MIN == 2048 && RSA_BITS_MOST == 16384, "as the texts say");

static struct bytes exchange_hash(const struct transport *t)
{
    return (struct bytes){t->kex->hash, kex_method_of(t)->hash->len};
}

/* RFC 4253 section 8, RFC 4419 section 3, RFC 5656 section 4:
 *     byte      the method's reply
 *     string    K_S, the server's host key
 *     ...       the server's share: mpint f, or string Q_S
 *     string    the signature of H
 * signature: by a key that is elsewhere; at NULL: it is made here */
static enum kex_progress send_reply(struct transport *t, uint8_t number, struct bytes share,
                                    struct bytes signature)
{
    const struct kex_choice *n = &t->kex->chosen;
    struct writer w = transport_begin(t, number, TRANSPORT_REPLY_MAX);
    uint8_t *begin;

    write_string(&w, private_key_blob(n->key));
    write_bytes(&w, share);
    begin = write_string_begin(&w);
    if (signature.at != NULL)
        write_bytes(&w, signature);
    else if (!key_sign(n->key, n->host_key->method, exchange_hash(t), &w))
        return kex_failed(t, "host key could not sign");
    write_string_end(&w, begin);
    transport_send(t, &w);
    if (t->kex->first) {
        t->host_key.own = n->key;
        t->host_key.own_signature = n->host_key->method;
    }
    return KEX_DONE;
}

enum kex_progress kex_sign(struct transport *t, uint8_t number, struct bytes share)
{
    struct kex *k = t->kex;

    if (!key_is_external(k->chosen.key))
        return send_reply(t, number, share, (struct bytes){NULL, 0});
    k->share = pool_allocate(t->pool, share.len);
    if (k->share == NULL)
        return kex_no_memory(t);
    k->share_len = share.len;
    memcpy(k->share, share.at, share.len);
    k->reply = number;
    return KEX_SIGNING;
}

enum kex_progress kex_ask(struct transport *t, void (*signed_)(void *t, struct bytes signature))
{
    const struct signing_owner owner = {t, t->context, t, signed_};
    const struct kex_choice *n = &t->kex->chosen;
    struct nacre_signing *signing =
        signing_new(n->key, n->host_key->method, exchange_hash(t), &owner);

    if (signing == NULL)
        return kex_no_memory(t);
    t->kex->signing = signing;
    transport_pause(t);
    signing_ask(signing); /* which may end the session */
    return transport_ended(t) ? KEX_FAILED : KEX_MORE;
}

enum kex_progress kex_signed(struct transport *t, struct bytes signature)
{
    struct kex *k = t->kex;

    k->signing = NULL;
    transport_resume(t);
    if (transport_ended(t))
        return KEX_FAILED;
    if (signature.len == 0 || !key_signed_elsewhere(k->chosen.key, k->chosen.host_key->method,
                                                    exchange_hash(t), signature))
        return kex_failed(t, "host key could not sign");
    return send_reply(t, k->reply, (struct bytes){k->share, k->share_len}, signature);
}

/* An answer from inside the callback counts if the callback then leaves it for later. */
static void ask(struct transport *t, struct bytes key)
{
    const struct transport_config *config = t->config;
    enum nacre_answer answer = NACRE_REFUSE;

    t->kex->host_key_answer = HOST_KEY_ASKING;
    if (config->host_key_accepted != NULL)
        answer =
            config->host_key_accepted(t->context, t->kex->chosen.host_key->name, key.at, key.len);
    if (answer != NACRE_LATER)
        t->kex->host_key_answer = answer == NACRE_GRANT ? HOST_KEY_ACCEPTED : HOST_KEY_REJECTED;
    else if (t->kex->host_key_answer == HOST_KEY_ASKING)
        t->kex->host_key_answer = HOST_KEY_WAITING;
}

static bool keep_host_key(struct transport *t, struct bytes blob)
{
    t->host_key.blob = pool_allocate(t->pool, blob.len);
    if (t->host_key.blob == NULL)
        return false;
    memcpy(t->host_key.blob, blob.at, blob.len);
    t->host_key_len = (uint16_t)blob.len; /* key_verify allows KEY_BLOB_MAX at most */
    return true;
}

static enum kex_progress reject(struct transport *t, const char *text)
{
    (void)transport_end(t, NACRE_HOST_KEY_REJECTED, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE, text);
    return KEX_FAILED;
}

enum kex_progress kex_verify(struct transport *t, struct bytes host_key, struct bytes signature)
{
    enum key_length length = key_blob_length(host_key);

    if (length == KEY_LENGTH_SHORT)
        return reject(t, "host key is too short: an RSA key needs 2048 bits or more");
    if (length == KEY_LENGTH_LONG)
        return reject(t, "host key is too long: an RSA key may have 16384 bits");
    kex_quota_charge(t, kex_quota_for_verifying(host_key.len));
    if (!key_verify(t->kex->chosen.host_key->method, host_key, signature, exchange_hash(t)))
        return kex_failed(t, "host key signature is wrong");
    if (t->kex->first && !keep_host_key(t, host_key))
        return kex_no_memory(t);
    ask(t, host_key);
    return kex_host_key_judged(t);
}

enum kex_progress kex_host_key_judged(struct transport *t)
{
    enum host_key_answer answer = t->kex->host_key_answer;

    if (transport_ended(t)) /* the application ended the session when it saw the key */
        return KEX_FAILED;
    if (answer == HOST_KEY_WAITING) {
        transport_pause(t);
        return KEX_MORE;
    }
    t->kex->host_key_answer = HOST_KEY_NOT_ASKED;
    return answer == HOST_KEY_ACCEPTED ? KEX_DONE : reject(t, "host key was not accepted");
}
