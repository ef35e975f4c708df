/* The owner of a session, and the network below it. (apps/server/peer.c is a real owner.) */
#include "tests/simulate/parts.h"

#include <string.h>

enum { OVERDUE_MAX = 1000 /* loop iterations in which a deadline may stay in the past */ };

static void wire_add(struct wire *wire, const uint8_t *at, size_t len)
{
    if (wire->head > 0 && wire->head + wire->len + len > wire->cap) {
        memmove(wire->bytes, wire->bytes + wire->head, wire->len);
        wire->head = 0;
    }
    memcpy(wire->bytes + wire->head + wire->len, at, len);
    wire->len += len;
}

static size_t wire_room(const struct wire *wire)
{
    return wire->len < wire->limit ? wire->limit - wire->len : 0;
}

static void wire_take(struct wire *wire, size_t n)
{
    wire->head += n;
    wire->len -= n;
}

static size_t some_bytes(struct world *w, size_t n)
{
    if (n > w->piece)
        n = w->piece;
    if (w->settling || n == 0 || chance_one_in(&w->chance, 2))
        return n;
    return chance_size(&w->chance, (uint32_t)n);
}

static void lose(struct party *p)
{
    simulate_trace(p->world, "%s: the TCP connection is gone", p->name);
    if (p->session != NULL)
        nacre_session_lost(p->session);
    p->gone = true;
    p->out.shut = true;
}

/* Send the output, or some of it. False: nothing could be sent. */
static bool flush(struct party *p)
{
    struct world *w = p->world;
    bool moved = false;
    size_t len;
    const uint8_t *at;

    while ((at = nacre_session_output(p->session, &len)), len > 0) {
        size_t room = wire_room(&p->out);
        size_t n = some_bytes(w, len < room ? len : room);

        if (p->out.shut) {
            lose(p);
            return true;
        }
        p->blocked = room == 0;
        if (n > 0) {
            wire_add(&p->out, at, n);
            nacre_session_sent(p->session, n, w->now_ms);
            moved = true;
        } else {
            nacre_session_sent(p->session, 0, w->now_ms);
            break;
        }
        if (!w->settling && chance_one_in(&w->chance, 4))
            break;
    }
    return moved;
}

bool owner_has_output(const struct party *p)
{
    size_t len;

    (void)nacre_session_output(p->session, &len);
    return len > 0;
}

void owner_look_at_timer(struct party *p)
{
    struct world *w = p->world;

    p->timer_ms = nacre_session_deadline(p->session);
    p->overdue = p->timer_ms > w->now_ms ? 0 : p->overdue + 1; /* one more in the next iteration */
    REQUIRE(w, p->overdue < OVERDUE_MAX, "%s: a deadline stays in the past", p->name);
    p->woken = p->woken || p->overdue > 0;
}

bool owner_serve(struct party *p)
{
    struct world *w = p->world;
    bool moved = p->woken || w->now_ms >= p->timer_ms;

    if (p->gone)
        return false;
    if (moved) {
        p->woken = false;
        nacre_session_tick(p->session, w->now_ms);
    }
    moved = flush(p) || moved;
    if (p->gone)
        return true;
    owner_look_at_timer(p);
    if (owner_has_output(p) && !p->blocked)
        p->woken = true; /* in the next iteration */
    if (!owner_has_output(p))
        p->blocked = false;
    if (nacre_session_ended(p->session) != NULL && !owner_has_output(p))
        lose(p);
    return moved;
}

bool owner_receive(struct party *from)
{
    struct party *to = from->other;
    struct world *w = from->world;
    size_t room, n;
    uint8_t *at;

    if (to->gone || w->dead || w->now_ms < from->out.until_ms)
        return false;
    if (from->out.len == 0 && from->out.shut) {
        nacre_session_sent(to->session, 0, w->now_ms); /* process what was received before */
        lose(to);
        return true;
    }
    if (nacre_session_ended(to->session) != NULL || from->out.len == 0)
        return false;
    at = nacre_session_input(to->session, &room);
    n = some_bytes(w, from->out.len < room ? from->out.len : room);
    if (n == 0)
        return false;
    memcpy(at, from->out.bytes + from->out.head, n);
    wire_take(&from->out, n);
    to->heard_ms = w->now_ms;
    nacre_session_received(to->session, n, w->now_ms);
    to->woken = true;
    if (from->blocked)
        from->woken = true;
    from->blocked = false;
    return true;
}

bool owner_notice(struct party *p)
{
    if (p->gone || !p->other->gone)
        return false;
    p->out.len = 0;
    if (p->other->out.len > 0 && nacre_session_ended(p->session) == NULL)
        return false; /* its last messages are still in flight */
    lose(p);
    return true;
}

bool owner_give_up(struct world *w)
{
    bool moved = false;

    for (int i = 0; i < 2; i++) {
        struct party *p = &w->party[i];

        if (!p->gone && nacre_session_ended(p->session) != NULL) {
            lose(p);
            moved = true;
        }
    }
    return moved;
}
