/* Budgets of memory: a session has a part of a budget that other sessions use too. */
#include "tests/simulate/parts.h"

#include "apps/session/parts.h"

#include <stdlib.h>

enum { /* bytes */
       LITTLE = 2048,
       OFTEN = 4096,
       USEFUL = 256 * 1024,
       MUCH = 512 * 1024,
       MORE = 4 * 1024 * 1024,
};

/* Mostly enough for some channels. */
static uint32_t some_size(struct chance *c)
{
    return chance_size(c, MORE) + (chance_one_in(c, 8) ? 0 : USEFUL);
}

/* Then much data in small windows would take a key exchange for every message. */
static bool rekeys_often(const struct world *w)
{
    for (int i = 0; i < 2; i++)
        if (w->party[i].config.rekey_bytes != 0 && w->party[i].config.rekey_bytes < OFTEN)
            return true;
    return false;
}

void shortage_begin(struct party *p)
{
    struct chance *c = &p->world->chance;
    bool much;

    if (p->world->plentiful || !chance_one_in(c, 4))
        return;
    p->whole_bytes = some_size(c);
    p->whole = nacre_budget_new(p->whole_bytes, NULL);
    p->budget = nacre_budget_new(some_size(c), p->whole);
    if (p->whole == NULL || p->budget == NULL)
        abort();
    nacre_session_set_budget(p->session, p->budget);
    much = p->world->piece > LITTLE && chance_one_in(c, 3);
    if (much && !rekeys_often(p->world))
        p->world->write_most = MUCH; /* windows are consumed, and granted again later */
}

static void give_back(struct party *p)
{
    if (p->whole == NULL)
        return;
    session_budget.give(p->whole, p->others);
    p->others = 0;
}

void shortage_happen(struct party *p)
{
    struct chance *c = &p->world->chance;

    give_back(p);
    if (p->whole == NULL || p->gone || chance_one_in(c, 3))
        return;
    p->others = chance_below(c, (uint32_t)p->whole_bytes + 1);
    if (chance_one_in(c, 2)) /* little is left */
        p->others = (size_t)p->whole_bytes - p->others / 4;
    session_budget.hold(p->whole, p->others);
    simulate_trace(p->world, "%s: others use %zu bytes", p->name, p->others);
}

void shortage_check(const struct party *p)
{
    uint64_t used;

    if (p->budget == NULL)
        return;
    used = nacre_budget_used(p->budget);
    REQUIRE(p->world, used + p->others == nacre_budget_used(p->whole),
            "%s: the part uses %llu bytes, others %zu, and all %llu", p->name,
            (unsigned long long)used, p->others, (unsigned long long)nacre_budget_used(p->whole));
    REQUIRE(p->world, p->ended || used >= watch_promised(p),
            "%s: promised %llu bytes, and took %llu from the budget", p->name,
            (unsigned long long)watch_promised(p), (unsigned long long)used);
}

void shortage_end(struct party *p)
{
    give_back(p);
    if (p->budget == NULL)
        return;
    REQUIRE(p->world, nacre_budget_used(p->whole) == 0, "%s: %llu bytes were not given back",
            p->name, (unsigned long long)nacre_budget_used(p->whole));
    nacre_budget_free(p->budget);
    nacre_budget_free(p->whole);
}
