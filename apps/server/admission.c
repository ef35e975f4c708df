#include "apps/server/admission.h"

#include "apps/files/authorized_from.h"
#include "apps/runtime/address_text.h"
#include "apps/runtime/short_lock.h"
#include "apps/server/netblock.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESERVE = 8, /* one of so many connections is kept for users without one */
    EXEMPT_LISTS = 2,
};

struct admission {
    struct nacre_admission config;
    pthread_mutex_t lock;
    char *exempt[EXEMPT_LISTS]; /* penalty_exempt and proxy_from */
    pthread_mutex_t exempt_lock;
    uint32_t connections, startups;
    uint64_t chance; /* never 0 */
    struct netblocks *sources;
};

struct admission *admission_new(const struct nacre_admission *config)
{
    struct admission *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->lock = (pthread_mutex_t)SHORT_LOCK;
    a->exempt_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    a->sources = netblocks_new();
    if (a->sources == NULL || !admission_configure(a, config)) {
        admission_free(a);
        return NULL;
    }
    random_system.fill(random_system.context, (uint8_t *)&a->chance, sizeof a->chance);
    a->chance |= 1;
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
    netblocks_free(a->sources);
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
    if (netblock_has_address(key) && (source == NULL || source->startups == 0))
        return false;
    return by_chance(a, c->startups_rate +
                            (100 - c->startups_rate) * (a->startups - c->startups_begin) / range);
}

static bool judge(struct admission *a, const uint8_t key[NETBLOCK_KEY_MAX], uint64_t now_ms,
                  enum nacre_limit *limit)
{
    const struct netblock *source = netblock_find(a->sources, key);

    if (source != NULL && netblock_serves_penalty(source, now_ms))
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
    netblock_key(ticket->key, &a->config, from);
    good = judge(a, ticket->key, now_ms, limit);
    if (good) {
        source = netblock_take(a->sources, ticket->key);
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
    struct netblock *source = ticket->of_source ? netblock_find(a->sources, ticket->key) : NULL;

    if (!ticket->starting)
        return;
    a->startups--;
    if (source != NULL)
        source->startups--;
    ticket->starting = ticket->of_source = false;
}

void admission_logged_in(struct admission *a, struct ticket *ticket)
{
    (void)pthread_mutex_lock(&a->lock);
    started(a, ticket);
    netblock_remember_login(a->sources, ticket->key);
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
    source = netblock_find(a->sources, ticket->key);
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

        source = netblock_take(a->sources, ticket->key);
        if (source != NULL)
            netblock_penalise(source, penalties[reason], p, now_ms);
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
