#include "transport/kex.h"

#include "transport/extension.h"
#include "transport/generic.h"
#include "transport/kex_ecdh.h"
#include "transport/kex_gex.h"
#include "transport/kex_quota.h"
#include "transport/kex_sign.h"
#include "transport/kexinit.h"
#include "transport/hostkey.h"
#include "transport/keys.h"
#include "transport/send.h"

enum {
    KEXINIT_ROOM = TRANSPORT_KEXINIT_MAX - PACKET_OVERHEAD, /* bytes of our KEXINIT at most */
};

static const struct kex_messages *const courses[KEX_COURSES] = {
    [KEX_ONE_SHARE_EACH] = &kex_one_share_each,
    [KEX_GROUP_EXCHANGE] = &kex_group_exchange,
};

int kex_begin(struct transport *t)
{
    struct writer w;

    if (t->kex != NULL)
        return 0;
    if (!kex_state_new(t))
        return transport_no_memory(t);
    w = transport_begin(t, SSH_MSG_KEXINIT, KEXINIT_ROOM);
    write_kexinit(t, &w);
    if (!w.bad && !kex_state_keep(t, t->config->role, written_bytes(&w)))
        return transport_no_memory(t);
    transport_send(t, &w);
    t->queueing = true;
    return 0;
}

/* RFC 4253 section 7.3: byte SSH_MSG_NEWKEYS, still under the old keys. */
static int send_newkeys(struct transport *t)
{
    struct direction old = t->sending, next;
    struct writer w;
    bool good;

    direction_init(&t->sending);
    good = keys_take(t, true);
    next = t->sending;
    t->sending = old; /* also for the DISCONNECT, should there be one */
    if (!good)
        return transport_no_memory(t);
    w = transport_begin(t, SSH_MSG_NEWKEYS, 1);
    transport_send(t, &w);
    next.seq = t->negotiated.strict ? 0 : t->sending.seq;
    direction_clear(&t->sending, t->pool);
    t->sending = next;
    t->queueing = false;
    transport_enter_phase(t, t->kex->first ? PHASE_NEWKEYS : PHASE_REKEY_NEWKEYS);
    if (t->kex->first && t->peer.wants_ext_info)
        send_ext_info(t);
    send_queued(t);
    return 0;
}

static void on_signed(void *self, struct bytes signature);

/* Do what a step leads to. */
static int proceed(struct transport *t, enum kex_progress progress)
{
    switch (progress) {
    case KEX_MORE:
        return 0;
    case KEX_SIGNING:
        return kex_ask(t, on_signed) == KEX_MORE ? 0 : (int)t->end.code;
    case KEX_DONE:
        return send_newkeys(t);
    case KEX_FAILED:
        break;
    }
    return (int)t->end.code;
}

/* The signature of a host key that is elsewhere has come. */
static void on_signed(void *self, struct bytes signature)
{
    struct transport *t = self;

    (void)proceed(t, kex_signed(t, signature));
}

/* The method is known: wait for its messages, and send the first if that is for us to do. */
static int begin_method(struct transport *t)
{
    t->kex->messages = courses[kex_method_of(t)->course];
    t->resume = t->kex->first ? PHASE_FIRST : t->phase;
    transport_enter_phase(t, t->kex->first ? PHASE_KEX : PHASE_REKEY);
    return t->config->role == NACRE_SERVER ? 0 : proceed(t, t->kex->messages->start(t));
}

/* The peer begins a rekey; the first exchange we begin ourselves. What follows KEXINIT waits for
 * another turn, so that the owner can serve first exchanges before it. */
static int admit(struct transport *t)
{
    int failure = kex_quota_admit(t);

    if (failure == 0)
        failure = kex_begin(t);
    if (failure == 0 && !transport_ended(t))
        t->kex->counted = t->phase == PHASE_CONNECTION;
    transport_end_turn(t);
    return failure;
}

/* The algorithms are known: charge the exchange before anything is computed. */
static void charge(struct transport *t)
{
    const struct kex_choice *n = &t->kex->chosen;
    uint32_t tokens = 1 + kex_method_of(t)->tokens;

    if (n->key != NULL)
        tokens += kex_quota_for_signing(private_key_blob(n->key).len);
    kex_quota_charge(t, tokens);
}

/* RFC 4253 section 7.1:
 *     byte         SSH_MSG_KEXINIT
 *     byte[16]     cookie (random bytes)
 *     name-list    kex_algorithms
 *     name-list    server_host_key_algorithms
 *     name-list    encryption_algorithms_client_to_server
 *     name-list    encryption_algorithms_server_to_client
 *     name-list    mac_algorithms_client_to_server
 *     name-list    mac_algorithms_server_to_client
 *     name-list    compression_algorithms_client_to_server
 *     name-list    compression_algorithms_server_to_client
 *     name-list    languages_client_to_server
 *     name-list    languages_server_to_client
 *     boolean      first_kex_packet_follows
 *     uint32       0 (reserved for future extension)
 * It is stored unchanged for the exchange hash, and read from there: kexinit.c. */
int on_kexinit(struct transport *t, struct reader *r)
{
    struct bytes fields = read_rest(r);
    struct bytes message = {fields.at - 1, fields.len + 1}; /* with its number */
    int failure = t->kex == NULL ? admit(t) : 0;

    if (failure != 0 || transport_ended(t))
        return failure;
    if (!kex_state_keep(t, transport_peer_role(t), message))
        return transport_no_memory(t);
    failure = kexinit_negotiate(t);
    if (failure != 0)
        return failure;
    if (t->kex->first && t->negotiated.strict && t->receiving.seq != 1)
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "KEXINIT was not the first packet, as strict key exchange requires");
    charge(t);
    return begin_method(t);
}

int kex_receive(struct transport *t, uint8_t number, struct reader *r)
{
    const struct kex_step *step = &t->kex->messages->steps[t->config->role][t->kex->step];

    if (t->kex->drop_guess) {
        t->kex->drop_guess = false;
        return 0;
    }
    if (number != step->expects)
        return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
                              "key exchange message out of order");
    t->kex->step++;
    transport_end_turn(t);
    return proceed(t, step->receive(t, r));
}

void kex_host_key_answered(struct transport *t, bool accepted)
{
    enum host_key_answer before = t->kex != NULL ? t->kex->host_key_answer : HOST_KEY_NOT_ASKED;

    if (before != HOST_KEY_ASKING && before != HOST_KEY_WAITING)
        return;
    t->kex->host_key_answer = accepted ? HOST_KEY_ACCEPTED : HOST_KEY_REJECTED;
    if (before == HOST_KEY_ASKING || transport_ended(t))
        return;
    transport_resume(t);
    (void)proceed(t, kex_host_key_judged(t));
}

/* RFC 4253 section 7.3:
 *     byte      SSH_MSG_NEWKEYS
 * What follows is under the new keys. */
int on_newkeys(struct transport *t, struct reader *r)
{
    bool first = t->kex->first;

    if (!read_done(r))
        return transport_malformed(t, "NEWKEYS is malformed");
    if (!keys_take(t, false))
        return transport_no_memory(t);
    if (t->negotiated.strict)
        t->receiving.seq = 0;
    transport_enter_phase(t, t->resume);
    t->keys_ms = t->now_ms;
    kex_state_free(t);
    if (first && t->config->role == NACRE_CLIENT)
        send_service_request(t);
    return 0;
}
