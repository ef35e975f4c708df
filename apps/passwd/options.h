/* The command line of nacre-passwd. */
#ifndef NACRE_APPS_PASSWD_OPTIONS_H
#define NACRE_APPS_PASSWD_OPTIONS_H

#include "apps/options/options.h"

struct passwd_options {
    bool delete;
};

extern const struct command_line passwd_command_line;

#endif
