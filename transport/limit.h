/* What a session lets its peer do, and for how long: the limits that are for setting, of either
 * role. SECURITY.md has the whole table, with those that are fixed. */
#ifndef NACRE_TRANSPORT_LIMIT_H
#define NACRE_TRANSPORT_LIMIT_H

#include "transport/api.h"

/* What refused, slowed down or ended something. The first ones are a server's, before it makes a
 * session of a connection. */
enum nacre_limit {
    NACRE_LIMIT_CONNECTIONS,
    NACRE_LIMIT_STARTUPS,
    NACRE_LIMIT_SOURCE_STARTUPS,
    NACRE_LIMIT_PENALTY,
    NACRE_LIMIT_DESCRIPTORS,
    NACRE_LIMIT_HANDSHAKE,
    NACRE_LIMIT_LOGIN_GRACE,
    NACRE_LIMIT_AUTH_TRIES,
    NACRE_LIMIT_DECISIONS, /* a login that could not be decided: nacre_decide_unable */
    NACRE_LIMIT_CHANNELS,
    NACRE_LIMIT_WINDOW,
    NACRE_LIMIT_OPENS, /* the rates, in the order of struct nacre_limits */
    NACRE_LIMIT_REQUESTS,
    NACRE_LIMIT_GLOBALS,
    NACRE_LIMIT_PROOFS,
    NACRE_LIMIT_REKEYS,
    NACRE_LIMIT_KEEPALIVE,
    NACRE_LIMIT_IDLE,
};

enum {
    NACRE_LIMITS = NACRE_LIMIT_IDLE + 1,
    NACRE_RATES = NACRE_LIMIT_REKEYS - NACRE_LIMIT_OPENS + 1,
};

#define NACRE_UNLIMITED UINT32_MAX /* where zero means a default: no limit at all */

/* So many at once, and then so many a minute. A burst of 0: the default; of NACRE_UNLIMITED: as
 * many as it likes. */
struct nacre_rate {
    uint32_t burst, per_minute;
};

/* Zero means the default everywhere. */
struct nacre_limits {
    /* Server: from the first byte to the client's half of the key exchange. All that is computed by
     * then: no person is asked anything before. And from there to the login, from the first byte of
     * a packet to its last. Default 10 s; NACRE_UNLIMITED: login_grace_ms alone counts. */
    uint32_t handshake_ms;

    /* Server: how long a failed password or proof waits for its answer; twice as long each next
     * time on the connection. Default 250 ms; NACRE_UNLIMITED: not at all. */
    uint32_t auth_delay_ms;
    /* Server: the session ends with that many failed ones: MaxAuthTries. Default 6. */
    uint32_t auth_tries;

    /* Bytes that all channels of a connection together may make us hold. Default 16 MiB, at least
     * 64 KiB. */
    uint32_t window;

    /* Server: what a client does faster waits, with all it sends after it; a question for proofs of
     * host keys (hostkeys-prove, a signature each) is refused instead. New keys for 16 KiB or more
     * count for nothing. Defaults: below, in limit.c. A client by default waits for nothing. */
    struct nacre_rate rates[NACRE_RATES]; /* [limit - NACRE_LIMIT_OPENS] */

    /* After so long without a byte from the peer it is asked for a sign of life
     * (keepalive@openssh.com); when that many were sent in a row without one, the session ends as
     * timed out, one more keepalive_ms later. ClientAliveInterval, ClientAliveCountMax. */
    uint64_t keepalive_ms;    /* default: never asked */
    uint32_t keepalive_count; /* default 3 */

    /* After so long without anything on a channel, either way, the session ends as timed out;
     * keepalives, rekeys and global requests are not use. From the login on. */
    uint64_t idle_ms; /* default: never */
};

/* The option that sets it, "max-startups"; of the rates, the word in --rate-limits. Never NULL. */
NACRE_API const char *nacre_limit_name(enum nacre_limit limit);

/* ---- inside the library ---- */

/* Fill in the defaults; after that 0 means no limit. */
void limits_resolve(struct nacre_limits *limits, enum nacre_role role);

/* Take one of what the rate gives. `spent` is the bucket's, 0 at first. Returns 0, or until when to
 * do no more of it. */
uint64_t rate_take(uint64_t *spent, struct nacre_rate rate, uint64_t now_ms);

#endif
