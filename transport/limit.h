/* The limits of a session that can be set, for either role. nacre-echo(1) has all of them,
 * including the fixed ones. nacre_limit_name may be called from any thread. */
#ifndef NACRE_TRANSPORT_LIMIT_H
#define NACRE_TRANSPORT_LIMIT_H

#include "transport/api.h"

/* The limit that refused, delayed or ended something. The first six are a server's, before a
 * connection becomes a session. */
enum nacre_limit {
    NACRE_LIMIT_CONNECTIONS,
    NACRE_LIMIT_STARTUPS,
    NACRE_LIMIT_SOURCE_STARTUPS,
    NACRE_LIMIT_PENALTY,
    NACRE_LIMIT_DESCRIPTORS,
    NACRE_LIMIT_PROXY_HEADER, /* a load balancer's connection without its header */
    NACRE_LIMIT_HANDSHAKE,
    NACRE_LIMIT_LOGIN_GRACE,
    NACRE_LIMIT_AUTH_TRIES,
    NACRE_LIMIT_DECISIONS, /* a login could not be decided: nacre_decide_unable */
    NACRE_LIMIT_CHANNELS,
    NACRE_LIMIT_WINDOW,
    NACRE_LIMIT_MEMORY,      /* nothing is left of the budget of the process, */
    NACRE_LIMIT_USER_MEMORY, /* ... or of that of the user */
    NACRE_LIMIT_LOW_MEMORY,  /* one of them runs low: windows are smaller, or granted later */
    NACRE_LIMIT_OPENS,       /* the rates, in the order of struct nacre_limits */
    NACRE_LIMIT_REQUESTS,
    NACRE_LIMIT_GLOBALS,
    NACRE_LIMIT_PROOFS,
    NACRE_LIMIT_REKEYS,
    NACRE_LIMIT_KEEPALIVE,
    NACRE_LIMIT_IDLE,
};

/* How many limits there are, and how many of them are rates. Later versions may have more. */
enum {
    NACRE_LIMITS = NACRE_LIMIT_IDLE + 1,
    NACRE_RATES = NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS + 1,
};

#define NACRE_UNLIMITED UINT32_MAX /* where zero means a default: no limit at all */

/* So many messages at once, a burst, and after that so many per minute. A burst of 0: the default;
 * of NACRE_UNLIMITED: no limit.
 */
struct nacre_rate {
    uint32_t burst, per_minute; /* messages */
};

/* Zero means the default everywhere. */
struct nacre_limits {
    /* Server: from the first byte to the client's half of the key exchange, where the client's
     * program needs no person; after that, until the login, from the first byte of a packet to its
     * last. Default 10 s; NACRE_UNLIMITED: only login_grace_ms applies. */
    uint32_t handshake_ms;

    /* Server: delay of the answer to a failed password or signature; each failure on the
     * connection doubles it. Default 250 ms; NACRE_UNLIMITED: none. */
    uint32_t auth_delay_ms;
    /* Server: the session ends after this many failures: MaxAuthTries. Default 6. */
    uint32_t auth_tries;

    /* Bytes that all channels of a connection together may make us buffer. Default 16 MiB, at least
     * 64 KiB. */
    uint32_t window;

    /* A message beyond these rates waits, and so does all that follows it; a request for proofs of
     * host keys (hostkeys-prove, a signature each) is refused instead. A rekey that the peer begins
     * after the login counts once, and as many times more as its method and the host key cost more
     * than the cheapest. Defaults: 1000 at once and 60,000 per minute for opens and for requests,
     * 200 and 600 for global requests, 4 and 4 for proofs, 100 and 3000 for rekeys. Client: by
     * default only rekeys are limited. */
    struct nacre_rate rates[16]; /* [limit - NACRE_LIMIT_OPENS]; there are NACRE_RATES of them */

    /* After this long without a byte from the peer a keepalive@openssh.com is sent. When
     * keepalive_count in a row are unanswered for one more keepalive_ms, the session ends as timed
     * out. ClientAliveInterval, ClientAliveCountMax. */
    uint64_t keepalive_ms;    /* default: never */
    uint32_t keepalive_count; /* default 3 */

    /* After this long without any message on a channel, in either direction, the session ends as
     * timed out; keepalives, rekeys and global requests do not count. Starts with the login. */
    uint64_t idle_ms; /* default: never */
};

/* The name of the option that sets it, "max-startups"; for a rate, its name in --rate-limits.
 * Static text, never NULL. */
NACRE_API const char *nacre_limit_name(enum nacre_limit limit);

#endif
