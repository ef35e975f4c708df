/* The options that say how a client program checks the server's host key. */
#ifndef NACRE_APPS_IDENTITY_HOST_OPTIONS_H
#define NACRE_APPS_IDENTITY_HOST_OPTIONS_H

#include "apps/options/options.h"

struct host_options {
    const char *known_hosts; /* NULL with --insecure */
    bool insecure;
    bool is_default;         /* known_hosts is ~/.ssh/known_hosts */
    char default_file[4096]; /* its name */
};

/* --known-hosts, --insecure */
extern const struct option_group host_options;

/* After the command line was read: find the default file, or with --insecure none. */
void host_options_choose(struct host_options *o);

#endif
