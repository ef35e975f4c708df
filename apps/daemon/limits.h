/* The options that set limits. SECURITY.md explains them. */
#ifndef NACRE_APPS_DAEMON_LIMITS_H
#define NACRE_APPS_DAEMON_LIMITS_H

#include "apps/options/options.h"
#include "apps/server/server.h"

/* Members as in struct nacre_server_config. */
struct limit_options {
    struct nacre_limits limits;
    struct nacre_admission admission;
    uint32_t channels_max, login_grace_ms;
    uint64_t max_memory, per_user_max_memory;
    uint32_t keepalive_count; /* if limits.keepalive_count is 0 */
};

extern const struct option_group limit_options;

#endif
