/* What one session lets its peer do, and for how long; of either role. SECURITY.md has the whole
 * table of limits, those included that are not for setting. */
#ifndef NACRE_APPS_LIMITS_H
#define NACRE_APPS_LIMITS_H

#include <stdint.h>

/* Zero means the default everywhere. */
struct nacre_limits {
    /* After so long without a byte from the peer it is asked for a sign of life
     * (keepalive@openssh.com); when that many were sent in a row without one, the session ends as
     * timed out, one more keepalive_ms later. ClientAliveInterval, ClientAliveCountMax. */
    uint64_t keepalive_ms;    /* default: never asked */
    uint32_t keepalive_count; /* default 3 */

    /* After so long without anything on a channel, either way, the session ends as timed out;
     * keepalives, rekeys and global requests are not use. From the login on. */
    uint64_t idle_ms; /* default: never */
};

#endif
