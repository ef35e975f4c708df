#include "transport/limit.h"

_Static_assert(NACRE_RATES <= sizeof((struct nacre_limits){0}.rates) / sizeof(struct nacre_rate),
               "there is space for every rate");

const char *nacre_limit_name(enum nacre_limit limit)
{
    static const char *const names[NACRE_LIMITS] = {
        [NACRE_LIMIT_CONNECTIONS] = "max-connections",
        [NACRE_LIMIT_STARTUPS] = "max-startups",
        [NACRE_LIMIT_SOURCE_STARTUPS] = "per-source-max-startups",
        [NACRE_LIMIT_PENALTY] = "per-source-penalties",
        [NACRE_LIMIT_DESCRIPTORS] = "descriptors",
        [NACRE_LIMIT_PROXY_HEADER] = "proxy-from",
        [NACRE_LIMIT_HANDSHAKE] = "handshake-time",
        [NACRE_LIMIT_DECISIONS] = "undecided",
        [NACRE_LIMIT_LOGIN_GRACE] = "login-grace-time",
        [NACRE_LIMIT_AUTH_TRIES] = "max-auth-tries",
        [NACRE_LIMIT_CHANNELS] = "max-sessions",
        [NACRE_LIMIT_WINDOW] = "max-window",
        [NACRE_LIMIT_MEMORY] = "max-memory",
        [NACRE_LIMIT_USER_MEMORY] = "per-user-max-memory",
        [NACRE_LIMIT_LOW_MEMORY] = "low-memory",
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
