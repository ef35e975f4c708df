#include "apps/serve/options.h"

#include "apps/serve/environment.h"

#include <string.h>

/* The part before the = is a name. */
static bool has_name(const char *value, size_t *len)
{
    *len = strcspn(value, "=");
    return *len > 0 && value[*len] == '=' && memchr(value, ' ', *len) == NULL;
}

static bool take_subsystem(const struct option_row *row, void *options, const char *value,
                           const struct errbuf *p)
{
    size_t len;

    return has_name(value, &len) && value[len + 1] != 0 && option_add(row, options, value, p);
}

static bool take_variable(const struct option_row *row, void *options, const char *value,
                          const struct errbuf *p)
{
    size_t len;

    return has_name(value, &len) && option_add(row, options, value, p);
}

/* A name that no client may set would have no effect. */
static bool take_accepted(const struct option_row *row, void *options, const char *value,
                          const struct errbuf *p)
{
    if (value[0] == 0)
        return false;
    if (strpbrk(value, "*?") == NULL && environment_is_reserved(value))
        return errbuf_say(p,
                          "%s: no client may set this variable, because it changes how programs "
                          "are found, loaded or started",
                          value);
    return option_add(row, options, value, p);
}

static const struct option_row rows[] = {
    {.name = "subsystem",
     .fixed = true,
     .argument = "NAME=COMMAND",
     .repeatable = true,
     .take = take_subsystem,
     .member = OPTION_MEMBER(struct option_list, struct serve_options, subsystems),
     .most = OPTION_LIST_MAX,
     .expects = "NAME=COMMAND",
     .help = "run COMMAND, with `/bin/sh -c`, for a client that asks for the subsystem NAME",
     .more = "With `sftp=/usr/lib/openssh/sftp-server`, `sftp`, `scp` and `sshfs` work.",
     .default_text = "none"},
    {.name = "cwd",
     .fixed = true,
     .argument = "FOLDER",
     OPTION_TEXT(struct serve_options, folder),
     .least = 1,
     .help = "where programs start",
     .default_text = "where nacre-serve was started"},
    {.name = "env",
     .fixed = true,
     .keyword = "SetEnv",
     .argument = "NAME=VALUE",
     .repeatable = true,
     .take = take_variable,
     .member = OPTION_MEMBER(struct option_list, struct serve_options, environment),
     .most = OPTION_LIST_MAX,
     .expects = "NAME=VALUE",
     .help = "set a variable in the environment of programs"},
    {.name = "accept-env",
     .fixed = true,
     .argument = "PATTERN",
     .repeatable = true,
     .take = take_accepted,
     .member = OPTION_MEMBER(struct option_list, struct serve_options, accepted),
     .most = OPTION_LIST_MAX,
     .expects = "a name, or a pattern with * and ?",
     .help = "let clients set variables with such names, besides `TERM`, `LANG` and `LC_*`",
     .more = "Names that change how programs are found, loaded or started, such as `PATH` and "
             "`LD_*`, are never accepted.",
     .default_text = "none"},
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
