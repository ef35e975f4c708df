/* The options that say how a client program checks the server's host key. */
#ifndef NACRE_APPS_IDENTITY_HOST_OPTIONS_H
#define NACRE_APPS_IDENTITY_HOST_OPTIONS_H

#include "apps/options/values.h"

enum { HOST_FILE_MAX = 4096 /* bytes of a default file's name, NUL included */ };

struct host_options {
    struct option_list files; /* as given, or the default ones */
    bool insecure;

    /* What follows: the first file, to which keys are added, and the others (known_hosts.h). NULL
     * with --insecure. */
    const char *known_hosts;
    const char *const *more;
    bool is_default;                      /* they are those of ssh */
    char default_files[2][HOST_FILE_MAX]; /* the names of the user's own */
};

/* --known-hosts, --insecure */
extern const struct option_group host_options;

/* After the command line was read: find the default files, or with --insecure none. It
 * points into itself. */
void host_options_choose(struct host_options *o);

#endif
