/* What services may call, besides sending: facts, limits, turns, the bracket of every call. RFC
 * 4253 section 10. */
#include "transport/parts.h"
#include "transport/rate.h"

bool transport_enter(struct transport *t)
{
    return t->depth++ == 0;
}

bool transport_is_entered(const struct transport *t)
{
    return t->depth > 0;
}

void transport_settled(struct transport *t)
{
    if (--t->depth == 0)
        t->wake_due = false;
}

void *transport_owner(const struct transport *t)
{
    return t->owner;
}

void transport_set_owner(struct transport *t, void *owner)
{
    t->owner = owner;
}

bool transport_take_wake(struct transport *t)
{
    bool due = t->wake_due;

    t->wake_due = false;
    return due;
}

void transport_leave(struct transport *t)
{
    if (t->depth == 1 && t->config->settle != NULL)
        t->config->settle(t->owner); /* may free the transport */
    else
        transport_settled(t);
}

void transport_wake(struct transport *t)
{
    t->wake_due = true;
}

void transport_share_output(struct transport *t, bool shared)
{
    t->pace.shared = shared;
}

const char *transport_service_name(const struct transport *t, int which)
{
    return t->config->services[which]->name;
}

void transport_enter_phase(struct transport *t, enum phase phase)
{
    const struct nacre_observer *o = t->config->observer;

    if (phase == t->phase)
        return;
    t->phase = phase;
    if (o != NULL && o->phase != NULL)
        o->phase(t->context, phase_name(phase));
}

void transport_set_phase(struct transport *t, enum phase phase)
{
    if (t->phase == PHASE_REKEY || t->phase == PHASE_REKEY_NEWKEYS)
        t->resume = phase;
    else
        transport_enter_phase(t, phase);
}

void transport_authenticated(struct transport *t)
{
    t->receiving.large = true;
    transport_set_phase(t, PHASE_CONNECTION);
}

void transport_pause(struct transport *t)
{
    t->pace.paused = true;
}

void transport_resume(struct transport *t)
{
    t->pace.paused = false;
    transport_wake(t);
}

void transport_end_turn(struct transport *t)
{
    t->pace.turn_over = true;
}

void transport_limit_reached(const struct transport *t, enum nacre_limit limit)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->limited != NULL)
        o->limited(t->context, limit);
}

static uint64_t count(struct transport *t, enum nacre_limit rate, uint32_t tokens)
{
    int i = (int)rate - NACRE_LIMIT_OPENS;
    uint64_t until =
        rate_take_many(&t->pace.buckets[i], t->config->limits.rates[i], tokens, t->now_ms);

    if (until != 0)
        transport_limit_reached(t, rate);
    return until;
}

void transport_charge(struct transport *t, enum nacre_limit rate, uint32_t tokens)
{
    uint64_t until = count(t, rate, tokens);

    if (until > t->pace.wait_until_ms)
        t->pace.wait_until_ms = until;
}

bool transport_affords(struct transport *t, enum nacre_limit rate)
{
    uint64_t *bucket = &t->pace.buckets[rate - NACRE_LIMIT_OPENS], before = *bucket;

    if (count(t, rate, 1) == 0)
        return true;
    *bucket = before;
    return false;
}

enum nacre_role transport_role(const struct transport *t)
{
    return t->config->role;
}

enum nacre_role transport_peer_role(const struct transport *t)
{
    return t->config->role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
}

const struct nacre_limits *transport_limits(const struct transport *t)
{
    return &t->config->limits;
}

struct pool *transport_pool(const struct transport *t)
{
    return t->pool;
}

uint64_t transport_now_ms(const struct transport *t)
{
    return t->now_ms;
}

uint64_t transport_heard_ms(const struct transport *t)
{
    uint64_t until = t->pace.wait_until_ms;

    return until > t->peer.heard_ms ? until : t->peer.heard_ms;
}

uint64_t transport_bytes_in(const struct transport *t)
{
    return t->bytes_in;
}

struct bytes transport_session_id(const struct transport *t)
{
    return (struct bytes){t->session_id, t->session_id_len};
}

bool transport_is_protected(const struct transport *t)
{
    return t->sending.cipher != &cipher_none && t->receiving.cipher != &cipher_none;
}

bool transport_peer_is_hostbound(const struct transport *t)
{
    return t->peer.hostbound;
}
