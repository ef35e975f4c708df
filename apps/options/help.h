/* The options of every program: --help and --version. */
#ifndef NACRE_APPS_OPTIONS_HELP_H
#define NACRE_APPS_OPTIONS_HELP_H

#include "apps/options/options.h"

extern const struct option_group general_options;

#endif
