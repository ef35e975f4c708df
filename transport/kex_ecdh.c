#include "transport/kex_ecdh.h"

#include "transport/hostkey.h"
#include "transport/kex_sign.h"
#include "transport/keys.h"

enum { SECRET_RAW_MAX = 1024 };

static void write_share(const struct kex_method *method, struct writer *w, struct bytes share)
{
    if (method->share_is_mpint)
        write_mpint(w, share);
    else
        write_string(w, share);
}

static struct bytes read_share(const struct kex_method *method, struct reader *r)
{
    return method->share_is_mpint ? read_mpint(r) : read_string(r);
}

/* RFC 8731 section 3: a share of another length than expected fails the exchange. */
static bool has_length(const struct kex_method *method, struct bytes share, size_t len)
{
    return method->share_is_mpint ? share.len <= len : share.len == len;
}

/* Compute K and H from the raw secret and the shares. */
static bool agree(struct transport *t, struct bytes host_key, struct bytes client_share,
                  struct bytes server_share, const uint8_t *secret)
{
    const struct kex_method *method = kex_method_of(t);
    uint8_t scratch[2 * (5 + KEX_SHARE_MAX)];
    struct writer shares = write_to(scratch, sizeof scratch);

    write_share(method, &shares, client_share);
    write_share(method, &shares, server_share);
    return !shares.bad &&
           keys_set_secret(t->kex, method, (struct bytes){secret, method->secret_len}) &&
           keys_compute_hash(t, host_key, written_bytes(&shares));
}

/* The client's share, which H needs when the reply arrives. It follows the method's state. */
static uint8_t *own_share(const struct transport *t)
{
    return (uint8_t *)t->kex->state + kex_method_of(t)->state_len;
}

/* The method's scratch memory. False: out of memory. */
static bool lend(struct transport *t, void **scratch)
{
    size_t len = kex_method_of(t)->scratch_len;

    *scratch = len == 0 ? NULL : pool_allocate(t->pool, len);
    return len == 0 || *scratch != NULL;
}

static void take_back(struct transport *t, void *scratch)
{
    pool_release(t->pool, scratch, kex_method_of(t)->scratch_len);
}

/* state  where make_share or respond put the ephemeral key */
static void observe_private(const struct transport *t, const void *state)
{
    const struct kex_method *method = kex_method_of(t);

    if (method->private_number != NULL)
        keys_observe(t, 'x', method->private_number(state));
}

static bool make_share(struct transport *t)
{
    const struct kex_method *method = kex_method_of(t);
    void *scratch;
    bool good;

    if (kex_state_allocate(t, (size_t)method->state_len + method->client_share_len) == NULL ||
        !lend(t, &scratch))
        return false;
    good = method->make_share(method, scratch, t->kex->state, t->config->random, own_share(t));
    take_back(t, scratch);
    return good;
}

/* RFC 5656 section 4:
 *     byte      SSH_MSG_KEX_ECDH_INIT
 *     string    Q_C, the client's ephemeral public key
 * RFC 4253 section 8: byte SSH_MSG_KEXDH_INIT, mpint e */
static enum kex_progress start(struct transport *t)
{
    const struct kex_method *method = kex_method_of(t);
    struct writer w;

    if (!make_share(t))
        return kex_no_memory(t);
    w = transport_begin(t, SSH_MSG_KEX_ECDH_INIT, 1 + 5 + (size_t)method->client_share_len);
    write_share(method, &w, (struct bytes){own_share(t), method->client_share_len});
    transport_send(t, &w);
    return KEX_MORE;
}

static enum kex_progress send_share(struct transport *t, struct bytes share)
{
    uint8_t encoded[5 + KEX_SHARE_MAX];
    struct writer w = write_to(encoded, sizeof encoded);

    write_share(kex_method_of(t), &w, share);
    return kex_sign(t, SSH_MSG_KEX_ECDH_REPLY, written_bytes(&w));
}

/* RFC 5656 section 4:
 *     byte      SSH_MSG_KEX_ECDH_INIT
 *     string    Q_C, the client's ephemeral public key
 * RFC 4253 section 8: byte SSH_MSG_KEXDH_INIT, mpint e */
static enum kex_progress on_ecdh_init(struct transport *t, struct reader *r)
{
    const struct kex_method *method = kex_method_of(t);
    struct bytes share = read_share(method, r);
    uint8_t own[KEX_SHARE_MAX];
    uint8_t secret[SECRET_RAW_MAX];
    struct bytes own_bytes = {own, method->server_share_len};
    void *scratch;
    bool good;

    if (!read_done(r))
        return kex_malformed(t, "KEX_ECDH_INIT is malformed");
    if (!lend(t, &scratch))
        return kex_no_memory(t);
    good = has_length(method, share, method->client_share_len) &&
           method->respond(method, scratch, t->config->random, share, own, secret);
    if (good) {
        observe_private(t, scratch);
        good = agree(t, private_key_blob(t->kex->chosen.key), share, own_bytes, secret);
    }
    wipe(secret, sizeof secret);
    take_back(t, scratch);
    if (!good)
        return kex_failed(t, "KEX_ECDH_INIT with a public share that is not acceptable");
    return send_share(t, own_bytes);
}

/* RFC 5656 section 4:
 *     byte      SSH_MSG_KEX_ECDH_REPLY
 *     string    K_S, the server's host key
 *     string    Q_S, the server's ephemeral public key
 *     string    the signature of H
 * RFC 4253 section 8: byte SSH_MSG_KEXDH_REPLY, string K_S, mpint f, string signature of H */
static enum kex_progress on_ecdh_reply(struct transport *t, struct reader *r)
{
    const struct kex_method *method = kex_method_of(t);
    struct bytes key = read_string(r);
    struct bytes share = read_share(method, r);
    struct bytes signature = read_string(r);
    struct bytes own = {own_share(t), method->client_share_len};
    uint8_t secret[SECRET_RAW_MAX];
    void *scratch;
    bool good;

    if (!read_done(r))
        return kex_malformed(t, "KEX_ECDH_REPLY is malformed");
    if (!lend(t, &scratch))
        return kex_no_memory(t);
    good = has_length(method, share, method->server_share_len) &&
           method->finish(method, scratch, t->kex->state, share, secret);
    if (good) {
        observe_private(t, t->kex->state);
        good = agree(t, key, own, share, secret);
    }
    wipe(secret, sizeof secret);
    take_back(t, scratch);
    if (!good)
        return kex_failed(t, "KEX_ECDH_REPLY with a public share that is not acceptable");
    return kex_verify(t, key, signature);
}

static void clear(const struct kex_method *method, void *state)
{
    if (method->clear != NULL)
        method->clear(state);
}

static const struct kex_step server_steps[] = {
    {SSH_MSG_KEX_ECDH_INIT, on_ecdh_init},
    {0, NULL},
};

static const struct kex_step client_steps[] = {
    {SSH_MSG_KEX_ECDH_REPLY, on_ecdh_reply},
    {0, NULL},
};

const struct kex_messages kex_one_share_each = {
    .start = start,
    .steps = {[NACRE_SERVER] = server_steps, [NACRE_CLIENT] = client_steps},
    .clear = clear,
};
