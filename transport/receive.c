#include "transport/receive.h"

#include "transport/extension.h"
#include "transport/generic.h"
#include "transport/greeting.h"
#include "transport/kex.h"
#include "transport/observe.h"
#include "transport/parts.h"
#include "transport/rekey.h"
#include "transport/text.h"
#include "transport/version.h"

#include <string.h>

enum {
    FULL_CHUNK = 96 * 1024,   /* bytes of output to send before more input is processed, */
    SHARED_CHUNK = 32 * 1024, /* ... when several channels take turns with it */
};

static void observe_received(const struct transport *t, struct bytes payload)
{
    const struct nacre_observer *o = t->config->observer;

    if (o != NULL && o->message != NULL)
        o->message(t->context, NACRE_RECEIVED, t->receiving.seq - 1, phase_name(t->phase),
                   payload.at, payload.len);
}

static int to_service(struct transport *t, int which, uint8_t number, struct reader *r)
{
    return t->config->services[which]->receive(t->service_self[which], number, r);
}

/* The transport's own messages. phase.c passes no other number that does not belong to a key
 * exchange method or a service. */
static int (*const handlers[])(struct transport *, struct reader *) = {
    [SSH_MSG_DISCONNECT] = on_disconnect,
    [SSH_MSG_IGNORE] = on_ignore,
    [SSH_MSG_UNIMPLEMENTED] = on_unimplemented,
    [SSH_MSG_DEBUG] = on_debug,
    [SSH_MSG_SERVICE_REQUEST] = on_service_request,
    [SSH_MSG_SERVICE_ACCEPT] = on_service_accept,
    [SSH_MSG_EXT_INFO] = on_ext_info,
    [SSH_MSG_KEXINIT] = on_kexinit,
    [SSH_MSG_NEWKEYS] = on_newkeys,
    [SSH_MSG_PING] = on_ping,
    [SSH_MSG_PONG] = on_pong,
};

/* RFC 4250 section 4.1.1: the ranges of message numbers. */
static int route(struct transport *t, struct bytes payload)
{
    uint8_t number = payload.at[0];
    struct reader r = read_from((struct bytes){payload.at + 1, payload.len - 1});

    if (number >= SSH_MSG_KEX_METHOD_FIRST && number <= SSH_MSG_KEX_METHOD_LAST)
        return kex_receive(t, number, &r);
    if (number >= SSH_MSG_USERAUTH_REQUEST && number <= SSH_MSG_USERAUTH_METHOD_LAST)
        return to_service(t, SERVICE_AUTH, number, &r);
    if (number >= SSH_MSG_GLOBAL_REQUEST && number < SSH_MSG_PING)
        return to_service(t, SERVICE_CONNECTION, number, &r);
    return handlers[number](t, &r);
}

static void dispatch(struct transport *t, struct bytes payload)
{
    enum phase before = t->phase;

    observe_received(t, payload);
    if (before == PHASE_FIRST)
        transport_enter_phase(t, PHASE_SERVICE);
    switch (phase_judge(before, transport_peer_role(t), t->negotiated.strict, payload.at[0])) {
    case VERDICT_LEGAL:
        (void)route(t, payload);
        break;
    case VERDICT_IGNORE:
        break;
    case VERDICT_UNIMPLEMENTED:
        send_unimplemented(t);
        break;
    case VERDICT_ILLEGAL:
        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "message not allowed at this point");
        break;
    }
}

static void keep_version(struct transport *t, struct bytes line)
{
    size_t size = line.len + 1;
    bool ascii = version_is_ascii(line);

    t->peer.version = pool_allocate(t->pool, ascii ? size : 2 * size);
    if (t->peer.version == NULL) {
        (void)transport_no_memory(t);
        return;
    }
    memcpy(t->peer.version, line.at, line.len);
    if (!ascii)
        (void)clean_text(t->peer.version + size, size, line);
}

/* RFC 4253 section 4.2. False when the line is not complete. */
static bool take_version(struct transport *t)
{
    struct bytes line;
    size_t size = 0;
    enum version_status status =
        version_read(buffer_contents(&t->in), t->config->role, &line, &size);

    if (status != VERSION_PARTIAL && observe_wants_packets(t))
        observe_line(t, size > 0 ? size : buffer_len(&t->in));
    switch (status) {
    case VERSION_PARTIAL:
        return false;
    case VERSION_SKIP:
        if (++t->peer.lines_before > VERSION_LINES_BEFORE_MAX)
            (void)transport_malformed(t, "identification string comes after too many other lines");
        else
            greeting_line(t, line);
        break;
    case VERSION_MALFORMED:
        (void)transport_malformed(t, "identification string is malformed");
        break;
    case VERSION_UNSUPPORTED:
        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED,
                             "protocol version other than 2.0 is not supported");
        break;
    case VERSION_READY:
        keep_version(t, line);
        transport_enter_phase(t, PHASE_KEXINIT);
        (void)kex_begin(t);
        break;
    }
    buffer_consumed(&t->in, size);
    return true;
}

static void refuse_packet(struct transport *t, enum packet_status status)
{
    if (status == PACKET_BAD_MAC)
        (void)transport_fail(t, SSH_DISCONNECT_MAC_ERROR, "packet authentication failed");
    else
        (void)transport_malformed(t, status == PACKET_BAD_LENGTH
                                         ? "packet_length is not acceptable"
                                         : "padding_length is not acceptable");
}

/* RFC 4253 section 6. False when the packet is not complete. */
static bool take_packet(struct transport *t)
{
    struct bytes payload = {NULL, 0};
    size_t size = 0;
    enum packet_status status = observe_wants_packets(t)
                                    ? observe_open(t, &payload, &size)
                                    : packet_open(&t->receiving, &t->in, &payload, &size);
    bool secret;

    if (status == PACKET_PARTIAL)
        return false;
    if (status != PACKET_READY) {
        refuse_packet(t, status);
        return true;
    }
    secret = payload.at[0] >= SSH_MSG_USERAUTH_REQUEST && payload.at[0] < SSH_MSG_GLOBAL_REQUEST;
    dispatch(t, payload);
    if (secret) /* it may have contained a password */
        wipe(t->in.block + t->in.head, size);
    buffer_consumed(&t->in, size);
    rekey_if_due(t);
    return true;
}

bool receive_waits_for_tick(const struct transport *t)
{
    return t->pace.turn_over && phase_is_costly(t->phase) && !t->pace.paused &&
           buffer_len(&t->in) > 0;
}

/* Is there input, and may it be processed now? */
static bool may_take(const struct transport *t)
{
    return !transport_ended(t) && !t->pace.paused && t->pace.wait_until_ms == 0 &&
           !receive_waits_for_tick(t) && buffer_len(&t->in) > 0;
}

/* Is there room for what handling one more message may add? */
static bool may_continue(const struct transport *t, bool blocked)
{
    size_t used = buffer_len(&t->out);

    if (!blocked && used >= (t->pace.shared ? SHARED_CHUNK : FULL_CHUNK))
        return false;
    if (!t->queueing && buffer_len(&t->queued) > BLOCK_LARGE - TRANSPORT_REPLY_MAX)
        return false;
    return used + TRANSPORT_REPLY_MAX + TRANSPORT_KEXINIT_MAX + PACKET_OVERHEAD <=
           buffer_limit(&t->out);
}

bool receive_all(struct transport *t, bool blocked)
{
    if (t->pace.dispatching)
        return false;
    t->pace.dispatching = true;
    if (t->now_ms >= t->pace.wait_until_ms)
        t->pace.wait_until_ms = 0;
    t->pace.partial = false;
    while (may_take(t) && may_continue(t, blocked) && !t->pace.partial)
        t->pace.partial = !(t->phase == PHASE_VERSION ? take_version(t) : take_packet(t));
    t->pace.dispatching = false;
    rekey_if_due(t);
    if (buffer_len(&t->in) == 0)
        t->pace.turn_over = false; /* no message waits for the tick */
    return may_take(t) && !may_continue(t, blocked);
}
