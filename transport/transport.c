/* The engine: bytes in, dispatch, bytes out. RFC 4253 sections 4, 9, 10 and 11. */
#include "transport/transport.h"

#include "transport/kex.h"
#include "transport/version.h"

#include <string.h>

enum {
    INPUT_LITTLE = 1024,     /* bytes of room we ask for while little comes in */
    INPUT_BULK = 96 * 1024,  /* ... and while much does */
    FULL_LOAD = 96 * 1024,   /* bytes of output that are worth a send before more is read, */
    SHARED_LOAD = 32 * 1024, /* ... when several channels take turns with it */
};

bool transport_init(struct transport *t, const struct transport_config *config, struct pool *pool,
                    void *context, uint64_t now_ms)
{
    size_t len = strlen(version_ours);
    uint8_t *at;

    memset(t, 0, sizeof *t);
    t->config = config;
    t->pool = pool;
    t->context = context;
    t->now_ms = t->heard_ms = t->keys_ms = now_ms;
    t->timely = true;
    direction_init(&t->receiving);
    direction_init(&t->sending);
    at = buffer_make_room(&t->out, pool, len + 2);
    if (at == NULL)
        return false;
    memcpy(at, version_ours, len);
    memcpy(at + len, "\r\n", 2);
    buffer_added(&t->out, len + 2);
    return true;
}

void transport_set_service(struct transport *t, int which, const struct service *service,
                           void *self)
{
    t->service[which] = service;
    t->service_self[which] = self;
}

void transport_clear(struct transport *t)
{
    kex_end(t);
    direction_clear(&t->receiving, t->pool);
    direction_clear(&t->sending, t->pool);
    buffer_clear(&t->in, t->pool);
    buffer_clear(&t->out, t->pool);
    transport_clear_held(t);
    pool_release(t->pool, t->host_key, t->host_key_len);
    pool_release(t->pool, t->peer_version, t->peer_version_len + 1U);
    pool_release(t->pool, t->peer_text, PEER_TEXT_MAX);
    wipe(t, sizeof *t);
}

void transport_pause(struct transport *t)
{
    t->paused = true;
}

void transport_resume(struct transport *t)
{
    t->paused = false;
    transport_wake(t);
}

void transport_end_turn(struct transport *t)
{
    t->turn_over = true;
}

bool transport_is_heavy(const struct transport *t)
{
    return t->bulk || t->kex != NULL;
}

void transport_wake(struct transport *t)
{
    if (!t->entered && t->config->wake != NULL)
        t->config->wake(t->context);
}

uint8_t *transport_input(struct transport *t, size_t *room)
{
    size_t want = t->bulk ? INPUT_BULK : INPUT_LITTLE;
    uint8_t *at = buffer_make_room(&t->in, t->pool, want);

    if (at == NULL && t->bulk) /* what is there must be worked off first; a little may still fit */
        at = buffer_make_room(&t->in, t->pool, INPUT_LITTLE);
    *room = at == NULL ? 0 : buffer_room(&t->in);
    if (*room > INPUT_BULK)
        *room = INPUT_BULK;
    if (at == NULL && buffer_len(&t->in) < BLOCK_LARGE - INPUT_LITTLE)
        (void)transport_no_memory(t);
    return at;
}

void transport_received(struct transport *t, size_t len)
{
    t->bulk = len == buffer_room(&t->in) || (t->bulk && len >= INPUT_LITTLE);
    t->bytes_in += len;
    if (len > 0) {
        t->heard = true;
        t->heard_ms = t->now_ms;
    }
    buffer_added(&t->in, len);
}

static void observe_received(const struct transport *t, struct bytes payload)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->message != NULL)
        o->message(t->context, NACRE_RECEIVED, t->receiving.seq - 1, phase_name(t->phase),
                   payload.at, payload.len);
}

static int malformed(struct transport *t, const char *text)
{
    return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

static int to_service(struct transport *t, int which, uint8_t number, struct reader *r)
{
    return t->service[which]->receive(t->service_self[which], number, r);
}

/* RFC 4250 section 4.1.1: the ranges of message numbers. */
static int route(struct transport *t, struct bytes payload)
{
    uint8_t number = payload.at[0];
    struct reader r = read_from((struct bytes){payload.at + 1, payload.len - 1});

    if (number < SSH_MSG_KEXINIT)
        return on_generic(t, number, &r);
    if (number == SSH_MSG_KEXINIT)
        return on_kexinit(t, payload, &r);
    if (number == SSH_MSG_NEWKEYS)
        return on_newkeys(t, &r);
    if (number < SSH_MSG_USERAUTH_REQUEST)
        return on_kex_message(t, number, &r);
    if (number < SSH_MSG_GLOBAL_REQUEST)
        return to_service(t, SERVICE_AUTH, number, &r);
    if (number == SSH_MSG_PING)
        return on_ping(t, &r);
    if (number == SSH_MSG_PONG)
        return 0;
    return to_service(t, SERVICE_CONNECTION, number, &r);
}

static void dispatch(struct transport *t, struct bytes payload)
{
    enum phase before = t->phase;
    enum nacre_role peer = t->config->role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;

    observe_received(t, payload);
    if (before == PHASE_FIRST)
        transport_enter(t, PHASE_SERVICE);
    switch (phase_judge(before, peer, t->strict, payload.at[0])) {
    case VERDICT_LEGAL:
        (void)route(t, payload);
        break;
    case VERDICT_IGNORE:
        break;
    case VERDICT_UNIMPLEMENTED:
        (void)send_unimplemented(t);
        break;
    case VERDICT_ILLEGAL:
        (void)malformed(t, "message is not allowed at this point");
        break;
    }
}

static bool take_version(struct transport *t)
{
    struct bytes line;
    size_t size = 0;

    switch (version_read(buffer_contents(&t->in), t->config->role, &line, &size)) {
    case VERSION_PARTIAL:
        return false;
    case VERSION_SKIP:
        if (++t->lines_before > VERSION_LINES_BEFORE_MAX)
            (void)malformed(t, "too many lines before the identification");
        break;
    case VERSION_MALFORMED:
        (void)malformed(t, "this is not an SSH identification line");
        break;
    case VERSION_UNSUPPORTED:
        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED,
                             "only SSH protocol 2.0 is spoken here");
        break;
    case VERSION_READY:
        t->peer_version = pool_allocate(t->pool, line.len + 1);
        if (t->peer_version == NULL) {
            (void)transport_no_memory(t);
            break;
        }
        memcpy(t->peer_version, line.at, line.len);
        t->peer_version_len = (uint8_t)line.len;
        transport_enter(t, PHASE_KEXINIT);
        (void)kex_begin(t);
        break;
    }
    buffer_consumed(&t->in, size);
    return true;
}

static int packet_failure(struct transport *t, enum packet_status status)
{
    if (status == PACKET_BAD_MAC)
        return transport_fail(t, SSH_DISCONNECT_MAC_ERROR, "a packet was corrupted on its way");
    return malformed(t, status == PACKET_BAD_LENGTH ? "packet length is not acceptable"
                                                    : "packet padding is not acceptable");
}

/* False when a whole message is not there yet. */
static bool take_packet(struct transport *t)
{
    struct bytes payload = {NULL, 0};
    size_t size = 0;
    enum packet_status status = packet_open(&t->receiving, &t->in, &payload, &size);
    bool secret;

    if (status == PACKET_PARTIAL)
        return false;
    if (status != PACKET_READY) {
        (void)packet_failure(t, status);
        return true;
    }
    secret = payload.at[0] >= SSH_MSG_USERAUTH_REQUEST && payload.at[0] < SSH_MSG_GLOBAL_REQUEST;
    dispatch(t, payload);
    if (secret) /* it may have held a password */
        wipe(t->in.block + t->in.head, size);
    buffer_consumed(&t->in, size);
    transport_rekey_if_due(t);
    return true;
}

/* The next message may be expensive, as one before it in this turn was. */
bool transport_waits_for_turn(const struct transport *t)
{
    return t->turn_over && phase_is_costly(t->phase) && !t->paused && buffer_len(&t->in) > 0;
}

/* Is there a message to take, as far as time goes? */
static bool may_take(const struct transport *t)
{
    return !transport_ended(t) && !t->paused && t->rest_until_ms == 0 &&
           !transport_waits_for_turn(t) && buffer_len(&t->in) > 0;
}

/* Room for what the handling of one more message may add. */
static bool may_continue(const struct transport *t, bool blocked)
{
    size_t used = buffer_len(&t->out);
    bool exchange = t->kex != NULL && !t->kex->sent_newkeys;

    if (!blocked && used >= (t->shared ? SHARED_LOAD : FULL_LOAD))
        return false;
    if (!exchange && buffer_len(&t->held) > BLOCK_LARGE - TRANSPORT_REPLY_MAX)
        return false;
    return used + TRANSPORT_REPLY_MAX + TRANSPORT_KEXINIT_MAX + PACKET_OVERHEAD <= BLOCK_LARGE;
}

bool transport_process(struct transport *t, bool blocked)
{
    if (t->dispatching)
        return false;
    t->dispatching = true;
    if (t->now_ms >= t->rest_until_ms)
        t->rest_until_ms = 0;
    t->partial = false;
    while (may_take(t) && may_continue(t, blocked) && !t->partial)
        t->partial = !(t->phase == PHASE_VERSION ? take_version(t) : take_packet(t));
    t->dispatching = false;
    if (buffer_len(&t->in) == 0)
        t->turn_over = false; /* there is nothing that could wait */
    return may_take(t) && !may_continue(t, blocked);
}

struct bytes transport_output(const struct transport *t)
{
    return buffer_contents(&t->out);
}

uint64_t transport_output_begin(const struct transport *t)
{
    return t->bytes_out;
}

uint64_t transport_output_end(const struct transport *t)
{
    return t->bytes_out + buffer_len(&t->out);
}

void transport_sent(struct transport *t, size_t len)
{
    t->bytes_out += len;
    buffer_consumed(&t->out, len);
    transport_release_held(t);
}

void transport_lost(struct transport *t)
{
    (void)transport_end(t, NACRE_CONNECTION_LOST, 0, "the connection was lost");
    buffer_clear(&t->out, t->pool);
}

void transport_limit(const struct transport *t, enum nacre_limit limit)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->limited != NULL)
        o->limited(t->context, limit);
}

static uint64_t spend(struct transport *t, enum nacre_limit rate)
{
    int i = (int)rate - NACRE_LIMIT_OPENS;
    uint64_t until = rate_take(&t->spent[i], t->config->limits.rates[i], t->now_ms);

    if (until != 0)
        transport_limit(t, rate);
    return until;
}

void transport_charge(struct transport *t, enum nacre_limit rate)
{
    uint64_t until = spend(t, rate);

    if (until > t->rest_until_ms)
        t->rest_until_ms = until;
}

bool transport_affords(struct transport *t, enum nacre_limit rate)
{
    uint64_t *spent = &t->spent[rate - NACRE_LIMIT_OPENS], before = *spent;

    if (spend(t, rate) == 0)
        return true;
    *spent = before;
    return false;
}

void transport_rest(struct transport *t)
{
    buffer_rest(&t->in, t->pool);
    buffer_rest(&t->out, t->pool);
}

void transport_set_phase(struct transport *t, enum phase phase)
{
    if (t->phase == PHASE_REKEY || t->phase == PHASE_REKEY_NEWKEYS)
        t->resume = phase;
    else
        transport_enter(t, phase);
}

void transport_enter(struct transport *t, enum phase phase)
{
    const struct nacre_observer *o = t->config->observer;

    if (phase == t->phase)
        return;
    t->phase = phase;
    if (o != NULL && o->phase != NULL)
        o->phase(t->context, phase_name(phase));
}

struct bytes transport_session_id(const struct transport *t)
{
    return (struct bytes){t->session_id, t->session_id_len};
}

bool transport_is_protected(const struct transport *t)
{
    return t->sending.cipher != &cipher_none && t->receiving.cipher != &cipher_none;
}
