#include "apps/client/options.h"

#include "apps/client/passphrase.h"
#include "apps/client/target.h"
#include "apps/options/help.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool parse_port(void *options, const char *value)
{
    struct client_options *o = options;
    uint16_t port = 0;

    o->port = value;
    return number_port(value, &port) && port != 0;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "port", .letter = 'p', .argument = "PORT", .parse = parse_port,
     .expects = "a number from 1 to 65535",
     .help = "port of the server",
     .default_value = "22"},
    {.name = "user", .letter = 'l', .argument = "USER",
     OPTION_TEXT(struct client_options, user), .least = 1,
     .help = "user to log in as; `USER@HOST` says the same",
     .default_text = "your user name here"},
    {.name = "identity", .letter = 'i', .argument = "KEY", .repeatable = true,
     OPTION_ADD(struct client_options, identities), .most = IDENTITY_KEYS_MAX,
     .help = "private key file to log in with",
     .more = "It is tried before the keys of the agent that `$SSH_AUTH_SOCK` names.",
     .default_text = "`~/.ssh/id_ed25519`, `~/.ssh/id_ecdsa` and `~/.ssh/id_rsa`, after the agent's keys"},
    {.name = "terminal", .letter = 't',
     OPTION_FLAG(struct client_options, terminal),
     .help = "ask the server for a terminal, also for a COMMAND, and also if standard input is not a terminal"},
    {.name = "no-terminal", .letter = 'T',
     OPTION_FLAG(struct client_options, no_terminal),
     .help = "ask for no terminal"},
    {.name = "probe",
     OPTION_FLAG(struct client_options, probe),
     .help = "print what the server says about itself before a login, and leave",
     .more = "That is its identification, the name-lists of its KEXINIT, its host keys with their fingerprints, its extensions, "
             "and the methods with which USER may log in. There is one connection for each type of host key. No password and no "
             "key is tried, and `known_hosts` is not read."},
    {.name = "json",
     OPTION_FLAG(struct client_options, json),
     .help = "print what `--probe` has found as JSON"},
    {.name = "login-timeout", .argument = "TIME",
     OPTION_U32(struct client_options, login_s), .least = 1, .most = 1000000, .second = 1,
     .help = "how long the connection and the login may take, without the time that a person takes to answer",
     .default_value = "120"},
    {0},
};
/* clang-format on */

static const struct option_group group = {.name = "client_options", .rows = rows};

static const struct option_use uses[] = {
    {&group, 0},
    {&host_options, offsetof(struct client_options, host)},
    {&algorithm_options, offsetof(struct client_options, algorithms)},
    {&general_options, 0},
    {&study_options, offsetof(struct client_options, study)},
    {0},
};

const struct command_line client_command_line = {
    .name = "nacre-client",
    .usage = "[USER@]HOST [COMMAND]",
    .about = "Logs in to an SSH server and runs COMMAND there, or a shell. HOST may be unix:PATH, "
             "a Unix socket of this machine.",
    .uses = uses,
    .notes = OPTION_UNITS_NOTE
    "Exit status: that of the command; 255 if nacre-client failed or a signal ended the "
    "command.",
    .runs_command = true,
    .host_first = true,
};

/* ---- what follows from the options ---- */

static const char *own_name(void)
{
    const struct passwd *entry = getpwuid(getuid());

    return entry != NULL ? entry->pw_name : getenv("USER");
}

/* The words as one line, as ssh joins them. False: out of memory. */
static bool join_command(struct client_options *o, char **words)
{
    size_t len = 0;

    if (words[0] == NULL)
        return true;
    for (size_t i = 0; words[i] != NULL; i++)
        len += strlen(words[i]) + 1;
    o->command = malloc(len);
    if (o->command == NULL)
        return false;
    o->command[0] = 0;
    for (size_t i = 0, at = 0; words[i] != NULL; i++)
        at += (size_t)snprintf(o->command + at, len - at, "%s%s", i > 0 ? " " : "", words[i]);
    return true;
}

/* The keys that -i names must be there. */
static bool read_named_keys(struct client_options *o, const struct errbuf *p)
{
    for (size_t i = 0; i < o->identities.count; i++)
        if (!identity_add_file(&o->identity, o->identities.items[i], p))
            return false;
    return true;
}

/* The others may be missing; if no login succeeds, the note says why. */
static void read_usual_keys(struct client_options *o)
{
    static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
    const char *socket = getenv("SSH_AUTH_SOCK"), *home = getenv("HOME");
    struct errbuf note = errbuf_in(o->note, sizeof o->note);
    char file[4096];

    if (socket != NULL && socket[0] != 0)
        (void)identity_add_agent(&o->identity, &note);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(file, sizeof file, "%s/.ssh/%s", home != NULL ? home : "", names[i]);
        if (o->identities.count == 0 && access(file, F_OK) == 0)
            (void)identity_add_file(&o->identity, file, &note);
    }
}

/* Returns 0, or the exit status. */
static int check(struct client_options *o, char **words)
{
    char errbuf[CLIENT_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    if (words[0] == NULL)
        return options_misused(&client_command_line, "give a HOST");
    if (o->terminal && o->no_terminal)
        return options_misused(&client_command_line, "-t and -T exclude each other");
    if (o->probe && words[1] != NULL)
        return options_misused(&client_command_line, "--probe runs no COMMAND");
    if (o->json && !o->probe)
        return options_misused(&client_command_line, "--json goes with --probe");
    if (!target_read(o, words[0], &p))
        return options_misused(&client_command_line, "%s", errbuf);
    if (o->user == NULL)
        o->user = own_name();
    if (o->user == NULL)
        return options_misused(&client_command_line, "name the user with -l");
    return 0;
}

static bool resolve(struct client_options *o, char **words, const struct errbuf *p)
{
    if (o->probe)
        return true;
    if (!join_command(o, words + 1))
        return errbuf_say(p, "out of memory");
    host_options_choose(&o->host);
    if (!read_named_keys(o, p))
        return false;
    read_usual_keys(o);
    o->wants_terminal =
        o->terminal || (!o->no_terminal && o->command == NULL && isatty(STDIN_FILENO));
    return true;
}

bool client_read_options(int argc, char **argv, struct client_options *o, int *status)
{
    char errbuf[CLIENT_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    int first;

    *o = (struct client_options){.user = NULL};
    o->identity.ask = passphrase_ask;
    o->identity.note = errbuf_in(o->note, sizeof o->note);
    first = options_read(&client_command_line, o, argc, argv, status);
    study_options_from_environment(&o->study);
    if (first > 0)
        *status = check(o, argv + first);
    if (first > 0 && *status == 0 && !resolve(o, argv + first, &p)) {
        (void)fprintf(stderr, "%s: %s\n", client_command_line.name, errbuf);
        *status = CLIENT_FAILED;
    }
    if (*status != 0)
        *status = CLIENT_FAILED;
    return first > 0 && *status == 0;
}

void client_clear_options(struct client_options *o)
{
    free(o->command);
    identity_clear(&o->identity);
    algorithm_options_clear(&o->algorithms);
}
