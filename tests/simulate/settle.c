/* A connection that comes to rest, and what must be true then and always. */
#include "tests/simulate/parts.h"

enum {
    TURNS_MAX = 4 * 1000 * 1000, /* loop iterations until a connection comes to rest, at most */
    IDLE_MEMORY = 12 * 1024,     /* bytes of a session at rest */
    IDLE_CHANNEL_MEMORY = 1024,  /* ... and of each channel */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

/* The longest time that a session may sleep. */
static uint64_t longest_sleep(const struct party *p)
{
    const struct nacre_endpoint_config *c = &p->config;
    uint64_t keys_ms = c->rekey_ms == 0 ? HOUR_MS : c->rekey_ms;

    if (!p->authenticated)
        return c->login_grace_ms == 0 ? EXCHANGE_MS : c->login_grace_ms;
    if (keys_ms < EXCHANGE_MS) /* one may be in progress */
        keys_ms = EXCHANGE_MS;
    return least(least(keys_ms, p->limits.keepalive_ms), p->limits.idle_ms);
}

void world_check_party(struct party *p)
{
    struct world *w = p->world;
    /* The wait that a limit imposes may come first. */
    uint64_t from = p->rests_ms > w->now_ms ? p->rests_ms : w->now_ms;
    size_t memory = nacre_endpoint_memory_in_use(p->endpoint);

    REQUIRE(w, memory <= watch_budget(p), "%s: uses %zu bytes, more than the %zu allowed", p->name,
            memory, watch_budget(p));
    shortage_check(p);
    if (p->gone || p->woken)
        return;
    REQUIRE(w, p->blocked || !owner_has_output(p), "%s: has output but did not call wake", p->name);
    REQUIRE(w, nacre_session_deadline(p->session) >= p->timer_ms,
            "%s: its deadline moved forward but it did not call wake", p->name);
    REQUIRE(w, p->ended || nacre_session_deadline(p->session) <= from + longest_sleep(p),
            "%s: sleeps for longer than its limits allow", p->name);
}

static size_t idle_budget(const struct party *p)
{
    size_t budget = IDLE_MEMORY;

    for (int i = 0; i < CHANNELS_SEEN; i++)
        if (p->taps[i].live)
            budget += IDLE_CHANNEL_MEMORY;
    return budget;
}

/* Nothing moves because a rate or a delay applies: let that time pass. */
static bool wait_for_limits(struct world *w)
{
    uint64_t first = UINT64_MAX;

    for (int i = 0; i < 2; i++)
        if (!w->party[i].gone && w->party[i].rests_ms > w->now_ms && w->party[i].rests_ms < first)
            first = w->party[i].rests_ms;
    if (first == UINT64_MAX)
        return false;
    w->now_ms = first;
    return true;
}

void world_settle(struct world *w)
{
    uint32_t turns = 0;
    bool moved = true;

    simulate_trace(w, "settle");
    w->settling = true;
    for (int i = 0; i < 2; i++) {
        w->party[i].out.until_ms = 0;
        if (w->party[i].out.limit < 4096)
            w->party[i].out.limit = 4096;
        w->party[i].woken = true; /* the network accepts more */
        if (!w->party[i].gone)
            app_be_willing(&w->party[i]);
    }
    while (moved) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            struct party *p = &w->party[i];

            if (!p->gone)
                app_answer(p);
            moved = owner_serve(p) || moved;
            world_check_party(p);
            moved = owner_receive(p) || moved;
            moved = owner_notice(p) || moved;
            world_check_party(p->other);
        }
        moved = moved || wait_for_limits(w) || owner_give_up(w);
        REQUIRE(w, ++turns < TURNS_MAX, "the connection never comes to rest");
    }
    w->settling = false;
}

void world_check_settled(struct world *w)
{
    struct party *server = &w->party[NACRE_SERVER], *client = &w->party[NACRE_CLIENT];

    if (server->gone || client->gone) {
        REQUIRE(w, server->gone && client->gone, "one end is gone, and the other does not notice");
        return;
    }
    REQUIRE(w, server->authenticated && client->authenticated, "the login does not continue");
    app_check_settled(w);
    for (int i = 0; i < 2; i++)
        REQUIRE(w, nacre_endpoint_memory_in_use(w->party[i].endpoint) <= idle_budget(&w->party[i]),
                "%s: uses %zu bytes at rest", w->party[i].name,
                nacre_endpoint_memory_in_use(w->party[i].endpoint));
}
