/* A simulated connection from its beginning to its end. */
#include "tests/simulate/parts.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 3000 };

static struct party *some_party(struct world *w)
{
    return &w->party[chance_below(&w->chance, 2)];
}

static void happen_serve(struct world *w)
{
    (void)owner_serve(some_party(w));
}

static void happen_receive(struct world *w)
{
    (void)owner_receive(some_party(w));
}

static void happen_act(struct world *w)
{
    app_act(some_party(w));
}

static void happen_notice(struct world *w)
{
    (void)owner_notice(some_party(w));
}

/* Time passes, sometimes up to the next deadline. */
static void happen_time(struct world *w)
{
    struct party *p = some_party(w);

    if (chance_one_in(&w->chance, 150) && !p->gone && p->timer_ms != UINT64_MAX)
        w->now_ms = p->timer_ms > w->now_ms ? p->timer_ms : w->now_ms;
    else
        w->now_ms += chance_size(&w->chance, 2000);
}

static void happen_delay(struct world *w)
{
    some_party(w)->out.until_ms = w->now_ms + chance_size(&w->chance, 5000);
}

static void happen_narrow(struct world *w)
{
    some_party(w)->out.limit = chance_size(&w->chance, 256 * 1024);
}

/* Both directions break at once: what was in flight is lost, and each end notices when it does. */
static void happen_cut(struct world *w)
{
    if (!chance_one_in(&w->chance, 60))
        return;
    simulate_trace(w, "cut");
    for (int i = 0; i < 2; i++) {
        w->party[i].out.len = 0;
        w->party[i].out.shut = true;
    }
}

/* One direction ends; what is in flight arrives. */
static void happen_half_close(struct world *w)
{
    struct party *p = some_party(w);

    if (!chance_one_in(&w->chance, 60))
        return;
    simulate_trace(w, "%s: half-close", p->name);
    p->out.shut = true;
}

static void happen_shortage(struct world *w)
{
    shortage_happen(some_party(w));
}

static void happen_settle(struct world *w)
{
    if (!chance_one_in(&w->chance, 4))
        return;
    world_settle(w);
    world_check_settled(w);
}

static const struct {
    uint32_t weight;
    void (*happen)(struct world *w);
} happenings[] = {
    {30, happen_serve}, {30, happen_receive}, {30, happen_act},     {4, happen_time},
    {2, happen_delay},  {2, happen_narrow},   {1, happen_cut},      {1, happen_half_close},
    {1, happen_notice}, {1, happen_settle},   {2, happen_shortage},
};

static void happen(struct world *w)
{
    uint32_t all = 0, at, i = 0;

    for (size_t j = 0; j < sizeof happenings / sizeof happenings[0]; j++)
        all += happenings[j].weight;
    for (at = chance_below(&w->chance, all); at >= happenings[i].weight; i++)
        at -= happenings[i].weight;
    happenings[i].happen(w);
}

/* The keys are the same in all runs. */
static const struct nacre_key *key_of(int which)
{
    static struct nacre_key keys[2];
    uint8_t seed[32];

    if (keys[which].type == NULL) {
        memset(seed, which + 1, sizeof seed);
        if (!private_key_ed25519(&keys[which], seed))
            abort();
    }
    return &keys[which];
}

static void start(struct party *p, const struct nacre_key *const *keys)
{
    struct world *w = p->world;
    struct nacre_endpoint_config *config = &p->config;
    bool server = config->role == NACRE_SERVER;

    config->version = NACRE_VERSION_NUMBER;
    config->host_keys = server ? &keys[0] : NULL;
    config->host_key_count = server;
    if (!server) {
        config->user = "alice";
        config->password = chance_one_in(&w->chance, 40) ? "wrong" : "secret";
        config->keys = &keys[1];
        config->key_count = chance_one_in(&w->chance, 4);
    }
    config->observer = &watch_observer;
    config->random = p->random.fill;
    config->random_context = p->random.context;
    app_configure(p);
    p->endpoint = nacre_endpoint_new(config, NULL, 0);
    REQUIRE(w, p->endpoint != NULL, "no endpoint");
    p->session = nacre_session_new(p->endpoint, p, w->now_ms);
    if (p->session == NULL) {
        REQUIRE(w, p->scarce.refused, "%s: no session", p->name);
        p->gone = p->ended = p->out.shut = true;
        return;
    }
    shortage_begin(p);
    p->woken = true;
    owner_look_at_timer(p);
}

static void prepare(struct world *w, enum nacre_role role)
{
    struct party *p = &w->party[role];
    uint8_t seed[32] = {(uint8_t)role};

    memcpy(seed + 8, &w->seed, sizeof w->seed);
    p->world = w;
    p->other = &w->party[1 - role];
    p->name = role == NACRE_SERVER ? "server" : "client";
    p->config.role = role;
    p->random = random_from_seed(&p->seed, seed);
    p->out.cap = 1 << 20;
    p->out.bytes = malloc(p->out.cap);
    REQUIRE(w, p->out.bytes != NULL, "no memory for the network");
    p->out.limit = chance_one_in(&w->chance, 4) ? chance_size(&w->chance, 200 * 1024) : 200 * 1024;
    choose_limits(p);
}

/* Hours without data from the applications: rekeys by time. Both owners miss the deadlines in
 * between. */
static void pass_hours(struct world *w)
{
    for (int i = 0; i < 24; i++) {
        w->now_ms += HOUR_MS;
        w->tally->hours++;
        world_settle(w);
        world_check_settled(w);
    }
}

static void end_disconnect(struct world *w)
{
    struct party *p = some_party(w);

    if (!p->gone)
        nacre_session_disconnect(p->session, NACRE_SHUTTING_DOWN, "the end");
    world_settle(w);
    REQUIRE(w, w->party[0].gone && w->party[1].gone, "a DISCONNECT does not end it");
}

static void end_cut(struct world *w)
{
    for (int i = 0; i < 2; i++)
        w->party[i].out.shut = true;
    world_settle(w);
    REQUIRE(w, w->party[0].gone && w->party[1].gone, "a cut does not end it");
}

static void end_at_once(struct world *w)
{
    (void)w;
}

static void clear(struct party *p)
{
    struct world *w = p->world;

    if (p->session != NULL)
        nacre_session_free(p->session);
    p->session = NULL;
    p->gone = true;
    shortage_end(p);
    REQUIRE(w, p->ended, "%s: `ended` was never called", p->name);
    if (p->decision != NULL) /* it may still be answered */
        nacre_decide(p->decision, true);
    REQUIRE(w, nacre_endpoint_memory_in_use(p->endpoint) == 0, "%s: did not release %zu bytes",
            p->name, nacre_endpoint_memory_in_use(p->endpoint));
    nacre_endpoint_free(p->endpoint);
    free(p->out.bytes);
}

static void finish(struct world *w)
{
    static void (*const ends[])(struct world *) = {end_disconnect, end_cut, end_at_once};

    world_settle(w);
    world_check_settled(w);
    if (chance_one_in(&w->chance, 100))
        pass_hours(w);
    ends[chance_below(&w->chance, 3)](w);
}

/* Each wait for a rekey would cause the next one, by its length or by a keepalive. */
static void rekey_seldom(struct nacre_endpoint_config *c)
{
    c->rekey_ms = 0;
    if (c->rekey_bytes != 0 && c->rekey_bytes < 4096)
        c->rekey_bytes = 4096;
}

struct world *world_new(uint64_t seed, bool verbose, struct tally *tally)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL)
        abort();
    w->seed = w->chance.state = seed;
    w->verbose = verbose;
    w->tally = tally;
    w->piece = chance_one_in(&w->chance, 3) ? 1 + chance_size(&w->chance, 2000) : 1 << 20;
    w->write_most = 1U << (6 + chance_below(&w->chance, 15));
    if (w->write_most > w->piece * 64) /* small pieces take too many steps */
        w->write_most = (uint32_t)w->piece * 64;
    prepare(w, NACRE_SERVER);
    prepare(w, NACRE_CLIENT);
    for (int i = 0; i < 2; i++)
        if (w->party[i].limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS].per_minute != 0)
            rekey_seldom(&w->party[1 - i].config);
    choose_algorithms(w);
    return w;
}

void world_start(struct world *w)
{
    static const struct nacre_key *keys[2]; /* borrowed by all worlds */

    keys[0] = key_of(0);
    keys[1] = key_of(1);
    start(&w->party[NACRE_SERVER], keys);
    start(&w->party[NACRE_CLIENT], keys);
}

uint64_t world_end(struct world *w)
{
    uint64_t digest = w->digest;

    for (int i = 0; i < 2; i++)
        clear(&w->party[i]);
    for (uint32_t i = 0; i < w->link_count; i++) {
        stream_clear(&w->links[i].side[0]);
        stream_clear(&w->links[i].side[1]);
    }
    free(w);
    return digest;
}

uint64_t simulate(uint64_t seed, bool verbose, struct tally *tally)
{
    struct world *w = world_new(seed, verbose, tally);
    uint32_t steps;

    world_start(w);
    steps = chance_below(&w->chance, chance_one_in(&w->chance, 3) ? STEPS_MAX : STEPS_MAX / 8);
    if (chance_one_in(&w->chance, 2)) /* log in before any fault */
        world_settle(w);
    for (w->step = 1; w->step <= steps; w->step++) {
        happen(w);
        for (int i = 0; i < 2; i++)
            world_check_party(&w->party[i]);
    }
    finish(w);
    return world_end(w);
}
