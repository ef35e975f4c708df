#include "apps/load/options.h"

#include "apps/load/load.h"
#include "apps/load/target.h"
#include "apps/options/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(void *options, const char *value)
{
    struct load_options *o = options;
    uint16_t port;

    o->port = value;
    return number_port(value, &port);
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "port", .letter = 'p', .argument = "PORT", .parse = parse_port,
     .expects = "a number from 0 to 65535",
     .help = "port of 127.0.0.1, if there is no HOST:PORT",
     .default_value = "2022"},
    {.name = "user", .letter = 'u', .argument = "USER",
     OPTION_TEXT(struct load_options, user),
     .help = "user to log in as",
     .default_text = "`$USER`"},
    {.name = "identity", .letter = 'i', .argument = "KEY", .repeatable = true,
     OPTION_ADD(struct load_options, identities), .most = IDENTITY_KEYS_MAX,
     .help = "private key file to log in with"},
    {.name = "agent",
     OPTION_FLAG(struct load_options, use_agent),
     .help = "log in with the keys of the ssh-agent that `$SSH_AUTH_SOCK` names"},
    {.name = "password", .argument = "FILE",
     OPTION_TEXT(struct load_options, password_file),
     .help = "the first line of FILE is the password; `-` is standard input"},
    {.name = "count", .letter = 'n', .argument = "N",
     OPTION_U64(struct load_options, count), .least = 1, .most = 100000000, .units = true,
     .help = "how many logins, keystrokes, sessions or channels",
     .default_text = "100 logins or sessions, 1000 keystrokes or channels"},
    {.name = "at-once", .letter = 'c', .argument = "C",
     OPTION_U32(struct load_options, at_once), .least = 1, .most = 1000000,
     .help = "how many at a time",
     .default_value = "1"},
    {.name = "bytes", .letter = 'b', .argument = "SIZE",
     OPTION_U64(struct load_options, bytes), .least = 1, .most = UINT64_C(1) << 50, .units = true,
     .help = "how much a transfer sends or receives",
     .default_value = "64M"},
    {.name = "command", .argument = "COMMAND",
     OPTION_TEXT(struct load_options, command),
     .help = "what to run on the server",
     .default_text = "`cat`, `discard` or `chargen N` on nacre-echo, otherwise `cat`, `cat >/dev/null` or `head -c N /dev/zero`"},
    {.name = "hold", .argument = "TIME",
     OPTION_U32(struct load_options, hold_s), .least = 1, .most = 1000000, .second = 1,
     .help = "how long `idle` holds its sessions",
     .default_value = "10"},
    {.name = "timeout", .argument = "TIME",
     OPTION_U32(struct load_options, timeout_s), .least = 1, .most = 1000000, .second = 1,
     .help = "how long the server may do nothing for a connection that waits for it",
     .more = "Then the connection has failed. The login has a limit of its own, 2 minutes.",
     .default_value = "60"},
    {.name = "json",
     OPTION_FLAG(struct load_options, json),
     .help = "print the figures as JSON"},
    {.name = "quiet", .letter = 'q',
     OPTION_FLAG(struct load_options, quiet),
     .help = "show no progress"},
    {.name = "yes-remote",
     OPTION_FLAG(struct load_options, yes_remote),
     .help = "the server may be on another machine, and I may put it under load"},
    {0},
};
/* clang-format on */

static const struct option_group group = {.name = "load_options", .rows = rows};

static const struct option_use uses[] = {
    {&group, 0},
    {&host_options, offsetof(struct load_options, host)},
    {&algorithm_options, offsetof(struct load_options, algorithms)},
    {&general_options, 0},
    {&study_options, offsetof(struct load_options, study)},
    {0},
};

static bool put_mode(size_t i, struct option_word *word)
{
    *word = (struct option_word){.name = load_modes[i].name, .about = load_modes[i].about};
    return word->name != NULL;
}

static const struct option_words modes = {
    .name = "load_modes",
    .title = "MODE is one of:",
    .word = put_mode,
};

const struct command_line load_command_line = {
    .name = "nacre-load",
    .usage = "MODE [HOST:PORT]",
    .about = "Drives an SSH server and reports what the server did. HOST:PORT may be unix:PATH, a "
             "Unix socket.",
    .words = &modes,
    .uses = uses,
    .notes =
        OPTION_UNITS_NOTE "Exit status: 0 if everything succeeded, 1 if not, 2 for wrong options.",
};

/* ---- what follows from the options ---- */

static bool find_mode(struct load_options *o, const char *name)
{
    for (o->mode = load_modes; o->mode->name != NULL; o->mode++)
        if (strcmp(o->mode->name, name) == 0)
            return true;
    return false;
}

/* The words, and that the options go together. Returns 0, or the exit status. */
static int check(struct load_options *o, int count, char **words)
{
    if (count < 1 || count > 2)
        return options_misused(&load_command_line, "give a MODE, and perhaps HOST:PORT");
    if (!find_mode(o, words[0]))
        return options_misused(&load_command_line, "there is no MODE '%s'", words[0]);
    if (o->user == NULL)
        return options_misused(&load_command_line, "name the user with --user");
    if (o->count == 0)
        o->count = o->mode->count;
    return 0;
}

static bool read_keys(struct load_options *o, const struct errbuf *p)
{
    for (size_t i = 0; i < o->identities.count; i++)
        if (!identity_add_file(&o->identity, o->identities.items[i], p))
            return false;
    return !o->use_agent || identity_add_agent(&o->identity, p);
}

static void forget_password(struct load_options *o, size_t len)
{
    if (o->password != NULL)
        explicit_bzero(o->password, len);
    free(o->password);
    o->password = NULL;
}

static bool read_password(struct load_options *o, const struct errbuf *p)
{
    const char *name = o->password_file;
    FILE *file;
    size_t room = 0;
    ssize_t len;

    if (name == NULL)
        return true;
    file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    len = file == NULL ? -1 : getline(&o->password, &room, file);
    if (file != NULL && file != stdin)
        (void)fclose(file);
    if (len < 0) {
        forget_password(o, room); /* getline may leave bytes without an end */
        return errbuf_say(p, "%s: cannot read a password", name);
    }
    o->password[strcspn(o->password, "\r\n")] = 0;
    return true;
}

/* Files, agent, host. Returns 0, or the exit status. */
static int resolve(struct load_options *o, const char *where)
{
    char errbuf[LOAD_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    int status = read_keys(o, &p) && read_password(o, &p) ? 0 : 1;

    if (status == 0)
        status = target_find(o, where, &p);
    if (status == 2)
        (void)options_misused(&load_command_line, "%s", errbuf);
    else if (status == 1)
        (void)fprintf(stderr, "%s: %s\n", load_command_line.name, errbuf);
    host_options_choose(&o->host);
    if (status == 0 && o->host.known_hosts != NULL)
        target_prefer_known(o);
    return status;
}

bool load_read_options(int argc, char **argv, struct load_options *o, int *status)
{
    int first;

    *o = (struct load_options){.user = getenv("USER")};
    first = options_read(&load_command_line, o, argc, argv, status);
    if (first == 0)
        return false;
    study_options_from_environment(&o->study);
    *status = check(o, argc - first, argv + first);
    if (*status == 0)
        *status = resolve(o, argv[first + 1]);
    return *status == 0;
}

void load_clear_options(struct load_options *o)
{
    identity_clear(&o->identity);
    forget_password(o, o->password != NULL ? strlen(o->password) : 0);
    algorithm_options_clear(&o->algorithms);
}
