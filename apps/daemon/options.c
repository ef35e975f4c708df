#include "apps/daemon/options.h"

#include "apps/server/server.h"
#include "apps/session/number.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options without a letter. OPTION_KEX and the numbers behind it are the kinds of algorithms. */
enum {
    OPTION_VERSION = 256,
    OPTION_LIST_ALGORITHMS,
    OPTION_REKEY_LIMIT,
    OPTION_KEYBOARD_INTERACTIVE,
    OPTION_REQUIRE,
    OPTION_BANNER,
    OPTION_USER,
    OPTION_NO_SANDBOX,
    OPTION_KEX,
    OPTION_LIMIT = OPTION_KEX + NACRE_ALGORITHM_KINDS, /* as in limit_options.c */
    OPTION_SWITCH = OPTION_LIMIT + LIMIT_OPTIONS,      /* the program's own, one after the other */
};

static const char synopsis[] =
    " [-l ADDR:PORT]... [-k FILE]... [-p FILE] [-a FILE] [-w N] [-q | -v | -vv]\n"
    "                  [--kex LIST] [--host-key-algorithms LIST] [--pubkey-algorithms LIST]\n"
    "                  [--ciphers LIST] [--macs LIST] [--rekey-limit BYTES[,SECONDS]]\n"
    "                  [--keyboard-interactive] [--require METHODS] [--banner FILE]\n"
    "                  [--user NAME] [--no-sandbox] [limits] [--list-algorithms] [--help]\n"
    "                  [--version]";

static const char options[] =
    " -l, --listen ADDR:PORT      where to listen; default [::]:2022, IPv4 too; port 0 picks one;\n"
    "                             repeatable\n"
    " -k, --host-key FILE         private key in OpenSSH's or PEM form; repeatable; default\n"
    "                             " DEFAULT_HOST_KEY ", made when missing\n"
    " -p, --passwords FILE        user:password a line, plain or $argon2id$...; default\n"
    "                             " DEFAULT_PASSWORDS "\n"
    " -a, --authorized-keys FILE  OpenSSH authorized_keys; %u in FILE stands for the user name;\n"
    "                             default none\n"
    "     --keyboard-interactive  ask for the password by keyboard-interactive too\n"
    "     --require METHODS       each of these must succeed: publickey, password,\n"
    "                             keyboard-interactive, with commas between; default any one\n"
    "     --banner FILE           shown by clients before the login\n"
    "     --user NAME             become that user once the host keys are read and the ports are "
    "open\n"
    "     --no-sandbox            keep every system call and file within reach; for debugging\n"
    " -w, --workers N             event loops, each on a thread; 0 = one per CPU; default 1\n"
    "     --kex LIST              key exchange methods; LIST is names with commas between, in "
    "place of\n"
    "                             the defaults; +LIST behind them, -LIST without them, ^LIST "
    "before\n"
    "                             them; * and ? match\n"
    "     --host-key-algorithms LIST, --pubkey-algorithms LIST, --ciphers LIST, --macs LIST\n"
    "                             the same for signatures of host keys, of user keys, and so on\n"
    "     --list-algorithms       all that are known, best first, and which are off unless named\n"
    "     --rekey-limit BYTES[,SECONDS]\n"
    "                             new keys after so much in one direction, or so long; K, M, G;\n"
    "                             default the cipher's, 1 hour\n"
    " -q, --quiet                 log warnings and errors only\n"
    " -v, --verbose               log more; -vv every message\n"
    " -h, --help                  this text\n"
    "     --version               the version\n";

static const char notes[] =
    "The log is on standard error, one line an event. SIGTERM and SIGINT end the server in "
    "order;\n"
    "SIGUSR1 has its counters logged.\n";

static void put_usage(const struct program_face *face)
{
    (void)printf("usage: %s%s", face->name, synopsis);
    if (face->synopsis != NULL)
        (void)printf("\n                  %s", face->synopsis);
    (void)printf("\n%s\n%s%s\nLimits:\n", face->about, options,
                 face->options != NULL ? face->options : "");
    limit_put_help();
    (void)printf("\n%s%s", face->notes, notes);
}

static int misused(const struct program_options *o, const char *text, const char *what)
{
    const char *name = o->face->name;

    (void)fprintf(stderr, "%s: %s%s (try %s --help)\n", name, text, what, name);
    return 2;
}

static bool add(const char **list, size_t *count, const char *item)
{
    if (*count == LIST_MAX)
        return false;
    list[(*count)++] = item;
    return true;
}

static bool read_workers(const char *text, unsigned *workers)
{
    uint64_t n;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (!number_whole(text, 0, 1024, &n))
        return false;
    if (n == 0)
        n = processors > 0 ? (uint64_t)processors : 1;
    *workers = (unsigned)n;
    return true;
}

static void list_algorithms(void)
{
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++) {
        const char *name;
        bool off;

        (void)printf("%s\n", nacre_algorithm_kind_name((enum nacre_algorithm_kind)kind));
        for (size_t i = 0;
             (name = nacre_algorithm_name((enum nacre_algorithm_kind)kind, i, &off)) != NULL; i++)
            (void)printf("    %s%s\n", name, off ? " (off)" : "");
    }
}

static int take_algorithms(struct program_options *o, enum nacre_algorithm_kind kind)
{
    char list[NACRE_ALGORITHM_LIST_MAX], errbuf[1024];

    if (!nacre_algorithms_apply(kind, optarg, list, errbuf, sizeof errbuf))
        return misused(o, errbuf, "");
    free(o->algorithms[kind]);
    o->algorithms[kind] = strdup(list);
    return o->algorithms[kind] != NULL ? 0 : misused(o, "out of memory", "");
}

/* BYTES[,SECONDS] */
static int take_rekey_limit(struct program_options *o)
{
    const char *at = optarg;
    uint64_t seconds;

    if (number_read_size(&at, 1024, UINT64_C(1) << 40, &o->rekey_bytes)) {
        if (*at == 0)
            return 0;
        if (*at == ',' && number_whole(at + 1, 1, 365 * 24 * 3600, &seconds)) {
            o->rekey_ms = seconds * 1000;
            return 0;
        }
    }
    return misused(o, "--rekey-limit wants BYTES[,SECONDS], 1K or more, not ", optarg);
}

/* METHOD[,METHOD...] */
static int take_require(struct program_options *o)
{
    static const char *const methods[] = {"publickey", "password", "keyboard-interactive"};

    for (const char *at = optarg; at != NULL;
         at = strchr(at, ',') == NULL ? NULL : strchr(at, ',') + 1) {
        size_t len = strcspn(at, ",");
        bool known = false;

        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
            known = known || (strlen(methods[i]) == len && memcmp(methods[i], at, len) == 0);
        if (!known)
            return misused(o, "--require knows publickey, password, keyboard-interactive, not ",
                           at);
    }
    o->require = optarg;
    return 0;
}

static int take_limit(struct program_options *o, int i)
{
    const char *wants = limit_take(&o->chosen, i, optarg);
    struct option rows[LIMIT_OPTIONS];
    char text[256];

    if (wants == NULL)
        return 0;
    limit_options(rows, 0);
    (void)snprintf(text, sizeof text, "--%s wants %s, not ", rows[i].name, wants);
    return misused(o, text, optarg);
}

/* One option. Returns 0, or the exit status. */
static int take_option(struct program_options *o, int option)
{
    switch (option) {
    case 'l':
        if (!nacre_address_is_good(optarg))
            return misused(o, "--listen wants ADDR:PORT, or [ADDR]:PORT for IPv6, not ", optarg);
        return add(o->listen, &o->listen_count, optarg) ? 0 : misused(o, "too many --listen", "");
    case 'k':
        return add(o->host_keys, &o->host_key_count, optarg)
                   ? 0
                   : misused(o, "too many --host-key", "");
    case 'p':
        o->passwords = optarg;
        return 0;
    case 'a':
        o->authorized_keys = optarg;
        return 0;
    case 'w':
        return read_workers(optarg, &o->workers)
                   ? 0
                   : misused(o, "--workers wants a number from 0 to 1024, not ", optarg);
    case 'q':
        o->level = LOG_WARN;
        return 0;
    case 'v':
        o->level = o->level >= LOG_DEBUG ? LOG_TRACE : LOG_DEBUG;
        return 0;
    case OPTION_KEX:
    case OPTION_KEX + NACRE_HOST_KEY:
    case OPTION_KEX + NACRE_PUBLIC_KEY:
    case OPTION_KEX + NACRE_CIPHER:
    case OPTION_KEX + NACRE_MAC:
        return take_algorithms(o, (enum nacre_algorithm_kind)(option - OPTION_KEX));
    case OPTION_REKEY_LIMIT:
        return take_rekey_limit(o);
    case OPTION_KEYBOARD_INTERACTIVE:
        o->keyboard_interactive = true;
        return 0;
    case OPTION_REQUIRE:
        return take_require(o);
    case OPTION_BANNER:
        o->banner_file = optarg;
        return 0;
    case OPTION_USER:
        o->user = optarg;
        return 0;
    case OPTION_NO_SANDBOX:
        o->no_sandbox = true;
        return 0;
    default:
        if (option < OPTION_SWITCH)
            return take_limit(o, option - OPTION_LIMIT);
        o->switches[option - OPTION_SWITCH] = true;
        return 0;
    }
}

/* What getopt_long answers '?' or ':' to; `word` is where it was. */
static int wrong_option(const struct program_options *o, int answer, const char *word)
{
    const char letter[] = {'-', (char)optopt, 0};
    bool is_long = optopt == 0 || strchr(word, '=') != NULL;

    if (answer == ':')
        return misused(o, "a value is missing after ", word);
    return misused(o, "there is no option ", is_long ? word : letter);
}

/* The options that are answered on standard output. */
static bool say(const struct program_face *face, int option)
{
    if (option == 'h')
        put_usage(face);
    else if (option == OPTION_VERSION)
        (void)printf("%s " NACRE_VERSION "\n", face->name);
    else if (option == OPTION_LIST_ALGORITHMS)
        list_algorithms();
    else
        return false;
    return true;
}

static const struct option shared[] = {
    {"listen", required_argument, NULL, 'l'},
    {"host-key", required_argument, NULL, 'k'},
    {"passwords", required_argument, NULL, 'p'},
    {"authorized-keys", required_argument, NULL, 'a'},
    {"workers", required_argument, NULL, 'w'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"kex", required_argument, NULL, OPTION_KEX + NACRE_KEX},
    {"host-key-algorithms", required_argument, NULL, OPTION_KEX + NACRE_HOST_KEY},
    {"pubkey-algorithms", required_argument, NULL, OPTION_KEX + NACRE_PUBLIC_KEY},
    {"ciphers", required_argument, NULL, OPTION_KEX + NACRE_CIPHER},
    {"macs", required_argument, NULL, OPTION_KEX + NACRE_MAC},
    {"rekey-limit", required_argument, NULL, OPTION_REKEY_LIMIT},
    {"keyboard-interactive", no_argument, NULL, OPTION_KEYBOARD_INTERACTIVE},
    {"require", required_argument, NULL, OPTION_REQUIRE},
    {"banner", required_argument, NULL, OPTION_BANNER},
    {"user", required_argument, NULL, OPTION_USER},
    {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
    {"list-algorithms", no_argument, NULL, OPTION_LIST_ALGORITHMS},
};

enum {
    SHARED = sizeof shared / sizeof shared[0],
    ALL_OPTIONS = SHARED + LIMIT_OPTIONS + SWITCHES_MAX,
};

/* The shared options and the program's own, ended by zeros. */
static void all_options(const struct program_face *face, struct option all[ALL_OPTIONS + 1])
{
    memset(all, 0, (ALL_OPTIONS + 1) * sizeof *all);
    memcpy(all, shared, sizeof shared);
    limit_options(all + SHARED, OPTION_LIMIT);
    for (int i = 0; face->switches != NULL && face->switches[i] != NULL; i++)
        all[SHARED + LIMIT_OPTIONS + i] =
            (struct option){face->switches[i], no_argument, NULL, OPTION_SWITCH + i};
}

bool program_read_options(int argc, char **argv, const struct program_face *face,
                          struct program_options *o, int *status)
{
    const char *letters = face->has_command ? "+:l:k:p:a:w:qvh" : ":l:k:p:a:w:qvh";
    struct option longs[ALL_OPTIONS + 1];
    int option;

    *o = (struct program_options){.face = face, .workers = 1, .level = LOG_INFO};
    all_options(face, longs);
    opterr = 0;
    while ((option = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        bool said = say(face, option);

        if (option == '?' || option == ':')
            *status = wrong_option(o, option, argv[optind - 1]);
        else
            *status = said ? 0 : take_option(o, option);
        if (said || *status != 0)
            return false;
    }
    o->command = argv + optind;
    if (optind < argc && !face->has_command)
        *status = misused(o, "there is nothing to do with ", argv[optind]);
    if (optind == argc && face->has_command)
        *status = misused(o, "name the command to serve, after --", "");
    return *status == 0;
}

void program_clear_options(struct program_options *o)
{
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++)
        free(o->algorithms[kind]);
}
