/* Rules for the messages on the wire: every message arrives at the other end, in order; no message
 * exceeds its window; nothing illegal follows EOF or CLOSE; every reply belongs to a request;
 * nothing interrupts a key exchange. */
#include "tests/simulate/simulate.h"

#include "connection/parts.h"
#include "transport/message.h"
#include "transport/wire.h"

#include <string.h>

enum {
    FIXED_MEMORY = 2 * 389 * 1024 + (129 + 96) * 1024, /* three I/O blocks, keys, a key exchange */
    CHANNEL_MEMORY = (128 + 16) * 1024, /* of one channel, and a block partly filled */
};

static void mix(uint64_t *digest, uint64_t value)
{
    *digest = (*digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    *digest ^= *digest >> 29;
}

/* ---- messages in flight ---- */

static void fly(struct party *from, uint32_t label)
{
    struct world *w = from->world;

    REQUIRE(w, from->flight_len < FLIGHT_MAX, "%s: too many messages in flight", from->name);
    from->flight[(from->flight_head + from->flight_len++) % FLIGHT_MAX] = label;
}

static void land(struct party *from, uint32_t label)
{
    struct world *w = from->world;

    REQUIRE(w, from->flight_len > 0, "a message arrived that %s did not send", from->name);
    REQUIRE(w, from->flight[from->flight_head] == label, "another message arrived than %s sent",
            from->name);
    from->flight_head = (from->flight_head + 1) % FLIGHT_MAX;
    from->flight_len--;
}

/* ---- channels ---- */

static struct tap *tap_of(struct party *p, uint32_t id)
{
    REQUIRE(p->world, id < CHANNELS_SEEN && p->taps[id].live,
            "%s: message for channel %u, which does not exist", p->name, id);
    return &p->taps[id];
}

/* The channel with this number at the other end. */
static struct tap *tap_by_peer(struct party *p, uint32_t peer_id)
{
    for (int i = 0; i < CHANNELS_SEEN; i++)
        if (p->taps[i].live && p->taps[i].confirmed && p->taps[i].peer_id == peer_id)
            return &p->taps[i];
    simulate_fail(p->world, "%s: sent a message to channel %u, which is not open", p->name,
                  peer_id);
}

static struct tap *tap_new(struct party *p, uint32_t id, struct side *side)
{
    REQUIRE(p->world, id < CHANNELS_SEEN && !p->taps[id].live,
            "%s: channel number %u is used again too early", p->name, id);
    p->taps[id] = (struct tap){.side = side, .live = true};
    return &p->taps[id];
}

static void end_if_closed(struct tap *t)
{
    if (t->sent_close && t->got_close)
        t->live = false;
}

/* Bytes that the peer may send, or has sent and the application has not accepted. */
static uint64_t width(const struct tap *t)
{
    uint64_t kept = t->received[DATA] + t->received[EXTENDED];

    if (t->side != NULL)
        kept -= t->side->taken[DATA] + t->side->taken[EXTENDED];
    if (t->side != NULL && t->side->sent_close)
        kept = 0; /* it is dropped */
    return t->may_receive + kept;
}

uint64_t watch_promised(const struct party *p)
{
    uint64_t all = 0;

    for (int i = 0; i < CHANNELS_SEEN; i++)
        if (p->taps[i].live)
            all += width(&p->taps[i]);
    return all;
}

/* A window is a promise of memory: each is bounded, and so is their sum. */
static void note_widest(const struct party *p, struct tap *t)
{
    uint64_t all = watch_promised(p), most = CHANNELS_SEEN * WINDOW_INITIAL;

    if (most < WINDOW_BUDGET)
        most = WINDOW_BUDGET;
    if (p->limits.window != 0)
        most = p->limits.window;
    REQUIRE(p->world, width(t) <= WINDOW_MAX, "%s: a window of %llu bytes", p->name,
            (unsigned long long)width(t));
    REQUIRE(p->world, all <= most, "%s: windows of %llu bytes", p->name, (unsigned long long)all);
    if (width(t) > t->widest)
        t->widest = width(t);
}

/* RFC 4254 section 5.1, followed by the simulator's uint32 serial. */
static void open_sent(struct party *p, struct reader *r)
{
    struct bytes type = read_string(r);
    uint32_t id = read_u32(r);
    uint32_t window = read_u32(r);
    uint32_t most = read_u32(r);
    uint32_t serial = read_u32(r);
    struct tap *t;

    (void)type;
    REQUIRE(p->world, read_done(r) && serial < LINKS_MAX, "%s: unexpected CHANNEL_OPEN", p->name);
    t = tap_new(p, id, &p->world->links[serial].side[0]);
    t->may_receive = window;
    t->receive_max = most;
    note_widest(p, t);
}

static void open_received(struct party *p, struct reader *r)
{
    (void)p;
    (void)read_rest(r); /* the window is read from the confirmation's side */
}

static void confirmation_sent(struct party *p, struct reader *r)
{
    uint32_t peer_id = read_u32(r);
    uint32_t id = read_u32(r);
    struct tap *theirs = tap_of(p->other, peer_id);
    struct tap *t = tap_new(p, id, theirs->side->other);

    t->peer_id = peer_id;
    t->may_receive = read_u32(r);
    t->receive_max = read_u32(r);
    t->may_send = theirs->may_receive;
    t->send_max = theirs->receive_max;
    t->confirmed = true;
    note_widest(p, t);
}

static void confirmation_received(struct party *p, struct reader *r)
{
    struct tap *t = tap_of(p, read_u32(r));

    t->peer_id = read_u32(r);
    t->may_send = read_u32(r);
    t->send_max = read_u32(r);
    t->confirmed = true;
}

static void refusal_sent(struct party *p, struct reader *r)
{
    (void)p;
    (void)read_rest(r);
}

static void refusal_received(struct party *p, struct reader *r)
{
    tap_of(p, read_u32(r))->live = false;
    (void)read_rest(r);
}

static struct tap *sending(struct party *p, struct reader *r)
{
    struct tap *t = tap_by_peer(p, read_u32(r));

    REQUIRE(p->world, !t->sent_close, "%s: a message after its CLOSE", p->name);
    return t;
}

static struct tap *receiving(struct party *p, struct reader *r)
{
    struct tap *t = tap_of(p, read_u32(r));

    REQUIRE(p->world, !t->got_close, "%s: received a message after CLOSE", p->name);
    return t;
}

static void adjust_sent(struct party *p, struct reader *r)
{
    struct tap *t = sending(p, r);
    uint32_t bytes = read_u32(r);

    REQUIRE(p->world, bytes > 0, "%s: a window adjust of 0", p->name);
    t->may_receive += bytes;
    note_widest(p, t);
}

static void adjust_received(struct party *p, struct reader *r)
{
    struct tap *t = receiving(p, r);

    t->may_send += read_u32(r);
    REQUIRE(p->world, t->may_send <= UINT32_MAX, "%s: a window past 2^32", p->name);
}

static void data_sent(struct party *p, struct reader *r, bool extended)
{
    struct tap *t = sending(p, r);
    uint32_t type = extended ? read_u32(r) : 1;
    struct bytes data = read_string(r);

    REQUIRE(p->world, type == 1 && data.len > 0 && data.len <= t->send_max,
            "%s: sent %zu bytes in a message of type %u", p->name, data.len, type);
    REQUIRE(p->world, !t->sent_eof, "%s: data after its EOF", p->name);
    REQUIRE(p->world, data.len <= t->may_send, "%s: sent %zu bytes with a window of %llu", p->name,
            data.len, (unsigned long long)t->may_send);
    t->may_send -= data.len;
}

static void data_received(struct party *p, struct reader *r, bool extended)
{
    struct tap *t = receiving(p, r);

    if (extended)
        (void)read_u32(r);
    struct bytes data = read_string(r);

    REQUIRE(p->world, data.len <= t->may_receive && data.len <= t->receive_max,
            "%s: received %zu bytes with a window of %llu", p->name, data.len,
            (unsigned long long)t->may_receive);
    REQUIRE(p->world, !t->got_eof, "%s: received data after EOF", p->name);
    t->may_receive -= data.len;
    t->received[extended ? EXTENDED : DATA] += data.len;
    if (t->side != NULL && data.len > 0)
        stream_note_message(t->side, extended ? EXTENDED : DATA,
                            t->received[extended ? EXTENDED : DATA]);
    note_widest(p, t);
}

static void plain_data_sent(struct party *p, struct reader *r)
{
    data_sent(p, r, false);
}

static void plain_data_received(struct party *p, struct reader *r)
{
    data_received(p, r, false);
}

static void extended_data_sent(struct party *p, struct reader *r)
{
    data_sent(p, r, true);
}

static void extended_data_received(struct party *p, struct reader *r)
{
    data_received(p, r, true);
}

static void eof_sent(struct party *p, struct reader *r)
{
    struct tap *t = sending(p, r);

    REQUIRE(p->world, !t->sent_eof, "%s: a second EOF", p->name);
    t->sent_eof = true;
}

static void eof_received(struct party *p, struct reader *r)
{
    receiving(p, r)->got_eof = true;
}

/* All requests that arrived before are answered, unless the peer has sent CLOSE. */
static void close_sent(struct party *p, struct reader *r)
{
    struct tap *t = sending(p, r);

    REQUIRE(p->world, t->owed <= t->excused || t->got_close, "%s: CLOSE before %u replies", p->name,
            t->owed);
    t->sent_close = true;
    end_if_closed(t);
}

static void close_received(struct party *p, struct reader *r)
{
    struct tap *t = receiving(p, r);

    t->got_close = true;
    end_if_closed(t);
}

static bool wants_reply(struct reader *r)
{
    bool want_reply;

    (void)read_string(r);
    want_reply = read_bool(r);
    (void)read_rest(r);
    return want_reply;
}

static void request_sent(struct party *p, struct reader *r)
{
    struct tap *t = sending(p, r);

    t->awaited += wants_reply(r);
}

static void request_received(struct party *p, struct reader *r)
{
    struct tap *t = receiving(p, r);

    bool owed = wants_reply(r);

    t->owed += owed;
    t->excused += owed && p->exchanges > 1;
}

static void reply_sent(struct party *p, struct reader *r)
{
    struct tap *t = sending(p, r);

    REQUIRE(p->world, t->owed > 0, "%s: a reply without a request", p->name);
    t->owed--;
}

static void reply_received(struct party *p, struct reader *r)
{
    struct tap *t = receiving(p, r);

    REQUIRE(p->world, t->awaited > 0, "%s: received a reply without a request", p->name);
    t->awaited--;
}

/* ---- the connection ---- */

static void global_sent(struct party *p, struct reader *r)
{
    struct reader name = *r;

    p->world->tally->keepalives += bytes_are(read_string(&name), "keepalive@openssh.com");
    p->globals_awaited += wants_reply(r);
}

static void global_received(struct party *p, struct reader *r)
{
    p->globals_owed += wants_reply(r);
}

static void global_reply_sent(struct party *p, struct reader *r)
{
    REQUIRE(p->world, p->globals_owed > 0, "%s: a reply without a global request", p->name);
    p->globals_owed--;
    (void)read_rest(r);
}

static void global_reply_received(struct party *p, struct reader *r)
{
    REQUIRE(p->world, p->globals_awaited > 0, "%s: received a reply without a global request",
            p->name);
    p->globals_awaited--;
    (void)read_rest(r);
}

static void disconnect_sent(struct party *p, struct reader *r)
{
    (void)p;
    (void)read_rest(r);
}

/* All data that the other end accepted from its applications arrived before, but for what a
 * buffer holds, unless it ran out of memory, or its budget had none. */
static void disconnect_received(struct party *p, struct reader *r)
{
    (void)read_rest(r);
    if (p->other->scarce.refused || p->other->short_of_memory)
        return;
    for (int i = 0; i < CHANNELS_SEEN; i++) {
        const struct tap *t = &p->taps[i];

        if (!t->live || !t->confirmed || t->sent_close)
            continue;
        for (int stream = 0; stream < STREAMS; stream++)
            REQUIRE(p->world,
                    t->received[stream] + t->side->other->buffer >= t->side->other->written[stream],
                    "%s: a DISCONNECT overtook data", p->name);
    }
}

static void kexinit_sent(struct party *p, struct reader *r)
{
    REQUIRE(p->world, !p->exchanging, "%s: a second KEXINIT", p->name);
    p->exchanging = true;
    p->exchange_ms = p->world->now_ms;
    p->exchanges++;
    (void)read_rest(r);
}

static void newkeys_sent(struct party *p, struct reader *r)
{
    REQUIRE(p->world, p->exchanging, "%s: NEWKEYS without an exchange", p->name);
    p->exchanging = false;
    p->world->tally->exchanges++;
    (void)r;
}

typedef void watcher(struct party *p, struct reader *r);

static watcher *const watchers[256][2] = {
    [SSH_MSG_DISCONNECT] = {disconnect_received, disconnect_sent},
    [SSH_MSG_KEXINIT] = {NULL, kexinit_sent},
    [SSH_MSG_NEWKEYS] = {NULL, newkeys_sent},
    [SSH_MSG_GLOBAL_REQUEST] = {global_received, global_sent},
    [SSH_MSG_REQUEST_SUCCESS] = {global_reply_received, global_reply_sent},
    [SSH_MSG_REQUEST_FAILURE] = {global_reply_received, global_reply_sent},
    [SSH_MSG_CHANNEL_OPEN] = {open_received, open_sent},
    [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = {confirmation_received, confirmation_sent},
    [SSH_MSG_CHANNEL_OPEN_FAILURE] = {refusal_received, refusal_sent},
    [SSH_MSG_CHANNEL_WINDOW_ADJUST] = {adjust_received, adjust_sent},
    [SSH_MSG_CHANNEL_DATA] = {plain_data_received, plain_data_sent},
    [SSH_MSG_CHANNEL_EXTENDED_DATA] = {extended_data_received, extended_data_sent},
    [SSH_MSG_CHANNEL_EOF] = {eof_received, eof_sent},
    [SSH_MSG_CHANNEL_CLOSE] = {close_received, close_sent},
    [SSH_MSG_CHANNEL_REQUEST] = {request_received, request_sent},
    [SSH_MSG_CHANNEL_SUCCESS] = {reply_received, reply_sent},
    [SSH_MSG_CHANNEL_FAILURE] = {reply_received, reply_sent},
};

/* RFC 4253 section 6.1: every peer accepts 35,000 bytes. Applications may ask for more. */
static void check_length(const struct party *p, uint8_t number, size_t len)
{
    bool request = number == SSH_MSG_CHANNEL_REQUEST || number == SSH_MSG_GLOBAL_REQUEST;

    REQUIRE(p->world, len + TRANSPORT_OVERHEAD <= 35000 || request, "%s: message %u of %zu bytes",
            p->name, number, len);
    p->world->tally->large += len + TRANSPORT_OVERHEAD > 35000;
}

/* RFC 4253 section 7.1 */
static void check_exchange(const struct party *p, uint8_t number)
{
    bool upper = number >= SSH_MSG_USERAUTH_REQUEST || number == SSH_MSG_SERVICE_REQUEST ||
                 number == SSH_MSG_SERVICE_ACCEPT;

    REQUIRE(p->world, !p->exchanging || !upper, "%s: message %u inside a key exchange", p->name,
            number);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct party *p = context;
    struct reader r = read_from((struct bytes){payload, len});
    uint8_t number = read_u8(&r);
    uint32_t label = (uint32_t)number << 24 | (uint32_t)len;
    const char *complaint = traced_next(&p->traced, direction, (struct bytes){payload, len});

    simulate_trace(p->world, "  %s %s %u, %zu bytes, %s", p->name,
                   direction == NACRE_SENT ? "->" : "<-", number, len, phase);
    REQUIRE(p->world, complaint == NULL, "%s: message %u: %s", p->name, number, complaint);
    p->world->tally->messages++;
    mix(&p->world->digest, label);
    mix(&p->world->digest, seq);
    if (direction == NACRE_SENT) {
        check_exchange(p, number);
        check_length(p, number, len);
        fly(p, label);
    } else {
        land(p->other, label);
    }
    if (number >= SSH_MSG_CHANNEL_OPEN && number <= SSH_MSG_CHANNEL_FAILURE &&
        (direction == NACRE_RECEIVED || number == SSH_MSG_CHANNEL_DATA ||
         number == SSH_MSG_CHANNEL_EXTENDED_DATA))
        p->used_ms = p->world->now_ms;
    if (watchers[number][direction] == NULL)
        return;
    watchers[number][direction](p, &r);
    REQUIRE(p->world, read_done(&r), "%s: message %u is malformed", p->name, number);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct party *p = context;

    p->traced.context.kex = context_kex_find(choice->kex);
    REQUIRE(p->world, p->traced.context.kex != NULL, "%s: %s has no row", p->name, choice->kex);
}

/* Input waits for one more token of the rate, and no longer; a rekey for as many as it costs. */
static void on_limited(void *context, enum nacre_limit limit)
{
    struct party *p = context;
    struct world *w = p->world;
    struct nacre_rate rate;
    enum { REKEY_TOKENS = 128 }; /* more than any method takes */
    uint64_t tokens = limit == NACRE_LIMIT_REKEYS ? REKEY_TOKENS : 1;

    simulate_trace(w, "%s: limit %s", p->name, nacre_limit_name(limit));
    w->tally->limited[limit]++;
    if (limit == NACRE_LIMIT_MEMORY || limit == NACRE_LIMIT_USER_MEMORY) {
        REQUIRE(w, p->budget != NULL, "%s: no memory, and no budget", p->name);
        p->short_of_memory = true;
    }
    if (limit < NACRE_LIMIT_OPENS || limit > NACRE_LIMIT_REKEYS || limit == NACRE_LIMIT_PROOFS)
        return;
    rate = p->limits.rates[limit - NACRE_LIMIT_OPENS];
    REQUIRE(w, rate.per_minute != 0, "%s: limits %s, and has no limit", p->name,
            nacre_limit_name(limit));
    p->rests_ms = w->now_ms + tokens * 60 * 1000 / rate.per_minute + 1;
}

const struct nacre_observer watch_observer = {
    .message = on_message,
    .negotiated = on_negotiated,
    .limited = on_limited,
};

/* A queue grows by doubling and is released when it is empty. A channel is released after its
 * `closed`, which follows both CLOSEs. */
size_t watch_budget(const struct party *p)
{
    size_t budget = FIXED_MEMORY;

    for (int i = 0; i < CHANNELS_SEEN; i++) {
        const struct side *s = p->taps[i].side;

        if (p->taps[i].live || (s != NULL && !s->closed))
            budget += CHANNEL_MEMORY + 2 * (size_t)p->taps[i].widest;
        if (s != NULL && !s->closed && s->buffer > 0)
            budget += 2 * s->buffer + 2 * (size_t)BLOCK_LARGE;
    }
    return budget;
}
