#include "transport/transport.h"

#include "transport/greeting.h"
#include "transport/kex.h"
#include "transport/kex_state.h"
#include "transport/observe.h"
#include "transport/receive.h"
#include "transport/rekey.h"
#include "transport/send.h"
#include "transport/version.h"

#include <string.h>

enum {
    INPUT_LITTLE = 1024,    /* bytes of space to receive into while little is received */
    INPUT_BULK = 96 * 1024, /* ... and during a bulk transfer */
    INPUT_FULL = BLOCK_LARGE - INPUT_LITTLE, /* bytes of input with which nothing more fits */
};

/* RFC 4253 section 4.2: our identification string, CR LF. */
static bool send_version(struct transport *t)
{
    size_t len = strlen(version_ours);
    uint8_t *at = buffer_make_room(&t->out, t->pool, len + 2);

    if (at == NULL)
        return false;
    memcpy(at, version_ours, len);
    memcpy(at + len, "\r\n", 2);
    buffer_added(&t->out, len + 2);
    if (observe_wants_packets(t))
        observe_sent(t, buffer_contents(&t->out));
    return true;
}

bool transport_init(struct transport *t, const struct transport_config *config, struct pool *pool,
                    void *context, uint64_t now_ms)
{
    t->config = config;
    t->pool = pool;
    t->context = context;
    t->now_ms = t->peer.heard_ms = t->keys_ms = now_ms;
    t->in.private = true;
    direction_init(&t->receiving);
    direction_init(&t->sending);
    if (observe_begin(t) && send_version(t))
        return true;
    observe_end(t);
    return false;
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

void transport_set_service(struct transport *t, int which, void *self)
{
    t->service_self[which] = self;
}

static void release_version(struct transport *t)
{
    struct bytes version;
    size_t size;

    if (t->peer.version == NULL)
        return;
    version = bytes_of(t->peer.version);
    size = version.len + 1;
    pool_release(t->pool, t->peer.version, version_is_ascii(version) ? size : 2 * size);
}

void transport_clear(struct transport *t)
{
    kex_state_free(t);
    direction_clear(&t->receiving, t->pool);
    direction_clear(&t->sending, t->pool);
    buffer_clear(&t->in, t->pool);
    buffer_clear(&t->out, t->pool);
    send_clear_queued(t);
    observe_end(t);
    pool_release(t->pool, t->host_key.blob, t->host_key_len);
    release_version(t);
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

void transport_host_key_answered(struct transport *t, bool accepted)
{
    kex_host_key_answered(t, accepted);
}

void transport_begin_first_exchange(struct transport *t)
{
    (void)kex_begin(t);
    rekey_if_due(t);
}

void transport_begin_rekey_if_due(struct transport *t)
{
    rekey_if_due(t);
}

bool transport_is_long_running(const struct transport *t)
{
    return t->pace.bulk || t->kex != NULL;
}

bool transport_is_rekeying(const struct transport *t)
{
    return t->kex != NULL && !t->kex->first;
}

/* Space for the rest of a packet that does not fit into a large block. */
static uint8_t *make_huge_room(struct transport *t, size_t rest)
{
    uint8_t *at = buffer_make_huge_room(&t->in, t->pool, rest);

    if (at == NULL)
        (void)transport_no_memory(t);
    return at;
}

static uint8_t *make_input_room(struct transport *t)
{
    size_t want = t->pace.bulk ? INPUT_BULK : INPUT_LITTLE;
    size_t len = buffer_len(&t->in), packet = packet_size(&t->receiving);
    uint8_t *at;

    if (packet > INPUT_FULL && packet > len)
        return make_huge_room(t, packet - len);
    at = buffer_make_room(&t->in, t->pool, want);
    if (at == NULL && t->pace.bulk) /* the rest must be processed first; a little may still fit */
        at = buffer_make_room(&t->in, t->pool, INPUT_LITTLE);
    if (at == NULL && len < INPUT_FULL)
        (void)transport_no_memory(t);
    return at;
}

uint8_t *transport_input(struct transport *t, size_t *room)
{
    uint8_t *at;

    *room = 0;
    if (t->pace.dispatching) /* its message must not move */
        return NULL;
    at = make_input_room(t);
    *room = at == NULL ? 0 : buffer_room(&t->in);
    if (*room > INPUT_BULK)
        *room = INPUT_BULK;
    return at;
}

void transport_received(struct transport *t, size_t len)
{
    if (len == 0) {
        t->pace.bulk = false;
        return;
    }
    t->pace.bulk = len == buffer_room(&t->in) || (t->pace.bulk && len >= INPUT_LITTLE);
    t->bytes_in += len;
    t->peer.heard_ms = t->now_ms;
    buffer_added(&t->in, len);
}

size_t transport_input_waiting(const struct transport *t)
{
    return buffer_len(&t->in);
}

size_t transport_input_huge_block(const struct transport *t)
{
    return t->in.cap > BLOCK_LARGE || packet_size(&t->receiving) > INPUT_FULL ? BLOCK_HUGE : 0;
}

bool transport_process(struct transport *t, bool blocked)
{
    return receive_all(t, blocked);
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
    send_queued(t);
}

void transport_lost(struct transport *t)
{
    bool greeting = t->phase == PHASE_VERSION && t->config->role == NACRE_CLIENT;

    (void)transport_end(t, NACRE_CONNECTION_LOST, 0,
                        greeting && !transport_ended(t) ? greeting_lost(t) : "connection lost");
    buffer_clear(&t->out, t->pool);
}

void transport_clock(struct transport *t, uint64_t now_ms)
{
    t->now_ms = now_ms;
}

void transport_tick(struct transport *t, uint64_t now_ms)
{
    t->now_ms = now_ms;
    t->pace.turn_over = false;
    rekey_tick(t);
}

uint64_t transport_deadline(const struct transport *t)
{
    uint64_t rest = t->pace.wait_until_ms != 0 ? t->pace.wait_until_ms : UINT64_MAX;
    uint64_t keys = rekey_deadline(t);

    if (receive_waits_for_tick(t))
        return t->now_ms;
    return rest < keys ? rest : keys;
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
    const char *version = t->peer.version;

    if (version == NULL)
        return "";
    return version_is_ascii(bytes_of(version)) ? version : version + strlen(version) + 1;
}

const struct nacre_negotiated *transport_negotiated(const struct transport *t)
{
    return &t->negotiated;
}

uint64_t transport_bytes_out(const struct transport *t)
{
    return t->bytes_out;
}
