#include "apps/spec/options.h"

#include "apps/options/help.h"

#include <string.h>

static bool parse_level(void *options, const char *value)
{
    struct spec_options *o = options;

    o->only_must = strcmp(value, "must") == 0;
    return o->only_must || strcmp(value, "all") == 0;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "user", .letter = 'u', .argument = "USER",
     OPTION_TEXT(struct spec_options, user), .least = 1,
     .help = "user that can log in",
     .default_text = "`$USER`"},
    {.name = "key", .letter = 'i', .argument = "FILE",
     OPTION_TEXT(struct spec_options, key),
     .help = "private key file that the user logs in with"},
    {.name = "password", .argument = "FILE",
     OPTION_TEXT(struct spec_options, password_file),
     .help = "the first line of FILE is the user's password; `-` is standard input",
     .more = "With a key and a password, the cases about both run."},
    {.name = "profile", .argument = "NAME",
     OPTION_TEXT(struct spec_options, profile),
     .help = "what the server runs, or how to start the client: a name, or a file",
     .more = "The names are `openssh`, `dropbear`, `tinyssh`, `conch`, `asyncssh`, `paramiko`, `erlang`, `libssh`, `nacre-echo` and `nacre-serve`; all but `erlang`, `libssh` and `nacre-echo` give commands to a shell. A file has lines of the form name = value. `like` starts from a profile with a name. `cat`, `produce`, `discard`, `exit`, `killed` and `env` are commands. `user-ca` is the file of a CA's private key, whose certificates the server accepts for the user. `two-factor` and `two-factor-other` are users that need the key and then the password, `expired` is one whose password has expired; their key and password are those of the user. `forwarding` and `any-user` (every user name can log in) are yes or no. For a client, the profile says how to start it: `openssh`, `dropbear`, `putty`, `nacre-client`, `wait`, which starts none and prints where to connect, or a file with the names `program`, `options`, `target`, `exec` and other intents.",
     .default_text = "`openssh` for a server"},
    {.name = "strict",
     OPTION_FLAG(struct spec_options, strict),
     .help = "SHOULD counts as MUST"},
    {.name = "level", .argument = "LEVEL", .parse = parse_level,
     .expects = "must or all",
     .help = "`must` runs only the cases of that level",
     .default_value = "all"},
    {.name = "slow",
     OPTION_FLAG(struct spec_options, slow),
     .help = "run the cases that take minutes too"},
    {.name = "exclude", .letter = 'x', .argument = "ID", .repeatable = true,
     OPTION_ADD(struct spec_options, excluded), .most = OPTION_LIST_MAX,
     .help = "leave out a case, or those with that prefix"},
    {.name = "expect", .argument = "FILE",
     OPTION_TEXT(struct spec_options, expect),
     .help = "known results, lines of the form `ID xfail reason`",
     .more = "A known failure is reported as xfail and does not fail the run. A known failure that passes is xpass, and fails it."},
    {.name = "json", .argument = "FILE",
     OPTION_TEXT(struct spec_options, json),
     .help = "write the results as JSON lines too"},
    {.name = "junit", .argument = "FILE",
     OPTION_TEXT(struct spec_options, junit),
     .help = "write the results as JUnit XML too"},
    {.name = "html", .argument = "FOLDER",
     OPTION_TEXT(struct spec_options, html),
     .help = "write the results as a page too, FOLDER/index.html",
     .more = "The page is one file that loads nothing."},
    {.name = "trace", .argument = "FOLDER",
     OPTION_TEXT(struct spec_options, trace),
     .help = "write the messages of each case into FOLDER, as traces in JSON",
     .more = "A trace has the packets and the keys of the case's connections, so that `nacre-trace hash` can check them; it has no passwords."},
    {.name = "restart", .argument = "COMMAND",
     OPTION_TEXT(struct spec_options, restart),
     .help = "a command that starts the server again if a case has stopped it",
     .more = "The shell runs it when the server no longer accepts a login, and no other case runs meanwhile. The case has failed; the others go on as soon as the server accepts logins."},
    {.name = "jobs", .letter = 'j', .argument = "N",
     OPTION_U32(struct spec_options, jobs), .least = 1, .most = 64,
     .help = "how many cases run at once; they mostly wait",
     .default_value = "4"},
    {.name = "timeout", .argument = "TIME",
     OPTION_U32(struct spec_options, timeout_s), .least = 1, .most = 100000, .second = 1,
     .help = "the most time that one case may take; a slow one, 100 times that",
     .default_value = "60"},
    {.name = "seed", .argument = "N",
     OPTION_U32(struct spec_options, seed), .least = 0, .most = UINT32_MAX,
     .help = "where all randomness comes from",
     .default_value = "1"},
    {.name = "verbose", .letter = 'v',
     OPTION_FLAG(struct spec_options, verbose),
     .help = "show every message of each case; `compare` shows every case"},
    {.name = "list-json",
     OPTION_FLAG(struct spec_options, json_list),
     .help = "`list` prints JSON lines"},
    {.name = "listen", .argument = "ADDR",
     OPTION_TEXT(struct spec_options, listen),
     .help = "where to wait for a client: an IPv4 address",
     .more = "Whoever can connect there can log in, but can only talk to nacre-spec.",
     .default_value = "127.0.0.1"},
    {.name = "yes-remote",
     OPTION_FLAG(struct spec_options, yes_remote),
     .help = "the server may be on another machine, and I may test it"},
    {0},
};
/* clang-format on */

static const struct option_group group = {.name = "spec_options", .rows = rows};

static const struct option_use uses[] = {
    {&group, 0},
    {&general_options, 0},
    {0},
};

static bool put_command(size_t i, struct option_word *word)
{
    static const struct option_word commands[] = {
        {"server", "HOST:PORT", "runs the cases against a server"},
        {"client", NULL, "runs the cases against a client, which it starts for each of them"},
        {"list", NULL, "prints the cases: id, level, clause, title and expectation"},
        {"explain", "ID", "prints all about a case"},
        {"compare", "FILE...", "compares results that --json wrote"},
        {"replay", "FILE", "shows the messages that --trace kept of a case"},
    };

    if (i >= sizeof commands / sizeof commands[0])
        return false;
    *word = commands[i];
    return true;
}

static const struct option_words commands = {
    .name = "spec_commands",
    .title = "COMMAND is one of:",
    .word = put_command,
};

const struct command_line spec_command_line = {
    .name = "nacre-spec",
    .usage = "COMMAND [ARGUMENT] [ID]...",
    .about = "Tests whether an SSH server or client conforms to the RFCs, case by case.",
    .words = &commands,
    .uses = uses,
    .notes = "An ID is that of a case or the beginning of several, such as 4253/7 or strict. TIME "
             "is a number of seconds, or numbers with s, m, h, d or w. Exit status: 0 if "
             "everything is as expected, 1 if a case failed, 2 for a mistake on the command line, "
             "3 if the peer cannot be tested, 4 for a fault of nacre-spec itself.",
};
