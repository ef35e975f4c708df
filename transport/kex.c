/* The course of a key exchange. RFC 4253 section 7; what a method does is in kex_*.c. */
#include "transport/kex.h"

#include "transport/parts.h"

#include <string.h>

enum {
    KEXINIT_ROOM = TRANSPORT_KEXINIT_MAX - PACKET_OVERHEAD, /* bytes of our KEXINIT at most */
    FAIR_EXCHANGE = 16 * 1024, /* bytes under the keys in use that are worth new ones */
};

/* In a block: there is nothing secret in it, and memory that may hold secrets can be scarce. */
static bool keep(struct transport *t, enum nacre_role role, struct bytes message)
{
    struct kept *k = &t->kex->kexinit[role];
    size_t size;

    k->at = pool_take_block(t->pool, message.len, &size);
    if (k->at == NULL)
        return false;
    k->len = message.len;
    memcpy(k->at, message.at, message.len);
    return true;
}

static const struct kex_messages *const courses[KEX_COURSES] = {
    [KEX_ONE_SHARE_EACH] = &kex_one_share_each,
    [KEX_GROUP_EXCHANGE] = &kex_group_exchange,
};

static const struct kex_messages *messages_of(const struct transport *t)
{
    return courses[kex_method_of(t)->course];
}

const struct kex_method *kex_method_of(const struct transport *t)
{
    return t->kex->chosen.kex->method;
}

void *kex_allocate(struct transport *t, size_t len)
{
    t->kex->state = pool_allocate(t->pool, len);
    t->kex->state_len = t->kex->state == NULL ? 0 : len;
    return t->kex->state;
}

int kex_begin(struct transport *t)
{
    struct writer w;

    if (t->kex != NULL)
        return 0;
    t->kex = pool_allocate(t->pool, sizeof *t->kex);
    if (t->kex == NULL)
        return transport_no_memory(t);
    t->kex->first = t->session_id_len == 0;
    t->kex->started_ms = t->now_ms;
    t->kex->untimely = !t->timely;

    w = transport_begin(t, SSH_MSG_KEXINIT, KEXINIT_ROOM);
    write_kexinit(t, &w);
    if (!w.bad && !keep(t, t->config->role, written_bytes(&w)))
        return transport_no_memory(t);
    transport_send(t, &w);
    return 0;
}

void kex_end(struct transport *t)
{
    struct kex *k = t->kex;

    if (k == NULL)
        return;
    for (int role = 0; role < 2; role++)
        if (k->kexinit[role].at != NULL)
            pool_give_block(t->pool, k->kexinit[role].at, k->kexinit[role].len);
    if (k->state != NULL)
        messages_of(t)->clear(kex_method_of(t), k->state);
    pool_release(t->pool, k->state, k->state_len);
    pool_release(t->pool, k, sizeof *k);
    t->kex = NULL;
}

/* The method is known: wait for its messages, and start it if that is ours to do. */
static int begin_method(struct transport *t)
{
    t->resume = t->kex->first ? PHASE_FIRST : t->phase;
    transport_enter_phase(t, t->kex->first ? PHASE_KEX : PHASE_REKEY);
    return t->config->role == NACRE_SERVER ? 0 : messages_of(t)->start(t);
}

/* The peer wants new keys, and so soon: then it waits before we compute anything. The first
 * exchange we begin ourselves. */
static void charge(struct transport *t)
{
    uint64_t bytes = t->receiving.bytes + t->sending.bytes;

    if (t->phase != PHASE_CONNECTION || bytes < FAIR_EXCHANGE)
        transport_charge(t, NACRE_LIMIT_REKEYS);
}

int on_kexinit(struct transport *t, struct bytes message, struct reader *r)
{
    enum nacre_role peer = t->config->role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
    int failure;

    if (t->kex == NULL)
        charge(t);
    failure = kex_begin(t);
    (void)read_rest(r); /* parsed from the copy, as ours is */
    if (failure != 0 || transport_ended(t))
        return failure;
    if (!keep(t, peer, message))
        return transport_no_memory(t);
    failure = kexinit_negotiate(t);
    if (failure != 0)
        return failure;
    if (t->kex->first && t->strict && t->receiving.seq != 1)
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "strict key exchange: KEXINIT was not the first packet");
    return begin_method(t);
}

int on_kex_message(struct transport *t, uint8_t number, struct reader *r)
{
    const struct kex_step *step = &messages_of(t)->steps[t->config->role][t->kex->step];

    if (t->kex->drop_guess) {
        t->kex->drop_guess = false;
        return 0;
    }
    if (number != step->expects)
        return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, "key exchange out of order");
    t->kex->step++;
    transport_end_turn(t);
    return step->receive(t, r);
}

/* RFC 4253 section 7.3: byte SSH_MSG_NEWKEYS */
int kex_agreed(struct transport *t)
{
    struct direction old = t->sending, next;
    struct writer w;
    bool good;

    direction_init(&t->sending);
    good = kex_take_keys(t, true);
    next = t->sending;
    t->sending = old; /* NEWKEYS, or the reason why not, still goes out under the old keys */
    if (!good)
        return transport_no_memory(t);
    w = transport_begin(t, SSH_MSG_NEWKEYS, 1);
    transport_send(t, &w);
    next.seq = t->strict ? 0 : t->sending.seq;
    direction_clear(&t->sending, t->pool);
    t->sending = next;
    t->kex->sent_newkeys = true;
    transport_enter_phase(t, t->kex->first ? PHASE_NEWKEYS : PHASE_REKEY_NEWKEYS);
    if (t->kex->first && t->peer.wants_ext_info)
        send_ext_info(t);
    transport_release_held(t);
    return 0;
}

int on_newkeys(struct transport *t, struct reader *r)
{
    bool first = t->kex->first;

    if (!read_done(r))
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "malformed NEWKEYS");
    if (!kex_take_keys(t, false))
        return transport_no_memory(t);
    if (t->strict)
        t->receiving.seq = 0;
    transport_enter_phase(t, t->resume);
    t->keys_ms = t->now_ms;
    kex_end(t);
    if (first && t->config->role == NACRE_CLIENT)
        transport_request_service(t, SERVICE_AUTH);
    return 0;
}
