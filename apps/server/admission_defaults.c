#include "apps/server/admission.h"

enum {
    CONNECTIONS_MAX = 65536,
    STARTUPS_BEGIN = 100,
    STARTUPS_RATE = 30, /* per cent */
    STARTUPS_FULL = 1000,
    PER_SOURCE_STARTUPS = 64,
    NETBLOCK_V4 = 32, /* bits */
    NETBLOCK_V6 = 64,
    AUTHFAIL_MS = 5 * 1000,
    NOAUTH_MS = 1 * 1000,
    GRACE_EXCEEDED_MS = 10 * 1000,
    PENALTY_MIN_MS = 15 * 1000,
    PENALTY_MAX_MS = 600 * 1000,
};

static void fill(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

struct nacre_admission admission_resolve(const struct nacre_admission *config)
{
    struct nacre_admission c = *config;

    fill(&c.max_connections, CONNECTIONS_MAX);
    fill(&c.startups_begin, STARTUPS_BEGIN);
    fill(&c.startups_rate, STARTUPS_RATE);
    fill(&c.startups_full, STARTUPS_FULL);
    fill(&c.per_source_startups, PER_SOURCE_STARTUPS);
    fill(&c.netblock_v4, NETBLOCK_V4);
    fill(&c.netblock_v6, NETBLOCK_V6);
    fill(&c.penalty_authfail_ms, AUTHFAIL_MS);
    fill(&c.penalty_noauth_ms, NOAUTH_MS);
    fill(&c.penalty_grace_exceeded_ms, GRACE_EXCEEDED_MS);
    fill(&c.penalty_min_ms, PENALTY_MIN_MS);
    fill(&c.penalty_max_ms, PENALTY_MAX_MS);
    return c;
}
