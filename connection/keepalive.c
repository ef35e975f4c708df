#include "connection/keepalive.h"

#include "connection/global_send.h"

static const char keepalive[] = "keepalive@openssh.com";

static uint64_t later(uint64_t at_ms, uint64_t ms)
{
    return ms == 0 || ms > UINT64_MAX - at_ms ? UINT64_MAX : at_ms + ms;
}

static const struct nacre_limits *limits(const struct connection *c)
{
    return transport_limits(c->transport);
}

static uint64_t keepalive_at(const struct connection *c)
{
    uint64_t heard = transport_heard_ms(c->transport);

    return later(heard > c->asked_ms ? heard : c->asked_ms, limits(c)->keepalive_ms);
}

static uint64_t idle_at(const struct connection *c)
{
    return later(c->used_ms, limits(c)->idle_ms);
}

/* Without space for the request, the output itself does the same: TCP learns whether it was
 * received, and the peer's next packet shows it. */
static void ask(struct connection *c)
{
    struct transport *t = c->transport;

    if (transport_bytes_in(t) != c->asked_bytes_in)
        c->unanswered = 0;
    if (c->unanswered >= limits(c)->keepalive_count) {
        transport_limit_reached(t, NACRE_LIMIT_KEEPALIVE);
        (void)transport_end(t, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION, "keepalive timeout");
        return;
    }
    c->asked_bytes_in = transport_bytes_in(t);
    c->unanswered++;
    c->asked_ms = transport_now_ms(t);
    if (global_send(c, keepalive, true, (struct bytes){NULL, 0}, false) == NACRE_SEND_DONE)
        c->keepalives |= UINT64_C(1) << (c->awaiting - 1);
}

void keepalive_note_use(struct connection *c)
{
    if (c->used)
        c->used_ms = transport_now_ms(c->transport);
    c->used = false;
}

void keepalive_tick(struct connection *c)
{
    uint64_t now = transport_now_ms(c->transport);

    if (!c->started)
        return;
    keepalive_note_use(c);
    if (now >= idle_at(c)) {
        transport_limit_reached(c->transport, NACRE_LIMIT_IDLE);
        (void)transport_end(c->transport, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION,
                            "idle timeout");
    } else if (now >= keepalive_at(c)) {
        ask(c);
    }
}

uint64_t keepalive_deadline(const struct connection *c)
{
    uint64_t idle = idle_at(c), alive = keepalive_at(c);

    if (!c->started)
        return UINT64_MAX;
    return idle < alive ? idle : alive;
}
