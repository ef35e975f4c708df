#include "transport/kex_sign.h"

#include "transport/hostkey.h"
#include "transport/kex_quota.h"

#include "transport/key_pair.h"

#include <string.h>

_Static_assert(RSA_KEY_BITS_MIN == 2048 && RSA_BITS_MOST == 16384, "as the texts say");

/* RFC 4253 section 8, RFC 4419 section 3, RFC 5656 section 4:
 *     byte      the method's reply
 *     string    K_S, the server's host key
 *     ...       the server's share: mpint f, or string Q_S
 *     string    the signature of H                                            */
enum kex_progress kex_sign(struct transport *t, uint8_t number, struct bytes share)
{
    const struct kex_choice *n = &t->kex->chosen;
    struct writer w = transport_begin(t, number, TRANSPORT_REPLY_MAX);
    struct bytes h = {t->kex->hash, kex_method_of(t)->hash->len};
    uint8_t *signature;

    write_string(&w, private_key_blob(n->key));
    write_bytes(&w, share);
    signature = write_string_begin(&w);
    if (!key_sign(n->key, n->host_key->method, h, &w))
        return kex_failed(t, "host key could not sign");
    write_string_end(&w, signature);
    transport_send(t, &w);
    if (t->kex->first) {
        t->host_key.own = n->key;
        t->host_key.own_signature = n->host_key->method;
    }
    return KEX_DONE;
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
    struct bytes h = {t->kex->hash, kex_method_of(t)->hash->len};
    enum key_length length = key_blob_length(host_key);

    if (length == KEY_LENGTH_SHORT)
        return reject(t, "host key is too short: an RSA key needs 2048 bits or more");
    if (length == KEY_LENGTH_LONG)
        return reject(t, "host key is too long: an RSA key may have 16384 bits");
    kex_quota_charge(t, kex_quota_for_verifying(host_key.len));
    if (!key_verify(t->kex->chosen.host_key->method, host_key, signature, h))
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
