#include "apps/serve/options.h"

static const struct option_row rows[] = {
    {.name = "exec",
     .fixed = true,
     OPTION_FLAG(struct serve_options, exec),
     .help = "run COMMAND also for a client that asks to run a command of its own, which COMMAND "
             "finds in `SSH_ORIGINAL_COMMAND`"},
    {.name = "permit-user-environment",
     .fixed = true,
     OPTION_FLAG(struct serve_options, key_environment),
     .help = "let `environment=` in authorized_keys set variables of the program",
     .more = "This lets whoever may edit that file change how COMMAND runs, with "
             "`LD_PRELOAD` for example."},
    {.name = "per-user-max-sessions",
     .argument = "N",
     OPTION_U32(struct serve_options, per_user_sessions),
     .least = 1,
     .most = 1000000,
     .unlimited = "none",
     .help = "sessions of one user at a time on all connections together, or `none` for no limit",
     .more = "The server's limits of descriptors and processes determine how many sessions there "
             "can be in all. The last quarter of these is for users, and for addresses of a user, "
             "that have none. By default a user has a quarter of all, and half if the sessions "
             "come from several addresses. A session counts until its program has ended.",
     .default_text = "a quarter of what descriptors and processes allow"},
    {0},
};

static const struct option_group group = {.name = "serve_options", .rows = rows};

static const struct option_row command = {
    .name = "command",
    .fixed = true,
    .argument = "COMMAND [ARG]...",
    .help = "the program to serve and its arguments, in quotes if they contain spaces, unless the "
            "command line has one",
};

static const struct option_use uses[] = {{&group, 0}, SERVER_OPTION_USES};

const struct command_line serve_command_line = {
    .name = "nacre-serve",
    .usage = "[-- COMMAND [ARG]...]",
    .about = "An SSH server that runs COMMAND for each session, on a terminal if the client asks "
             "for one.",
    .uses = uses,
    SERVER_CONFIG,
    .command = &command,
    .notes = "COMMAND runs as the user that runs nacre-serve, whoever logs in. " SERVER_NOTES,
    .runs_command = true,
};
