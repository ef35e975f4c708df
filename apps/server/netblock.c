#include "apps/server/netblock.h"

#include "crypto/random.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    SETS = 8192, /* of WAYS netblocks each: 65536 are remembered, as in sshd */
    WAYS = 8,
    KNOWN_WAYS = 4, /* at most so many of them remember logins, so that penalties have space */
    NO_ADDRESS = 1, /* in place of the family in a key */
};

struct netblocks {
    uint64_t secret[2], logins;
    struct netblock sets[SETS][WAYS];
};

struct netblocks *netblocks_new(void)
{
    struct netblocks *n = calloc(1, sizeof *n);

    if (n != NULL)
        random_system.fill(random_system.context, (uint8_t *)n->secret, sizeof n->secret);
    return n;
}

void netblocks_free(struct netblocks *n)
{
    free(n);
}

/* ---- keys ---- */

static void keep_bits(uint8_t *out, const uint8_t *address, size_t len, uint32_t bits)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t here = bits < 8 ? bits : 8;

        out[i] = address[i] & (uint8_t)(0xff00 >> here);
        bits -= here;
    }
}

/* An IPv4-mapped IPv6 address counts as IPv4. All clients that connect to a Unix socket have one
 * key, and so share a budget of memory. */
void netblock_key(uint8_t key[NETBLOCK_KEY_MAX], const struct nacre_admission *config,
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
        keep_bits(key + 1, v6->sin6_addr.s6_addr, 16, config->netblock_v6);
        return;
    }
    key[0] = 4;
    keep_bits(key + 1,
              from->ss_family == AF_INET ? (const uint8_t *)&v4->sin_addr
                                         : v6->sin6_addr.s6_addr + 12,
              4, config->netblock_v4);
}

bool netblock_has_address(const uint8_t key[NETBLOCK_KEY_MAX])
{
    return key[0] != NO_ADDRESS;
}

/* ---- the table ---- */

/* Keyed, so that an attacker cannot choose addresses that fall into one set. */
static struct netblock *set_of(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX])
{
    uint64_t hash = n->secret[0];

    for (size_t i = 0; i < NETBLOCK_KEY_MAX; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29 ^ n->secret[1];
    }
    return n->sets[(hash >> 32) % SETS];
}

struct netblock *netblock_find(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(n, key);

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

static struct netblock *add(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(n, key), *best = NULL;

    for (int i = 0; i < WAYS; i++)
        if (set[i].startups == 0 && (best == NULL || is_less_useful(&set[i], best)))
            best = &set[i];
    if (best != NULL) {
        memset(best, 0, sizeof *best);
        memcpy(best->key, key, NETBLOCK_KEY_MAX);
    }
    return best;
}

struct netblock *netblock_take(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *source;

    if (!netblock_has_address(key))
        return NULL;
    source = netblock_find(n, key);
    return source != NULL ? source : add(n, key);
}

void netblock_remember_login(struct netblocks *n, const uint8_t key[NETBLOCK_KEY_MAX])
{
    struct netblock *set = set_of(n, key), *source = netblock_take(n, key), *oldest = NULL;
    int known = 0;

    if (source == NULL)
        return;
    source->last_login = ++n->logins;
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

/* ---- penalties ---- */

void netblock_penalise(struct netblock *source, uint32_t ms, const struct nacre_admission *config,
                       uint64_t now_ms)
{
    if (source->penalty_until_ms <= now_ms) {
        source->penalty_until_ms = now_ms;
        source->penalised = false;
    }
    source->penalty_until_ms += ms;
    if (source->penalty_until_ms > now_ms + config->penalty_max_ms)
        source->penalty_until_ms = now_ms + config->penalty_max_ms;
    source->penalised =
        source->penalised || source->penalty_until_ms >= now_ms + config->penalty_min_ms;
}

bool netblock_serves_penalty(const struct netblock *source, uint64_t now_ms)
{
    return source->penalised && source->penalty_until_ms > now_ms;
}
