#include "apps/identity/host_options.h"

#include "apps/options/values.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOST_FILES_MAX = 16 };

/* The files of ssh: the user's, and those of the system's administrator. */
static void add_defaults(struct host_options *o)
{
    static const char *const names[] = {"known_hosts", "known_hosts2"};
    const char *home = getenv("HOME");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(o->default_files[i], HOST_FILE_MAX, "%s/.ssh/%s", home != NULL ? home : "",
                       names[i]);
        o->files.items[o->files.count++] = o->default_files[i];
    }
    o->files.items[o->files.count++] = "/etc/ssh/ssh_known_hosts";
    o->files.items[o->files.count++] = "/etc/ssh/ssh_known_hosts2";
    o->is_default = true;
}

void host_options_choose(struct host_options *o)
{
    o->known_hosts = NULL;
    o->more = NULL;
    if (o->insecure)
        return;
    if (o->files.count == 0)
        add_defaults(o);
    o->known_hosts = o->files.items[0];
    o->more = o->files.count > 1 ? &o->files.items[1] : NULL;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "known-hosts", .argument = "FILE", .repeatable = true,
     OPTION_ADD(struct host_options, files), .most = HOST_FILES_MAX,
     .help = "where to look up the server's host key",
     .more = "All these files are read; nacre-client adds the keys of new servers to the first one.",
     .default_text = "the files of ssh: `~/.ssh/known_hosts`, `~/.ssh/known_hosts2`, `/etc/ssh/ssh_known_hosts` and "
                     "`/etc/ssh/ssh_known_hosts2`"},
    {.name = "insecure",
     OPTION_FLAG(struct host_options, insecure),
     .help = "accept any host key"},
    {0},
};
/* clang-format on */

const struct option_group host_options = {.name = "host_options", .rows = rows};
