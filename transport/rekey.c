#include "transport/rekey.h"

#include "transport/kex.h"
#include "transport/kex_quota.h"
#include "transport/kex_state.h"

enum {
    REKEY_PACKETS = 1 << 30, /* RFC 4344 section 3.1 requires new keys before 2^31 */
    REKEY_MS = 3600 * 1000,  /* RFC 4253 section 9 */
};

/* A limit of the configuration; 0 for none. Before the login it does not apply, as in OpenSSH: a
 * stranger could make us begin as many exchanges as it allows. */
static uint64_t configured(const struct transport *t, uint64_t limit)
{
    return t->phase == PHASE_CONNECTION ? limit : 0;
}

/* When the keys in use are too old. */
static uint64_t too_old_at(const struct transport *t)
{
    uint64_t most = configured(t, t->config->rekey_ms);

    if (most == 0)
        most = REKEY_MS;
    return most < UINT64_MAX - t->keys_ms ? t->keys_ms + most : UINT64_MAX;
}

/* Before a service was agreed on nothing justifies new keys. */
static bool may_rekey(const struct transport *t)
{
    return t->kex == NULL && !transport_ended(t) &&
           (t->phase == PHASE_AUTH || t->phase == PHASE_CONNECTION) && kex_quota_allows_ours(t);
}

/* The keys have protected as much as they may. */
static bool is_due(const struct transport *t, const struct direction *d)
{
    uint64_t most = configured(t, t->config->rekey_bytes);

    if (most == 0)
        most = UINT64_C(1) << d->cipher->rekey_log2;
    return d->bytes >= most || d->packets >= REKEY_PACKETS;
}

static void begin(struct transport *t)
{
    if (t->phase != PHASE_CONNECTION)
        t->pace.rekeyed_early[t->config->role] = true;
    (void)kex_begin(t);
}

void transport_rekey(struct transport *t)
{
    if (may_rekey(t))
        begin(t);
}

static bool is_before_login(const struct transport *t)
{
    return t->phase == PHASE_FIRST || t->phase == PHASE_SERVICE || t->phase == PHASE_AUTH;
}

void rekey_if_due(struct transport *t)
{
    bool spent = is_due(t, &t->sending) || is_due(t, &t->receiving);

    if (may_rekey(t) && (spent || t->now_ms >= too_old_at(t)))
        begin(t);
    else if (spent && t->kex == NULL && is_before_login(t))
        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "too many bytes before the login");
    if (t->kex != NULL && t->kex->deadline_ms == 0)
        t->kex->deadline_ms = t->now_ms + TRANSPORT_KEX_MS;
}

void rekey_tick(struct transport *t)
{
    rekey_if_due(t);
    if (t->kex != NULL && t->now_ms >= t->kex->deadline_ms)
        (void)transport_end(t, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION,
                            "key exchange timeout");
}

/* An exchange whose deadline is not known yet began outside the owner's calls: the next one gives
 * the time. */
uint64_t rekey_deadline(const struct transport *t)
{
    if (t->kex != NULL && !transport_ended(t))
        return t->kex->deadline_ms != 0 ? t->kex->deadline_ms : t->now_ms;
    return may_rekey(t) ? too_old_at(t) : UINT64_MAX;
}
