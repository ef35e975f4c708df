/* A day of one connection, from timer to timer. An application writes a little now and then, with
 * keepalives in between and a rekey every hour. Then the applications stop writing, or the network
 * dies without closing the connection. */
#include "tests/support/pair.h"
#include "tests/simulate/simulate.h"

#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * HOUR_MS,
    QUIET_MS = 20 * MINUTE_MS, /* between two writes, at most */
    IDLE_MS = 30 * MINUTE_MS,
    LATE_MS = 5000, /* a timer, and what was in flight */
};

static void set_limits(struct world *w)
{
    w->plentiful = true;
    for (int i = 0; i < 2; i++) {
        struct nacre_endpoint_config *c = &w->party[i].config;

        w->party[i].limits = unhurried;
        w->party[i].limits.keepalive_ms = (15 + chance_below(&w->chance, 60)) * UINT64_C(1000);
        w->party[i].limits.keepalive_count = 1 + chance_below(&w->chance, 4);
        c->rekey_bytes = c->rekey_ms = 0;
        c->login_grace_ms = 0;
        c->kex = "curve25519-sha256";
        c->ciphers = c->macs = NULL;
        w->party[i].scarce.refuse_at = 0;
    }
    w->party[chance_below(&w->chance, 2)].limits.idle_ms = IDLE_MS;
}

static bool is_over(const struct world *w)
{
    return w->party[0].gone && w->party[1].gone;
}

static void look(struct world *w)
{
    world_settle(w);
    if (!w->dead)
        world_check_settled(w);
}

/* Let time pass to the next timer of either end, or to `until`. */
static void tick(struct world *w, uint64_t until)
{
    for (int i = 0; i < 2; i++)
        if (!w->party[i].gone && w->party[i].timer_ms < until)
            until = w->party[i].timer_ms;
    REQUIRE(w, until > w->now_ms, "time stands still");
    w->now_ms = until;
    w->step++;
    look(w);
}

static void pass(struct world *w, uint64_t ms)
{
    uint64_t until = w->now_ms + ms;

    while (w->now_ms < until && !is_over(w))
        tick(w, until);
}

/* Open the channel that stays. False: the login was refused, which happens. */
static bool begin(struct world *w)
{
    world_settle(w);
    if (is_over(w))
        return false;
    world_check_settled(w);
    while (w->link_count == 0 || w->links[w->link_count - 1].side[0].channel == NULL) {
        REQUIRE(w, w->link_count < LINKS_MAX, "no channel opens");
        (void)app_do(&w->party[NACRE_CLIENT], "open");
        look(w);
    }
    return true;
}

static void live_a_day(struct world *w)
{
    uint64_t end = w->now_ms + DAY_MS;

    while (w->now_ms < end) {
        pass(w, 1 + chance_below(&w->chance, QUIET_MS));
        REQUIRE(w, !w->party[0].gone && !w->party[1].gone, "it ended in the middle of the day");
        REQUIRE(w, app_do(&w->party[chance_below(&w->chance, 2)], "write"),
                "no application can write");
        if (chance_one_in(&w->chance, 3))
            (void)app_do(&w->party[chance_below(&w->chance, 2)], "global request");
        look(w);
    }
    w->tally->hours += 24;
}

/* RFC 4253 section 9: a rekey per hour. Both ends may start it at once, or one after the other. */
static void check_day(const struct world *w)
{
    for (int i = 0; i < 2; i++)
        REQUIRE(w, w->party[i].exchanges >= 24 && w->party[i].exchanges <= 26,
                "%u key exchanges in a day", w->party[i].exchanges);
}

/* The applications stop writing: the connection ends at the idle limit, not before and not after.
 */
static void end_of_use(struct world *w)
{
    uint64_t last = w->now_ms;

    pass(w, IDLE_MS - 1);
    REQUIRE(w, !w->party[0].ended && !w->party[1].ended, "the idle limit came early");
    pass(w, LATE_MS);
    REQUIRE(w, is_over(w), "idle since %llu", (unsigned long long)last);
}

/* Nothing arrives any more, and no end is notified: each must notice by itself. */
static void end_of_network(struct world *w)
{
    uint64_t patience = 0;

    for (int i = 0; i < 2; i++) {
        const struct nacre_limits *l = &w->party[i].limits;
        uint64_t ms = (l->keepalive_count + UINT64_C(1)) * l->keepalive_ms;

        patience = ms > patience ? ms : patience;
    }
    w->dead = true;
    pass(w, patience + LATE_MS);
    REQUIRE(w, is_over(w), "the network is dead, and no end notices");
}

uint64_t simulate_day(uint64_t seed, bool verbose, struct tally *tally)
{
    struct world *w = world_new(seed, verbose, tally);

    set_limits(w);
    world_start(w);
    if (!begin(w))
        return world_end(w);
    live_a_day(w);
    check_day(w);
    if (chance_one_in(&w->chance, 2))
        end_of_use(w);
    else
        end_of_network(w);
    return world_end(w);
}
