#include "apps/server/admission.h"

#include "apps/files/authorized_from.h"
#include "apps/runtime/address_text.h"
#include "apps/runtime/short_lock.h"
#include "crypto/random.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESERVE = 8, /* one of so many connections is kept for users without one */
    SETS = 8192, /* of WAYS netblocks each: 65536 are remembered, as in sshd */
    WAYS = 8,
    EXEMPT_LISTS = 2,
    NO_ADDRESS = 1, /* in place of the family in a key */
    KNOWN_WAYS = 4, /* at most so many of them remember logins, so that penalties have space */
};

/* A source network: connecting now, serving a penalty, or one that has logged in before. */
struct netblock {
    uint8_t key[NETBLOCK_KEY_MAX]; /* all zero: free */
    bool penalised;                /* the penalty has reached the minimum that counts */
    uint32_t startups;
    uint64_t penalty_until_ms;
    uint64_t last_login; /* a number that grows with each login; 0: none is remembered */
};

struct admission {
    struct nacre_admission config;
    pthread_mutex_t lock;
    char *exempt[EXEMPT_LISTS]; /* penalty_exempt and proxy_from */
    pthread_mutex_t exempt_lock;
    uint32_t connections, startups;
    uint64_t secret[2], chance, logins;
    struct netblock (*sets)[WAYS];
};

struct admission *admission_new(const struct nacre_admission *config)
{
    struct admission *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->lock = (pthread_mutex_t)SHORT_LOCK;
    a->exempt_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    a->sets = calloc(SETS, sizeof *a->sets);
    if (a->sets == NULL || !admission_configure(a, config)) {
        admission_free(a);
        return NULL;
    }
    random_system.fill(random_system.context, (uint8_t *)a->secret, sizeof a->secret);
    a->chance = a->secret[0] | 1;
    return a;
}

void admission_free(struct admission *a)
{
    if (a == NULL)
        return;
    (void)pthread_mutex_destroy(&a->lock);
    (void)pthread_mutex_destroy(&a->exempt_lock);
    for (int i = 0; i < EXEMPT_LISTS; i++)
        free(a->exempt[i]);
    free(a->sets);
    free(a);
}

bool admission_configure(struct admission *a, const struct nacre_admission *config)
{
    const char *const lists[EXEMPT_LISTS] = {config->penalty_exempt, config->proxy_from};
    char *copies[EXEMPT_LISTS] = {NULL, NULL};
    bool good = true;

    for (int i = 0; i < EXEMPT_LISTS; i++) {
        copies[i] = lists[i] != NULL ? strdup(lists[i]) : NULL;
        good = good && (copies[i] != NULL || lists[i] == NULL);
    }
    if (good) {
        (void)pthread_mutex_lock(&a->lock);
        a->config = admission_resolve(config);
        (void)pthread_mutex_unlock(&a->lock);
        (void)pthread_mutex_lock(&a->exempt_lock);
        for (int i = 0; i < EXEMPT_LISTS; i++) {
            char *before = a->exempt[i];

            a->exempt[i] = copies[i];
            copies[i] = before;
        }
        (void)pthread_mutex_unlock(&a->exempt_lock);
    }
    for (int i = 0; i < EXEMPT_LISTS; i++)
        free(copies[i]);
    return good;
}

/* ---- netblocks ---- */

static void keep_bits(uint8_t *out, const uint8_t *address, size_t len, uint32_t bits)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t here = bits < 8 ? bits : 8;

        out[i] = address[i] & (uint8_t)(0xff00 >> here);
        bits -= here;
    }
}

/* An IPv4-mapped IPv6 address counts as IPv4. What has no address, a Unix socket, has one key: the
 * clients behind it share a budget of memory. */
static void make_key(const struct nacre_admission *c, uint8_t key[NETBLOCK_KEY_MAX],
                     const struct sockaddr_storage *from)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

    memset(key, 0, NETBLOCK_KEY_MAX);
    key[0] = NO_ADDRESS;
    if (from->ss_family == AF_UNIX)
        return;
    if (from->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        key[0] = 6;
        keep_bits(key + 1, v6->sin6_addr.s6_addr, 16, c->netblock_v6);
        return;
    }
    key[0] = 4;
    keep_bits(key + 1,
              from->ss_family == AF_INET ? (const uint8_t *)&v4->sin_addr
                                         : v6->sin6_addr.s6_addr + 12,
              4, c->netblock_v4);
}

/* Keyed, so that an attacker cannot choose addresses that fall into one set. */
static struct netblock *set_of(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX])
{
    uint64_t hash = a->secret[0];

    for (size_t i = 0; i < NETBLOCK_KEY_MAX; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29 ^ a->secret[1];
    }
    return a->sets[(hash >> 32) % SETS];
}

/* NULL: none; as in sshd, clients without an address are not counted per source. */
static struct netblock *find(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(a, key);

    for (int i = 0; i < WAYS; i++)
        if (memcmp(set[i].key, key, NETBLOCK_KEY_MAX) == 0)
            return &set[i];
    return NULL;
}

/* Which of two is of less use: strangers before sources that have logged in, and of each kind the
 * one whose penalty ends or whose login was first. */
static bool is_less_useful(const struct netblock *one, const struct netblock *two)
{
    if ((one->last_login != 0) != (two->last_login != 0))
        return one->last_login == 0;
    if (one->last_login != 0)
        return one->last_login < two->last_login;
    return one->penalty_until_ms < two->penalty_until_ms;
}

/* A slot for a new one: of those without connections, the least useful. NULL: none. */
static struct netblock *add(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(a, key), *best = NULL;

    if (key[0] == NO_ADDRESS)
        return NULL;
    for (int i = 0; i < WAYS; i++)
        if (set[i].startups == 0 && (best == NULL || is_less_useful(&set[i], best)))
            best = &set[i];
    if (best != NULL) {
        memset(best, 0, sizeof *best);
        memcpy(best->key, key, NETBLOCK_KEY_MAX);
    }
    return best;
}

/* ---- admission ---- */

static bool by_chance(struct admission *a, uint32_t per_cent)
{
    a->chance ^= a->chance << 13;
    a->chance ^= a->chance >> 7;
    a->chance ^= a->chance << 17;
    return a->chance % 100 < per_cent;
}

/* MaxStartups begin:rate:full. Chance does not decide about the first connection of an address:
 * that is refused only when all places are taken. */
static bool startups_full(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX],
                          const struct netblock *source)
{
    const struct nacre_admission *c = &a->config;
    uint32_t range =
        c->startups_full > c->startups_begin ? c->startups_full - c->startups_begin : 1;

    if (a->startups >= c->startups_full)
        return true;
    if (a->startups < c->startups_begin)
        return false;
    if (key[0] != NO_ADDRESS && (source == NULL || source->startups == 0))
        return false;
    return by_chance(a, c->startups_rate +
                            (100 - c->startups_rate) * (a->startups - c->startups_begin) / range);
}

static bool judge(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX], uint64_t now_ms,
                  enum nacre_limit *limit)
{
    const struct netblock *source = find(a, key);

    if (source != NULL && source->penalised && source->penalty_until_ms > now_ms)
        *limit = NACRE_LIMIT_PENALTY;
    else if (source != NULL && source->startups >= a->config.per_source_startups)
        *limit = NACRE_LIMIT_SOURCE_STARTUPS;
    else if (startups_full(a, key, source))
        *limit = NACRE_LIMIT_STARTUPS;
    else if (a->connections >= a->config.max_connections)
        *limit = NACRE_LIMIT_CONNECTIONS;
    else
        return true;
    return false;
}

/* FNV-1a. Two sources with the same number share their turns in the queue, and nothing else. */
uint64_t admission_source(const struct ticket *ticket)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < sizeof ticket->key; i++)
        hash = (hash ^ ticket->key[i]) * UINT64_C(0x100000001b3);
    return hash;
}

bool admission_enter(struct admission *a, const struct sockaddr_storage *from, uint64_t now_ms,
                     struct ticket *ticket, enum nacre_limit *limit)
{
    struct netblock *source;
    bool good;

    *ticket = (struct ticket){.admitted = false};
    (void)pthread_mutex_lock(&a->lock);
    make_key(&a->config, ticket->key, from);
    good = judge(a, ticket->key, now_ms, limit);
    if (good) {
        source = find(a, ticket->key);
        source = source != NULL ? source : add(a, ticket->key);
        ticket->admitted = ticket->starting = true;
        ticket->of_source = source != NULL;
        if (source != NULL)
            source->startups++;
        a->connections++;
        a->startups++;
    }
    (void)pthread_mutex_unlock(&a->lock);
    return good;
}

/* ---- leaving ---- */

static void started(struct admission *a, struct ticket *ticket)
{
    struct netblock *source = ticket->of_source ? find(a, ticket->key) : NULL;

    if (!ticket->starting)
        return;
    a->startups--;
    if (source != NULL)
        source->startups--;
    ticket->starting = ticket->of_source = false;
}

/* Remember the login; the oldest one of the set is forgotten when there are too many. */
static void remember_login(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(a, key), *source = find(a, key), *oldest = NULL;
    int known = 0;

    source = source != NULL ? source : add(a, key);
    if (source == NULL)
        return;
    source->last_login = ++a->logins;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].last_login == 0)
            continue;
        known++;
        if (oldest == NULL || set[i].last_login < oldest->last_login)
            oldest = &set[i];
    }
    if (known > KNOWN_WAYS)
        oldest->last_login = 0;
}

void admission_logged_in(struct admission *a, struct ticket *ticket)
{
    (void)pthread_mutex_lock(&a->lock);
    started(a, ticket);
    remember_login(a, ticket->key);
    (void)pthread_mutex_unlock(&a->lock);
}

bool admission_is_reserve(struct admission *a)
{
    uint32_t most;
    bool reserve;

    (void)pthread_mutex_lock(&a->lock);
    most = a->config.max_connections;
    reserve = a->connections > most - most / RESERVE;
    (void)pthread_mutex_unlock(&a->lock);
    return reserve;
}

enum source_rank admission_rank(struct admission *a, const struct ticket *ticket, uint64_t now_ms)
{
    enum source_rank rank = SOURCE_NEW;
    const struct netblock *source;

    (void)pthread_mutex_lock(&a->lock);
    source = find(a, ticket->key);
    if (source != NULL && source->last_login != 0)
        rank = SOURCE_KNOWN;
    else if (source != NULL && source->penalty_until_ms > now_ms)
        rank = SOURCE_FAILED;
    (void)pthread_mutex_unlock(&a->lock);
    return rank;
}

void admission_leave(struct admission *a, struct ticket *ticket)
{
    (void)pthread_mutex_lock(&a->lock);
    started(a, ticket);
    if (ticket->admitted)
        a->connections--;
    ticket->admitted = false;
    (void)pthread_mutex_unlock(&a->lock);
}

static bool is_exempt(struct admission *a, const char *address)
{
    char plain[ADDRESS_MAX];
    bool exempt = false;

    address_plain(plain, address);
    (void)pthread_mutex_lock(&a->exempt_lock);
    for (int i = 0; i < EXEMPT_LISTS; i++)
        exempt =
            exempt || (a->exempt[i] != NULL && authorized_from(a->exempt[i], plain) == FROM_YES);
    (void)pthread_mutex_unlock(&a->exempt_lock);
    return exempt;
}

/* Penalties add up; below the minimum they do nothing else. */
static void add_penalty(struct netblock *source, uint32_t ms, const struct nacre_admission *p,
                        uint64_t now_ms)
{
    if (source->penalty_until_ms <= now_ms) {
        source->penalty_until_ms = now_ms;
        source->penalised = false;
    }
    source->penalty_until_ms += ms;
    if (source->penalty_until_ms > now_ms + p->penalty_max_ms)
        source->penalty_until_ms = now_ms + p->penalty_max_ms;
    source->penalised = source->penalised || source->penalty_until_ms >= now_ms + p->penalty_min_ms;
}

/* Penalties expire as time passes. */
void admission_penalise(struct admission *a, const struct ticket *ticket, const char *address,
                        enum penalty_reason reason, uint64_t now_ms)
{
    const struct nacre_admission *p = &a->config;
    struct netblock *source;

    if (!ticket->admitted || is_exempt(a, address))
        return;
    (void)pthread_mutex_lock(&a->lock);
    if (!p->no_penalties) {
        const uint32_t penalties[] = {
            [PENALTY_AUTHFAIL] = p->penalty_authfail_ms,
            [PENALTY_NOAUTH] = p->penalty_noauth_ms,
            [PENALTY_GRACE_EXCEEDED] = p->penalty_grace_exceeded_ms,
        };

        source = find(a, ticket->key);
        source = source != NULL ? source : add(a, ticket->key);
        if (source != NULL)
            add_penalty(source, penalties[reason], p, now_ms);
    }
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_count(struct admission *a, uint32_t *connections, uint32_t *startups)
{
    (void)pthread_mutex_lock(&a->lock);
    *connections = a->connections;
    *startups = a->startups;
    (void)pthread_mutex_unlock(&a->lock);
}
