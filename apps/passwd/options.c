#include "apps/passwd/options.h"

#include "apps/options/help.h"
#include "apps/options/values.h"

static const struct option_row rows[] = {
    {.name = "delete",
     .letter = 'd',
     OPTION_FLAG(struct passwd_options, delete),
     .help = "delete the user instead"},
    {0},
};

static const struct option_group group = {.name = "passwd_options", .rows = rows};

static const struct option_use uses[] = {{&group, 0}, {&general_options, 0}, {0}};

const struct command_line passwd_command_line = {
    .name = "nacre-passwd",
    .usage = "FILE USER",
    .about = "Gives USER a new password in the password FILE of nacre-echo or nacre-serve, as an "
             "Argon2id hash. Adds the user, and makes the file, if they do not exist.",
    .uses = uses,
    .notes = "The password is read from the terminal, twice; if standard input is not a terminal, "
             "it is the first line of standard input.",
};
