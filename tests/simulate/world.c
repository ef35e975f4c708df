/* The two ends, their owners' loops, the network between them, and the clock. */
#include "tests/support/pair.h"
#include "tests/simulate/simulate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_MAX = 3000,
    TURNS_MAX = 4 * 1000 * 1000, /* after so many nothing has come to rest */
    HOUR_MS = 3600 * 1000,       /* the age of keys, unless something else is said */
    EXCHANGE_MS = 120 * 1000,    /* a login, and a key exchange, take no longer */
    HANDSHAKE_MS = 10 * 1000,    /* the default of nacre_limits */
    IDLE_MEMORY = 12 * 1024,     /* bytes of a session at rest, */
    IDLE_CHANNEL_MEMORY = 1024,  /* ... of each channel, */
    REPLIES_MEMORY = 2 * 1024,   /* ... and of answers that wait */
    OVERDUE_MAX = 1000,          /* turns in which a deadline that has passed may stay */
};

const char *simulate_program = "simulate";

/* ---- words ---- */

static void say(const struct world *w, const char *format, va_list args)
{
    (void)fprintf(stderr, "seed %llu, step %u, %llu ms: ", (unsigned long long)w->seed, w->step,
                  (unsigned long long)w->now_ms);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

void simulate_fail(const struct world *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(w, format, args);
    va_end(args);
    (void)fprintf(stderr, "again: %s -v %llu\n", simulate_program, (unsigned long long)w->seed);
    _Exit(1);
}

void simulate_trace(const struct world *w, const char *format, ...)
{
    va_list args;

    if (!w->verbose)
        return;
    va_start(args, format);
    say(w, format, args);
    va_end(args);
}

/* ---- the network ---- */

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

/* ---- what the owner of a session does (apps/server/peer.c is the real one) ---- */

static void lose(struct party *p)
{
    simulate_trace(p->world, "%s: the connection is gone", p->name);
    if (p->session != NULL)
        nacre_session_lost(p->session);
    p->gone = true;
    p->out.shut = true;
}

/* Send what there is, or some of it. False: nothing could be sent. */
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

static bool has_output(const struct party *p)
{
    size_t len;

    (void)nacre_session_output(p->session, &len);
    return len > 0;
}

static void look_at_timer(struct party *p)
{
    struct world *w = p->world;

    p->timer_ms = nacre_session_deadline(p->session);
    p->overdue = p->timer_ms > w->now_ms ? 0 : p->overdue + 1; /* a step more in the next turn */
    REQUIRE(w, p->overdue < OVERDUE_MAX, "%s: a deadline that has passed stays", p->name);
    p->woken = p->woken || p->overdue > 0;
}

/* One turn. False: there was nothing to do. */
static bool serve(struct party *p)
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
    look_at_timer(p);
    if (has_output(p) && !p->blocked)
        p->woken = true; /* in the next turn */
    if (!has_output(p))
        p->blocked = false;
    if (nacre_session_ended(p->session, NULL) && !has_output(p))
        lose(p);
    return moved;
}

/* Bytes arrive. False: none could. */
static bool receive(struct party *from)
{
    struct party *to = from->other;
    struct world *w = from->world;
    size_t room, n;
    uint8_t *at;

    if (to->gone || w->dead || w->now_ms < from->out.until_ms)
        return false;
    if (from->out.len == 0 && from->out.shut) {
        nacre_session_sent(to->session, 0, w->now_ms); /* what was read before still counts */
        lose(to);
        return true;
    }
    if (nacre_session_ended(to->session, NULL) || from->out.len == 0)
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

/* An end that has gone reads no more: what the other one sends gets lost, and it notices. */
static bool notice(struct party *p)
{
    if (p->gone || !p->other->gone)
        return false;
    p->out.len = 0;
    if (p->other->out.len > 0 && !nacre_session_ended(p->session, NULL))
        return false; /* last words are still on their way */
    lose(p);
    return true;
}

/* The other end does not take the last words of a session: its owner gives up after a while. */
static bool give_up(struct world *w)
{
    bool moved = false;

    for (int i = 0; i < 2; i++) {
        struct party *p = &w->party[i];

        if (!p->gone && nacre_session_ended(p->session, NULL)) {
            lose(p);
            moved = true;
        }
    }
    return moved;
}

/* ---- what may never be so ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return b != 0 && b < a ? b : a;
}

/* No session sleeps for longer than its limits let it. */
static uint64_t longest_sleep(const struct party *p)
{
    const struct nacre_endpoint_config *c = &p->config;
    uint64_t keys_ms = c->rekey_ms == 0 ? HOUR_MS : c->rekey_ms;

    if (!p->authenticated)
        return c->login_grace_ms == 0 ? EXCHANGE_MS : c->login_grace_ms;
    if (keys_ms < EXCHANGE_MS) /* one may be under way */
        keys_ms = EXCHANGE_MS;
    return least(least(keys_ms, c->limits.keepalive_ms), c->limits.idle_ms);
}

static void check_party(struct party *p)
{
    struct world *w = p->world;
    size_t memory = nacre_endpoint_memory(p->endpoint);

    REQUIRE(w, memory <= watch_budget(p), "%s: holds %zu bytes, more than the %zu it may", p->name,
            memory, watch_budget(p));
    if (p->gone || p->woken)
        return;
    REQUIRE(w, p->blocked || !has_output(p), "%s: has something to send and did not say so",
            p->name);
    REQUIRE(w, nacre_session_deadline(p->session) >= p->timer_ms,
            "%s: its deadline came nearer and it did not say so", p->name);
    REQUIRE(w, p->ended || nacre_session_deadline(p->session) <= w->now_ms + longest_sleep(p),
            "%s: it sleeps for longer than its limits let it", p->name);
}

static size_t idle_budget(const struct party *p)
{
    size_t budget = IDLE_MEMORY;

    for (int i = 0; i < CHANNELS_SEEN; i++)
        if (p->taps[i].live)
            budget += IDLE_CHANNEL_MEMORY;
    return budget;
}

/* ---- everyone is willing ---- */

/* Nothing moves, and somebody's limits hold something back: that time passes. */
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
        w->party[i].woken = true; /* the network takes more */
        if (!w->party[i].gone)
            app_be_willing(&w->party[i]);
    }
    while (moved) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            struct party *p = &w->party[i];

            if (!p->gone)
                app_answer(p);
            moved = serve(p) || moved;
            check_party(p);
            moved = receive(p) || moved;
            moved = notice(p) || moved;
            check_party(p->other);
        }
        moved = moved || wait_for_limits(w) || give_up(w);
        REQUIRE(w, ++turns < TURNS_MAX, "it never comes to rest");
    }
    w->settling = false;
}

void world_check_settled(struct world *w)
{
    struct party *server = &w->party[NACRE_SERVER], *client = &w->party[NACRE_CLIENT];

    if (server->gone || client->gone) {
        REQUIRE(w, server->gone && client->gone, "one end is gone, the other does not notice");
        return;
    }
    REQUIRE(w, server->authenticated && client->authenticated, "the login stands still");
    app_check_settled(w);
    for (int i = 0; i < 2; i++)
        REQUIRE(w, nacre_endpoint_memory(w->party[i].endpoint) <= idle_budget(&w->party[i]),
                "%s: holds %zu bytes at rest", w->party[i].name,
                nacre_endpoint_memory(w->party[i].endpoint));
}

/* ---- what happens ---- */

static struct party *some_party(struct world *w)
{
    return &w->party[chance_below(&w->chance, 2)];
}

static void happen_serve(struct world *w)
{
    (void)serve(some_party(w));
}

static void happen_receive(struct world *w)
{
    (void)receive(some_party(w));
}

static void happen_act(struct world *w)
{
    app_act(some_party(w));
}

static void happen_notice(struct world *w)
{
    (void)notice(some_party(w));
}

/* Time passes, now and then up to the next deadline. */
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

/* Both directions break at once: what was on its way is lost, and each end learns of it in its own
 * time. */
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

/* One end sends no more; what is on its way arrives. */
static void happen_half_close(struct world *w)
{
    struct party *p = some_party(w);

    if (!chance_one_in(&w->chance, 60))
        return;
    simulate_trace(w, "%s: half-close", p->name);
    p->out.shut = true;
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
    {30, happen_serve}, {30, happen_receive}, {30, happen_act}, {4, happen_time},
    {2, happen_delay},  {2, happen_narrow},   {1, happen_cut},  {1, happen_half_close},
    {1, happen_notice}, {1, happen_settle},
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

/* ---- the beginning ---- */

static void on_authenticated(void *context, const char *user)
{
    struct party *p = context;

    REQUIRE(p->world, !p->authenticated && !p->ended && strcmp(user, "alice") == 0, "%s: odd login",
            p->name);
    app_check_login(p);
    p->authenticated = true;
    p->used_ms = p->world->now_ms;
    p->world->tally->logins++;
}

/* Nobody is given up too early. */
static void check_timeout(const struct party *p, const char *text)
{
    const struct world *w = p->world;
    const struct nacre_limits *limits = &p->config.limits;

    if (strstr(text, "login") != NULL)
        REQUIRE(w, !p->authenticated, "%s: %s", p->name, text);
    else if (strstr(text, "handshake") != NULL || strstr(text, "packet") != NULL)
        REQUIRE(w, !p->authenticated && w->now_ms >= HANDSHAKE_MS, "%s: %s", p->name, text);
    else if (strstr(text, "key exchange") != NULL)
        REQUIRE(w, w->now_ms >= p->exchange_ms + EXCHANGE_MS, "%s: %s", p->name, text);
    else if (strstr(text, "sign of life") != NULL)
        REQUIRE(w,
                limits->keepalive_ms != 0 &&
                    w->now_ms >= p->heard_ms + (limits->keepalive_count + 1) * limits->keepalive_ms,
                "%s: %s, and it was heard at %llu", p->name, text, (unsigned long long)p->heard_ms);
    else
        REQUIRE(w, limits->idle_ms != 0 && w->now_ms >= p->used_ms + limits->idle_ms,
                "%s: %s, and it was used at %llu", p->name, text, (unsigned long long)p->used_ms);
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct party *p = context;
    struct world *w = p->world;

    simulate_trace(w, "%s: ended, %s: %s", p->name, nacre_cause_text(why->cause), why->text);
    REQUIRE(w, !p->ended, "%s: ended twice", p->name);
    REQUIRE(w,
            why->cause != NACRE_PROTOCOL_ERROR || p->scarce.failed ||
                strstr(why->text, "in common") != NULL,
            "%s: protocol error: %s", p->name, why->text);
    REQUIRE(w, why->cause != NACRE_OUT_OF_RESOURCES || p->scarce.failed, "%s: out of resources: %s",
            p->name, why->text);
    for (uint32_t i = 0; i < w->link_count; i++)
        for (int j = 0; j < 2; j++)
            REQUIRE(w, w->links[i].side[j].party != p || w->links[i].side[j].channel == NULL,
                    "%s: ended before channel %u was closed", p->name, i);
    if (why->cause == NACRE_TIMED_OUT)
        check_timeout(p, why->text);
    p->ended = true;
    w->tally->ended[why->cause]++;
}

static void *allocate(void *context, size_t size)
{
    struct scarce *s = context;

    s->count++;
    if (s->fail_at != 0 && (s->count == s->fail_at || (s->for_good && s->count > s->fail_at))) {
        s->failed = true;
        return NULL;
    }
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

static void on_wake(void *context)
{
    struct party *p = context;

    p->woken = true;
}

static bool host_key_accepted(void *context, const char *algorithm, const uint8_t *key, size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    (void)len;
    return true;
}

/* The dear ones are rare: every one of them is tested elsewhere. */
static const char *some_kex(struct chance *c)
{
    static const char *const names[] = {"ecdh-sha2-nistp256", "mlkem768x25519-sha256",
                                        "curve25519-sha256,ecdh-sha2-nistp256"};

    if (chance_one_in(c, 300))
        return "sntrup761x25519-sha512,diffie-hellman-group14-sha256";
    return chance_one_in(c, 4) ? names[chance_below(c, 3)] : "curve25519-sha256";
}

static const char *some_cipher(struct chance *c)
{
    static const char *const names[] = {
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
        NULL,
        NULL,
        "aes128-gcm@openssh.com,aes128-ctr",
    };

    return names[chance_below(c, sizeof names / sizeof names[0])];
}

static const char *some_mac(struct chance *c)
{
    static const char *const names[] = {"hmac-sha2-256-etm@openssh.com",
                                        "hmac-sha2-512",
                                        "hmac-sha2-256",
                                        "hmac-sha2-512-etm@openssh.com",
                                        "hmac-sha1,hmac-sha1-etm@openssh.com",
                                        NULL};

    return names[chance_below(c, sizeof names / sizeof names[0])];
}

/* The same for both ends, mostly: else there is often nothing in common. */
static void choose_algorithms(struct world *w)
{
    struct nacre_endpoint_config *server = &w->party[NACRE_SERVER].config;
    struct nacre_endpoint_config *client = &w->party[NACRE_CLIENT].config;

    client->kex = server->kex = some_kex(&w->chance);
    client->ciphers = server->ciphers = some_cipher(&w->chance);
    client->macs = server->macs = some_mac(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->kex = some_kex(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->ciphers = some_cipher(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->macs = some_mac(&w->chance);
}

/* Rates that are met: input waits for less than a second each time. */
static void choose_rates(struct party *p)
{
    struct chance *c = &p->world->chance;

    for (int i = 0; i < NACRE_RATES; i++)
        if (chance_one_in(c, 3))
            p->config.limits.rates[i] =
                (struct nacre_rate){chance_size(c, 64), 61 + chance_size(c, 6000)};
}

static void choose_limits(struct party *p)
{
    struct chance *c = &p->world->chance;

    p->config.limits = unhurried;
    if (chance_one_in(c, 4))
        choose_rates(p);
    if (p->config.role == NACRE_SERVER && chance_one_in(c, 4))
        p->config.limits.auth_delay_ms = chance_size(c, 2000);
    if (chance_one_in(c, 6))
        p->config.limits.window = 64 * 1024 + chance_size(c, 1 << 20);
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
        p->config.limits.keepalive_ms = 1000 + chance_size(c, 60 * 1000);
        p->config.limits.keepalive_count = 1 + chance_below(c, 3);
    }
    if (chance_one_in(c, 10))
        p->config.limits.idle_ms = 10 * 1000 + chance_size(c, 600 * 1000);
    p->scarce.memory = (struct nacre_memory){allocate, release, &p->scarce};
    p->config.memory = &p->scarce.memory;
    if (chance_one_in(c, 12)) {
        p->scarce.fail_at = chance_size(c, 400);
        p->scarce.for_good = chance_one_in(c, 2);
    }
}

/* The keys of all runs. */
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

    config->host_keys = server ? &keys[0] : NULL;
    config->host_key_count = server;
    if (!server) {
        config->user = "alice";
        config->password = chance_one_in(&w->chance, 40) ? "wrong" : "secret";
        config->keys = &keys[1];
        config->key_count = chance_one_in(&w->chance, 4);
        config->host_key_accepted = host_key_accepted;
    }
    config->authenticated = on_authenticated;
    config->ended = on_ended;
    config->wake = on_wake;
    config->observer = &watch_observer;
    config->random = p->random.fill;
    config->random_context = p->random.context;
    app_configure(p);
    p->endpoint = nacre_endpoint_new(config, NULL, 0);
    REQUIRE(w, p->endpoint != NULL, "no endpoint");
    p->session = nacre_session_new(p->endpoint, p, w->now_ms);
    if (p->session == NULL) {
        REQUIRE(w, p->scarce.failed, "%s: no session", p->name);
        p->gone = p->ended = p->out.shut = true;
        return;
    }
    p->woken = true;
    look_at_timer(p);
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

/* ---- the end ---- */

/* Hours without a byte from the applications: keys are renewed by the clock. Both owners oversleep
 * what comes between. */
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
    REQUIRE(w, p->ended, "%s: was never told the end", p->name);
    if (p->decision != NULL) /* it may be answered after all */
        nacre_decide(p->decision, true);
    REQUIRE(w, nacre_endpoint_memory(p->endpoint) == 0, "%s: left %zu bytes behind", p->name,
            nacre_endpoint_memory(p->endpoint));
    nacre_endpoint_free(p->endpoint);
    free(p->out.bytes);
}

static void finish(struct world *w)
{
    static void (*const ends[])(struct world * w) = {end_disconnect, end_cut, end_at_once};

    world_settle(w);
    world_check_settled(w);
    if (chance_one_in(&w->chance, 100))
        pass_hours(w);
    ends[chance_below(&w->chance, 3)](w);
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
    if (w->write_most > w->piece * 64) /* what drips does not get far */
        w->write_most = (uint32_t)w->piece * 64;
    prepare(w, NACRE_SERVER);
    prepare(w, NACRE_CLIENT);
    for (int i = 0; i < 2; i++) /* else each wait for a rekey brings the next one */
        if (w->party[i].config.limits.rates[NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS].per_minute != 0)
            w->party[1 - i].config.rekey_ms = 0;
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
    free(w);
    return digest;
}

uint64_t simulate(uint64_t seed, bool verbose, struct tally *tally)
{
    struct world *w = world_new(seed, verbose, tally);
    uint32_t steps;

    world_start(w);
    steps = chance_below(&w->chance, chance_one_in(&w->chance, 3) ? STEPS_MAX : STEPS_MAX / 8);
    if (chance_one_in(&w->chance, 2)) /* logged in before anything can go wrong */
        world_settle(w);
    for (w->step = 1; w->step <= steps; w->step++) {
        happen(w);
        for (int i = 0; i < 2; i++)
            check_party(&w->party[i]);
    }
    finish(w);
    return world_end(w);
}
