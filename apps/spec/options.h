/* The command line of nacre-spec. */
#ifndef NACRE_APPS_SPEC_OPTIONS_H
#define NACRE_APPS_SPEC_OPTIONS_H

#include "apps/options/values.h"

struct spec_options {
    const char *user, *key, *password_file, *profile;
    bool strict, slow, only_must, verbose, json_list, yes_remote;
    const char *expect, *json, *junit, *html, *trace, *listen, *restart;
    char *const *client; /* the words after --, or NULL */
    uint32_t jobs, timeout_s, seed;
    struct option_list excluded;
};

extern const struct command_line spec_command_line;

#endif
