#include "transport/rekey.h"

#include "transport/kex.h"
#include "transport/kex_state.h"

enum {
    REKEY_PACKETS = 1 << 30, /* RFC 4344 section 3.1 requires new keys before 2^31 */
    REKEY_MS = 3600 * 1000,  /* RFC 4253 section 9 */
};

/* When the keys in use are too old. */
static uint64_t too_old_at(const struct transport *t)
{
    uint64_t most = t->config->rekey_ms != 0 ? t->config->rekey_ms : REKEY_MS;

    return most < UINT64_MAX - t->keys_ms ? t->keys_ms + most : UINT64_MAX;
}

/* Before a service was agreed on nothing justifies new keys. */
static bool may_rekey(const struct transport *t)
{
    return t->kex == NULL && !transport_ended(t) &&
           (t->phase == PHASE_AUTH || t->phase == PHASE_CONNECTION);
}

/* The keys have protected as much as they may. */
static bool is_due(const struct transport *t, const struct direction *d)
{
    uint64_t most =
        t->config->rekey_bytes != 0 ? t->config->rekey_bytes : UINT64_C(1) << d->cipher->rekey_log2;

    return d->bytes >= most || d->packets >= REKEY_PACKETS;
}

void transport_rekey(struct transport *t)
{
    if (may_rekey(t))
        (void)kex_begin(t);
}

void rekey_if_due(struct transport *t)
{
    if (may_rekey(t) &&
        (is_due(t, &t->sending) || is_due(t, &t->receiving) || t->now_ms >= too_old_at(t)))
        (void)kex_begin(t);
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
