/* The engine: bytes in, dispatch, bytes out. RFC 4253 sections 4, 9, 10 and 11. */
#include "transport/parts.h"

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

    t->config = config;
    t->pool = pool;
    t->context = context;
    t->now_ms = t->peer.heard_ms = t->keys_ms = now_ms;
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

struct transport *transport_new(const struct transport_config *config, struct pool *pool,
                                void *context, uint64_t now_ms)
{
    struct transport *t = pool_allocate(pool, sizeof *t);

    if (t != NULL && !transport_init(t, config, pool, context, now_ms)) {
        pool_release(pool, t, sizeof *t);
        return NULL;
    }
    return t;
}

void transport_set_service(struct transport *t, int which, const struct service *service,
                           void *self)
{
    t->services[which].service = service;
    t->services[which].self = self;
}

void transport_clear(struct transport *t)
{
    kex_end(t);
    direction_clear(&t->receiving, t->pool);
    direction_clear(&t->sending, t->pool);
    buffer_clear(&t->in, t->pool);
    buffer_clear(&t->out, t->pool);
    transport_clear_held(t);
    pool_release(t->pool, t->host_key.blob, t->host_key.blob_len);
    pool_release(t->pool, t->peer.version, t->peer.version_len + 1U);
    pool_release(t->pool, t->peer.text, PEER_TEXT_MAX);
    wipe(t, sizeof *t);
}

void transport_free(struct transport *t)
{
    struct pool *pool;

    if (t == NULL)
        return;
    pool = t->pool;
    transport_clear(t);
    pool_release(pool, t, sizeof *t);
}

void transport_set_host_key_names(struct transport *t, const char *names)
{
    t->host_key.names = names;
}

void transport_begin_first_exchange(struct transport *t)
{
    (void)kex_begin(t);
}

bool transport_is_entered(const struct transport *t)
{
    return t->depth > 0;
}

void transport_leave_without_wake(struct transport *t)
{
    if (--t->depth == 0)
        t->wake_due = t->timely = false;
}

bool transport_is_long_running(const struct transport *t)
{
    return t->pace.bulk || t->kex != NULL;
}

uint8_t *transport_input(struct transport *t, size_t *room)
{
    size_t want = t->pace.bulk ? INPUT_BULK : INPUT_LITTLE;
    uint8_t *at = buffer_make_room(&t->in, t->pool, want);

    if (at == NULL &&
        t->pace.bulk) /* what is there must be worked off first; a little may still fit */
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
    t->pace.bulk = len == buffer_room(&t->in) || (t->pace.bulk && len >= INPUT_LITTLE);
    t->bytes_in += len;
    if (len > 0)
        t->peer.heard_ms = t->now_ms;
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
    return t->services[which].service->receive(t->services[which].self, number, r);
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
        transport_enter_phase(t, PHASE_SERVICE);
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
        if (++t->peer.lines_before > VERSION_LINES_BEFORE_MAX)
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
        t->peer.version = pool_allocate(t->pool, line.len + 1);
        if (t->peer.version == NULL) {
            (void)transport_no_memory(t);
            break;
        }
        memcpy(t->peer.version, line.at, line.len);
        t->peer.version_len = (uint8_t)line.len;
        transport_enter_phase(t, PHASE_KEXINIT);
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
    return t->pace.turn_over && phase_is_costly(t->phase) && !t->pace.paused &&
           buffer_len(&t->in) > 0;
}

/* Is there a message to take, as far as time goes? */
static bool may_take(const struct transport *t)
{
    return !transport_ended(t) && !t->pace.paused && t->pace.rest_until_ms == 0 &&
           !transport_waits_for_turn(t) && buffer_len(&t->in) > 0;
}

/* Room for what the handling of one more message may add. */
static bool may_continue(const struct transport *t, bool blocked)
{
    size_t used = buffer_len(&t->out);
    bool exchange = t->kex != NULL && !t->kex->sent_newkeys;

    if (!blocked && used >= (t->pace.shared ? SHARED_LOAD : FULL_LOAD))
        return false;
    if (!exchange && buffer_len(&t->held) > BLOCK_LARGE - TRANSPORT_REPLY_MAX)
        return false;
    return used + TRANSPORT_REPLY_MAX + TRANSPORT_KEXINIT_MAX + PACKET_OVERHEAD <= BLOCK_LARGE;
}

bool transport_process(struct transport *t, bool blocked)
{
    if (t->pace.dispatching)
        return false;
    t->pace.dispatching = true;
    if (t->now_ms >= t->pace.rest_until_ms)
        t->pace.rest_until_ms = 0;
    t->pace.partial = false;
    while (may_take(t) && may_continue(t, blocked) && !t->pace.partial)
        t->pace.partial = !(t->phase == PHASE_VERSION ? take_version(t) : take_packet(t));
    t->pace.dispatching = false;
    if (buffer_len(&t->in) == 0)
        t->pace.turn_over = false; /* there is nothing that could wait */
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

void transport_release_idle(struct transport *t)
{
    buffer_release_idle(&t->in, t->pool);
    buffer_release_idle(&t->out, t->pool);
}

bool transport_in_packet(const struct transport *t, uint32_t *seq)
{
    *seq = t->receiving.seq;
    return t->pace.partial;
}

const struct nacre_end *transport_how_ended(const struct transport *t)
{
    return &t->end;
}

const char *transport_phase_name(const struct transport *t)
{
    return phase_name(t->phase);
}

const char *transport_peer_version(const struct transport *t)
{
    return t->peer.version == NULL ? "" : (const char *)t->peer.version;
}

const struct nacre_negotiated *transport_negotiated(const struct transport *t)
{
    return &t->negotiated;
}

uint64_t transport_bytes_out(const struct transport *t)
{
    return t->bytes_out;
}
