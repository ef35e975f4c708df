#include "apps/identity/host_options.h"

#include "apps/options/values.h"

#include <stdio.h>
#include <stdlib.h>

void host_options_choose(struct host_options *o)
{
    const char *home = getenv("HOME");

    if (o->insecure) {
        o->known_hosts = NULL;
    } else if (o->known_hosts == NULL) {
        (void)snprintf(o->default_file, sizeof o->default_file, "%s/.ssh/known_hosts",
                       home != NULL ? home : "");
        o->known_hosts = o->default_file;
        o->is_default = true;
    }
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "known-hosts", .argument = "FILE",
     OPTION_TEXT(struct host_options, known_hosts),
     .help = "where to look up the server's host key",
     .default_text = "`~/.ssh/known_hosts`"},
    {.name = "insecure",
     OPTION_FLAG(struct host_options, insecure),
     .help = "accept any host key"},
    {0},
};
/* clang-format on */

const struct option_group host_options = {.name = "host_options", .rows = rows};
