#include "apps/serve/options.h"

#include "apps/serve/environment.h"

#include <string.h>
#include <strings.h>

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

/* no, local, remote or yes: the index is the set of directions. As in sshd, all means yes. */
static bool take_directions(const struct option_row *row, void *options, const char *value,
                            const struct errbuf *p)
{
    static const char *const names[] = {"no", "local", "remote", "yes"};
    uint32_t *directions = (uint32_t *)(void *)((char *)options + row->member);

    (void)p;
    for (uint32_t i = PERMIT_NONE; i <= PERMIT_BOTH; i++)
        if (strcasecmp(value, names[i]) == 0) {
            *directions = i;
            return true;
        }
    *directions = PERMIT_BOTH;
    return strcasecmp(value, "all") == 0;
}

static bool take_permits(const struct option_row *row, void *options, const char *value,
                         const struct errbuf *p)
{
    return permit_is_list(value, row->which == PERMIT_REMOTE) &&
           option_text(row, options, value, p);
}

static bool parse_gateway_ports(void *at, const char *value)
{
    static const char *const names[] = {[NACRE_GATEWAY_NO] = "no",
                                        [NACRE_GATEWAY_CLIENT] = "clientspecified",
                                        [NACRE_GATEWAY_YES] = "yes"};
    struct serve_options *o = at;

    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(value, names[i]) == 0) {
            o->forward.gateway_ports = i;
            return true;
        }
    return false;
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
    {.name = "allow-tcp-forwarding",
     .fixed = true,
     .argument = "WHICH",
     .take = take_directions,
     .member = OPTION_MEMBER(uint32_t, struct serve_options, forward.permit.tcp),
     .expects = "no, local, remote or yes",
     .help = "which TCP connections to forward: with `local` those that clients have the server "
             "make, as `ssh` does with `-L`, `-D`, `-W` and `-J`; with `remote` those to ports on "
             "which clients have it listen, as with `-R`; with `yes` both",
     .more = "The connections come from the user that the server runs as, on its machine, and so "
             "reach what listens on its loopback addresses. `restrict`, `no-port-forwarding`, "
             "`permitopen=` and `permitlisten=` in authorized_keys restrict the login with a key. "
             "Each connection, and each place where the server listens for a client, counts as a "
             "session for `--per-user-max-sessions`.",
     .default_value = "no"},
    {.name = "allow-streamlocal-forwarding",
     .fixed = true,
     .keyword = "AllowStreamLocalForwarding",
     .argument = "WHICH",
     .take = take_directions,
     .member = OPTION_MEMBER(uint32_t, struct serve_options, forward.permit.streamlocal),
     .expects = "no, local, remote or yes",
     .help = "the same for Unix sockets",
     .more =
         "As in sshd, no list of hosts and ports restricts them: neither `--permit-open` and "
         "`--permit-listen` nor `permitopen=` and `permitlisten=`. Clients reach any socket, and "
         "make one in any folder, that the server's user can. A socket has mode 600, and "
         "is not made over an existing file.",
     .default_value = "no"},
    {.name = "permit-open",
     .fixed = true,
     .argument = "LIST",
     .join = ',',
     .take = take_permits,
     .which = PERMIT_LOCAL,
     .member = OPTION_MEMBER(const char *, struct serve_options, forward.permit.open),
     .expects = "a list of HOST:PORT, where PORT may be *, or any, or none",
     .help = "where to connect for clients, HOST:PORT separated by commas; `*` is any host or port",
     .more = "Hosts are compared as the client writes them: names are not looked up. An IPv6 "
             "address is in brackets. In a file, spaces may separate the items. `any` permits "
             "everything, `none` nothing.",
     .default_value = "any"},
    {.name = "permit-listen",
     .fixed = true,
     .argument = "LIST",
     .join = ',',
     .take = take_permits,
     .which = PERMIT_REMOTE,
     .member = OPTION_MEMBER(const char *, struct serve_options, forward.permit.listen),
     .expects = "a list of HOST:PORT or PORT, where PORT may be *, or any, or none",
     .help = "where to listen for clients, HOST:PORT or PORT separated by commas; `*` and `?` are "
             "wildcards in HOST",
     .more =
         "HOST is what the client asks for, which is `localhost` if `-R` of `ssh` names no host. "
         "`any` permits everything, `none` nothing.",
     .default_value = "any"},
    {.name = "gateway-ports",
     .fixed = true,
     .argument = "WHICH",
     .parse = parse_gateway_ports,
     .expects = "no, yes or clientspecified",
     .help = "on which addresses to listen for clients: with `no` on loopback addresses, with "
             "`yes` on all "
             "of them, with `clientspecified` on those that the client asks for",
     .default_value = "no"},
    {.name = "allow-agent-forwarding",
     .fixed = true,
     OPTION_FLAG(struct serve_options, forward.agent),
     .help =
         "let programs use the client's agent through the socket in `SSH_AUTH_SOCK`, if the client "
         "forwards it, as `ssh -A` does",
     .more = "Whoever can run programs as the server's user can then use the agents of all clients "
             "that forward theirs. `restrict` and `no-agent-forwarding` in authorized_keys prevent "
             "it for a key."},
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
