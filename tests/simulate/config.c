/* The configuration of both ends, chosen by chance. */
#include "tests/simulate/parts.h"
#include "tests/support/pair.h"
#include "tests/support/tables.h"
#include "transport/kex_method.h"

#include <stdio.h>

enum { SLOW_SCRATCH = 16 * 1024 /* bytes; ML-KEM needs less */ };

/* A random name of that kind. */
static const char *some_name(struct chance *c, enum algorithm_kind kind)
{
    return algorithms_of(kind)[chance_below(c, (uint32_t)algorithm_count(kind))].name;
}

/* Finite fields are slow, and so are methods that need much scratch memory. */
static bool is_slow(const char *name)
{
    const struct kex_method *m = algorithm_find(ALGORITHM_KEX, bytes_of(name))->method;

    return m->share_is_mpint || m->course == KEX_GROUP_EXCHANGE || m->scratch_len > SLOW_SCRATCH;
}

/* Slow methods are rare: other tests cover every method. */
static const char *some_kex(struct chance *c)
{
    bool slow = chance_one_in(c, 300);
    const char *name = some_name(c, ALGORITHM_KEX);

    while (is_slow(name) != slow)
        name = some_name(c, ALGORITHM_KEX);
    return name;
}

/* A list of one to three names; or the defaults. */
static const char *some_list(struct chance *c, enum algorithm_kind kind,
                             char out[SIMULATE_LIST_MAX])
{
    uint32_t count = chance_one_in(c, 3) ? 1 + chance_below(c, 3) : 1;
    size_t len = 0;

    if (kind != ALGORITHM_KEX && chance_one_in(c, 5))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, SIMULATE_LIST_MAX - len, "%s%s", i == 0 ? "" : ",",
                                kind == ALGORITHM_KEX ? some_kex(c) : some_name(c, kind));
    return out;
}

/* Mostly the same for both ends: otherwise they would often have nothing in common. */
static void choose_lists(struct world *w, enum algorithm_kind kind, const char **server,
                         const char **client, size_t i)
{
    struct party *one = &w->party[NACRE_SERVER], *other = &w->party[NACRE_CLIENT];

    *server = *client = some_list(&w->chance, kind, one->lists[i]);
    if (chance_one_in(&w->chance, 40))
        *client = some_list(&w->chance, kind, other->lists[i]);
}

void choose_algorithms(struct world *w)
{
    struct nacre_endpoint_config *server = &w->party[NACRE_SERVER].config;
    struct nacre_endpoint_config *client = &w->party[NACRE_CLIENT].config;

    choose_lists(w, ALGORITHM_KEX, &server->kex, &client->kex, 0);
    choose_lists(w, ALGORITHM_CIPHER, &server->ciphers, &client->ciphers, 1);
    choose_lists(w, ALGORITHM_MAC, &server->macs, &client->macs, 2);
}

/* Rates that are reached; input then waits for less than a second. */
static void choose_rates(struct party *p)
{
    struct chance *c = &p->world->chance;

    for (int i = 0; i < NACRE_RATES; i++)
        if (chance_one_in(c, 3))
            p->limits.rates[i] = (struct nacre_rate){chance_size(c, 64), 61 + chance_size(c, 6000)};
}

void choose_limits(struct party *p)
{
    struct chance *c = &p->world->chance;

    p->config.limits = &p->limits;
    p->limits = unhurried;
    if (chance_one_in(c, 4))
        choose_rates(p);
    if (p->config.role == NACRE_SERVER && chance_one_in(c, 4))
        p->limits.auth_delay_ms = chance_size(c, 2000);
    if (chance_one_in(c, 6))
        p->limits.window = 64 * 1024 + chance_size(c, 1 << 20);
    p->config.channels_max = chance_one_in(c, 3) ? chance_size(c, CHANNELS_SEEN) : CHANNELS_SEEN;
    if (chance_one_in(c, 4))
        p->config.rekey_bytes = 4096 + chance_size(c, 1 << 20);
    if (chance_one_in(c, 20)) {
        p->config.rekey_bytes = chance_size(c, 4096);
        p->world->write_most = 1024;
    }
    if (chance_one_in(c, 8))
        p->config.rekey_ms = chance_size(c, 60 * 1000);
    if (chance_one_in(c, 20))
        p->config.login_grace_ms = chance_size(c, 10 * 1000);
    if (chance_one_in(c, 6)) {
        p->limits.keepalive_ms = 1000 + chance_size(c, 60 * 1000);
        p->limits.keepalive_count = 1 + chance_below(c, 3);
    }
    if (chance_one_in(c, 10))
        p->limits.idle_ms = 10 * 1000 + chance_size(c, 600 * 1000);
    scarce_init(&p->scarce, 0, false);
    p->config.memory = &p->scarce.memory;
    if (chance_one_in(c, 12)) {
        p->scarce.refuse_at = chance_size(c, 400);
        p->scarce.for_good = chance_one_in(c, 2);
    }
}
