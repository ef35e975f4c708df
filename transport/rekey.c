/* When new keys are due, and what else comes with time. RFC 4253 section 9, RFC 4344 section 3. */
#include "transport/parts.h"

#include "transport/kex.h"

enum {
    REKEY_PACKETS = 1 << 30, /* RFC 4344 section 3.1 asks before 2^31 */
    REKEY_MS = 3600 * 1000,  /* RFC 4253 section 9 */
};

/* When the keys in use are too old. */
static uint64_t rekey_at(const struct transport *t)
{
    uint64_t most = t->config->rekey_ms != 0 ? t->config->rekey_ms : REKEY_MS;

    return most < UINT64_MAX - t->keys_ms ? t->keys_ms + most : UINT64_MAX;
}

/* Before the service is agreed on there is nothing worth new keys. */
static bool may_rekey(const struct transport *t)
{
    return t->kex == NULL && !transport_ended(t) &&
           (t->phase == PHASE_AUTH || t->phase == PHASE_CONNECTION);
}

static bool worn(const struct transport *t, const struct direction *d)
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

void transport_rekey_if_due(struct transport *t)
{
    if (may_rekey(t) &&
        (worn(t, &t->sending) || worn(t, &t->receiving) || t->now_ms >= rekey_at(t)))
        (void)kex_begin(t);
}

void transport_clock(struct transport *t, uint64_t now_ms)
{
    t->now_ms = now_ms;
    t->timely = true;
    if (t->kex != NULL && t->kex->untimely) {
        t->kex->started_ms = now_ms;
        t->kex->untimely = false;
    }
}

void transport_tick(struct transport *t, uint64_t now_ms)
{
    transport_clock(t, now_ms);
    t->pace.turn_over = false;
    if (t->kex != NULL && now_ms >= t->kex->started_ms + TRANSPORT_KEX_MS)
        (void)transport_end(t, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION,
                            "the key exchange took too long");
    transport_rekey_if_due(t);
}

uint64_t transport_deadline(const struct transport *t)
{
    uint64_t rest = t->pace.rest_until_ms != 0 ? t->pace.rest_until_ms : UINT64_MAX;
    uint64_t keys = UINT64_MAX;

    if (transport_waits_for_turn(t))
        return t->now_ms;
    if (t->kex != NULL && !transport_ended(t))
        keys = t->kex->started_ms + TRANSPORT_KEX_MS;
    else if (may_rekey(t))
        keys = rekey_at(t);
    return rest < keys ? rest : keys;
}
