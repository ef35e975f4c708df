#include "transport/limit.h"

enum {
    HANDSHAKE_MS = 10 * 1000,
    AUTH_DELAY_MS = 250,
    KEEPALIVE_COUNT = 3,
    WINDOW_LEAST = 64 * 1024,
};

/* No stock client comes near these: a window that is dragged makes some 60 requests a second, a
 * browser behind ssh -D opens some hundred channels at once. */
static const struct nacre_rate default_rates[NACRE_RATES] = {
    [NACRE_LIMIT_OPENS - NACRE_LIMIT_OPENS] = {1000, 60000},
    [NACRE_LIMIT_REQUESTS - NACRE_LIMIT_OPENS] = {1000, 60000},
    [NACRE_LIMIT_GLOBALS - NACRE_LIMIT_OPENS] = {200, 600},
    [NACRE_LIMIT_PROOFS - NACRE_LIMIT_OPENS] = {4, 4},
    [NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS] = {16, 60},
};

const char *nacre_limit_name(enum nacre_limit limit)
{
    static const char *const names[NACRE_LIMITS] = {
        [NACRE_LIMIT_CONNECTIONS] = "max-connections",
        [NACRE_LIMIT_STARTUPS] = "max-startups",
        [NACRE_LIMIT_SOURCE_STARTUPS] = "per-source-max-startups",
        [NACRE_LIMIT_PENALTY] = "per-source-penalties",
        [NACRE_LIMIT_DESCRIPTORS] = "descriptors",
        [NACRE_LIMIT_HANDSHAKE] = "handshake-time",
        [NACRE_LIMIT_DECISIONS] = "undecided",
        [NACRE_LIMIT_LOGIN_GRACE] = "login-grace-time",
        [NACRE_LIMIT_AUTH_TRIES] = "max-auth-tries",
        [NACRE_LIMIT_CHANNELS] = "max-sessions",
        [NACRE_LIMIT_WINDOW] = "max-window",
        [NACRE_LIMIT_OPENS] = "opens",
        [NACRE_LIMIT_REQUESTS] = "requests",
        [NACRE_LIMIT_GLOBALS] = "globals",
        [NACRE_LIMIT_PROOFS] = "proofs",
        [NACRE_LIMIT_REKEYS] = "rekeys",
        [NACRE_LIMIT_KEEPALIVE] = "keepalive",
        [NACRE_LIMIT_IDLE] = "idle-timeout",
    };

    return names[limit];
}

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
            *rate = server ? default_rates[i] : (struct nacre_rate){0, 0};
        else if (rate->burst == NACRE_UNLIMITED || rate->per_minute == 0)
            *rate = (struct nacre_rate){0, 0};
    }
}

/* A bucket is one number: when, in microseconds, it is full again. */
uint64_t rate_take(uint64_t *spent, struct nacre_rate rate, uint64_t now_ms)
{
    uint64_t now = now_ms * 1000, each, size;

    if (rate.burst == 0)
        return 0;
    each = UINT64_C(60) * 1000 * 1000 / rate.per_minute;
    size = each * rate.burst;
    *spent = (*spent > now ? *spent : now) + each;
    return *spent <= now + size ? 0 : (*spent - size + 999) / 1000;
}
