/* The command line of nacre-serve. */
#ifndef NACRE_APPS_SERVE_OPTIONS_H
#define NACRE_APPS_SERVE_OPTIONS_H

#include "apps/daemon/options.h"
#include "apps/serve/forward.h"

struct serve_options {
    struct server_options server;
    bool exec, key_environment;
    uint32_t per_user_sessions; /* 0: the default */
    struct option_list subsystems, environment, accepted;
    const char *folder; /* or NULL */
    struct forward_config forward;
};

extern const struct command_line serve_command_line;

#endif
