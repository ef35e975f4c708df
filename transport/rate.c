#include "transport/rate.h"

enum {
    HANDSHAKE_MS = 10 * 1000,
    AUTH_DELAY_MS = 250,
    KEEPALIVE_COUNT = 3,
    WINDOW_LEAST = 64 * 1024,
};

/* Ordinary clients stay far below these: dragging a window's edge makes about 60 requests a second,
 * a browser that uses ssh -D opens about a hundred channels at once. Tokens of rekeys stand for CPU
 * (kex_quota.h): 50 in a second are 1 % of a core. */
static const struct nacre_rate default_rates[NACRE_RATES] = {
    [NACRE_LIMIT_OPENS - NACRE_LIMIT_OPENS] = {1000, 60000},
    [NACRE_LIMIT_REQUESTS - NACRE_LIMIT_OPENS] = {1000, 60000},
    [NACRE_LIMIT_GLOBALS - NACRE_LIMIT_OPENS] = {200, 600},
    [NACRE_LIMIT_PROOFS - NACRE_LIMIT_OPENS] = {4, 4},
    [NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = {100, 3000},
};

static void fill(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
    else if (*value == NACRE_UNLIMITED)
        *value = 0;
}

void limits_resolve(struct nacre_limits *limits, enum nacre_role role)
{
    bool server = role == NACRE_SERVER;

    fill(&limits->handshake_ms, server ? HANDSHAKE_MS : 0);
    fill(&limits->auth_delay_ms, server ? AUTH_DELAY_MS : 0);
    fill(&limits->keepalive_count, KEEPALIVE_COUNT);
    if (limits->window != 0 && limits->window < WINDOW_LEAST)
        limits->window = WINDOW_LEAST;
    for (int i = 0; i < NACRE_RATES; i++) {
        struct nacre_rate *rate = &limits->rates[i];

        if (rate->burst == 0)
            *rate = server || i == NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS
                        ? default_rates[i]
                        : (struct nacre_rate){0, 0};
        else if (rate->burst == NACRE_UNLIMITED || rate->per_minute == 0)
            *rate = (struct nacre_rate){0, 0};
    }
}

/* A bucket is one number: the time, in microseconds, at which it will be full again. */
uint64_t rate_take_many(uint64_t *bucket, struct nacre_rate rate, uint32_t tokens, uint64_t now_ms)
{
    uint64_t now = now_ms * 1000, each, size;

    if (rate.burst == 0)
        return 0;
    each = UINT64_C(60) * 1000 * 1000 / rate.per_minute;
    size = each * rate.burst;
    *bucket = (*bucket > now ? *bucket : now) + each * tokens;
    return *bucket <= now + size ? 0 : (*bucket - size + 999) / 1000;
}

uint64_t rate_take(uint64_t *bucket, struct nacre_rate rate, uint64_t now_ms)
{
    return rate_take_many(bucket, rate, 1, now_ms);
}
