/* nacre-load's options. */
#include "apps/load/load.h"

#include "apps/files/key_file.h"
#include "apps/session/number.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_VERSION = 256,
    OPTION_PASSWORD,
    OPTION_AGENT,
    OPTION_KNOWN_HOSTS,
    OPTION_INSECURE,
    OPTION_COMMAND,
    OPTION_HOLD,
    OPTION_JSON,
    OPTION_YES_REMOTE,
    OPTION_ALGORITHM, /* and the numbers behind it: the kinds */
};

/* What is only needed while reading them. */
struct reading {
    struct load_options *o;
    const char *host; /* HOST:PORT */
    const char *port;
    bool insecure, yes_remote;
};

static const char usage[] =
    "usage: nacre-load [-p PORT] [-u USER] [-i KEY]... [--agent] [--password FILE]\n"
    "                  [-n N] [-c C] [-b BYTES] [--known-hosts FILE | --insecure] [--command "
    "COMMAND] [--hold SECONDS]\n"
    "                  [--kex LIST] [--host-key-algorithms LIST] [--ciphers LIST] [--macs LIST]\n"
    "                  [--json] [-q] [--yes-remote] [--help] [--version] MODE [HOST:PORT]\n"
    "Drives an SSH server and says what it did. MODE is one of:\n";

static const char options[] =
    " -p, --port PORT             of 127.0.0.1, when there is no HOST:PORT; default 2022\n"
    " -u, --user USER             default $USER\n"
    " -i, --identity KEY          private key file to log in with; repeatable\n"
    "     --agent                 log in with the keys of $SSH_AUTH_SOCK\n"
    "     --password FILE         the first line of FILE is the password; - is standard input\n"
    " -n, --count N               how many logins, keys, sessions or channels; default 100 logins\n"
    "                             or sessions, 1000 keys or channels\n"
    " -c, --at-once C             how many at a time; default 1\n"
    " -b, --bytes BYTES           of a transfer; K, M, G; default 64M\n"
    "     --known-hosts FILE      default ~/.ssh/known_hosts\n"
    "     --insecure              take any host key\n"
    "     --command COMMAND       to run; default nacre-echo's cat, discard, chargen N, and for "
    "other\n"
    "                             servers cat, cat >/dev/null, head -c N /dev/zero\n"
    "     --hold SECONDS          idle: how long; default 10\n"
    "     --kex LIST, --host-key-algorithms LIST, --ciphers LIST, --macs LIST\n"
    "                             algorithms to offer, as in nacre-echo\n"
    "     --json                  figures as JSON\n"
    " -q, --quiet                 no progress\n"
    "     --yes-remote            the server may be on another machine, and I may load it\n"
    " -h, --help                  this text\n"
    "     --version               the version\n"
    "Exit status: 0 when all went well, 1 when not, 2 for wrong options.\n";

static void put_usage(void)
{
    (void)fputs(usage, stdout);
    for (const struct load_mode *m = load_modes; m->name != NULL; m++)
        (void)printf(" %-10s %s\n", m->name, m->about);
    (void)fputs(options, stdout);
}

int load_misused(const char *text, const char *what)
{
    (void)fprintf(stderr, "nacre-load: %s%s (try nacre-load --help)\n", text, what);
    return 2;
}

static int failed(const char *text)
{
    (void)fprintf(stderr, "nacre-load: %s\n", text);
    return 1;
}

static int take_number(const char *name, bool units, uint64_t most, uint64_t *number)
{
    const char *at = optarg;
    char text[128];

    if ((units ? number_read_size(&at, 1, most, number) : number_read(&at, 1, most, number)) &&
        *at == 0)
        return 0;
    (void)snprintf(text, sizeof text, "%s wants a number, not ", name);
    return load_misused(text, optarg);
}

static int take_key(struct load_options *o)
{
    char errbuf[LOAD_PROBLEM_MAX];

    if (o->key_count == LOAD_KEYS_MAX)
        return load_misused("too many --identity", "");
    o->keys[o->key_count] = nacre_key_read(optarg, errbuf, sizeof errbuf);
    if (o->keys[o->key_count] == NULL)
        return failed(errbuf);
    o->key_count++;
    o->own_keys = o->key_count;
    return 0;
}

/* Its keys come last, in `complete`: so that those of files stand together. */
static int take_agent(struct load_options *o)
{
    char errbuf[LOAD_PROBLEM_MAX];

    if (o->agent != NULL)
        return 0;
    o->agent = nacre_agent_open(NULL, errbuf, sizeof errbuf);
    return o->agent != NULL ? 0 : failed(errbuf);
}

static void add_agent_keys(struct load_options *o)
{
    size_t count = 0;
    const struct nacre_key *const *keys =
        o->agent == NULL ? NULL : nacre_agent_keys(o->agent, &count);

    for (size_t i = 0; i < count && o->key_count < LOAD_KEYS_MAX; i++)
        o->keys[o->key_count++] = keys[i];
}

static int take_password(struct load_options *o)
{
    FILE *file = strcmp(optarg, "-") == 0 ? stdin : fopen(optarg, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t len = file == NULL ? -1 : getline(&line, &room, file);

    if (file != NULL && file != stdin)
        (void)fclose(file);
    if (len < 0) {
        free(line);
        return load_misused("there is no password to read in ", optarg);
    }
    line[strcspn(line, "\r\n")] = 0;
    free((char *)o->password);
    o->password = line;
    return 0;
}

static int take_algorithms(struct load_options *o, enum nacre_algorithm_kind kind)
{
    char list[NACRE_ALGORITHM_LIST_MAX], errbuf[LOAD_PROBLEM_MAX];

    if (!nacre_algorithms_apply(kind, optarg, list, errbuf, sizeof errbuf))
        return load_misused(errbuf, "");
    free(o->algorithms[kind]);
    o->algorithms[kind] = strdup(list);
    return o->algorithms[kind] != NULL ? 0 : failed("out of memory");
}

static int take_count(struct reading *r, int option)
{
    uint64_t number = 0;
    int status;

    switch (option) {
    case 'n':
        return take_number("--count", true, 100000000, &r->o->count);
    case 'b':
        return take_number("--bytes", true, UINT64_C(1) << 50, &r->o->bytes);
    case 'c':
        status = take_number("--at-once", false, 1000000, &number);
        r->o->at_once = (uint32_t)number;
        return status;
    default:
        status = take_number("--hold", false, 1000000, &number);
        r->o->hold_s = (uint32_t)number;
        return status;
    }
}

static int take_option(struct reading *r, int option)
{
    struct load_options *o = r->o;

    switch (option) {
    case 'p':
        r->port = optarg;
        return 0;
    case 'u':
        o->user = optarg;
        return 0;
    case 'i':
        return take_key(o);
    case 'q':
        o->quiet = true;
        return 0;
    case OPTION_AGENT:
        return take_agent(o);
    case OPTION_PASSWORD:
        return take_password(o);
    case OPTION_KNOWN_HOSTS:
        o->known_hosts = optarg;
        return 0;
    case OPTION_INSECURE:
        r->insecure = true;
        return 0;
    case OPTION_COMMAND:
        o->command = optarg;
        return 0;
    case OPTION_JSON:
        o->json = true;
        return 0;
    case OPTION_YES_REMOTE:
        r->yes_remote = true;
        return 0;
    case 'n':
    case 'b':
    case 'c':
    case OPTION_HOLD:
        return take_count(r, option);
    default:
        return take_algorithms(o, (enum nacre_algorithm_kind)(option - OPTION_ALGORITHM));
    }
}

/* ---- all together ---- */

static int find_mode(struct load_options *o, const char *name)
{
    for (o->mode = load_modes; o->mode->name != NULL; o->mode++)
        if (strcmp(o->mode->name, name) == 0)
            return 0;
    return load_misused("there is no MODE ", name);
}

static int complete(struct reading *r, int words, char **word)
{
    static char home_file[4096];
    struct load_options *o = r->o;
    int status;

    if (words < 1 || words > 2)
        return load_misused("give a MODE, and perhaps HOST:PORT", "");
    r->host = words == 2 ? word[1] : NULL;
    status = find_mode(o, word[0]);
    if (status == 0)
        status = load_find_target(o, r->host, r->port, r->yes_remote);
    if (status != 0)
        return status;
    add_agent_keys(o);
    if (o->count == 0)
        o->count = o->mode->count;
    if (o->user == NULL)
        return load_misused("name the user with --user", "");
    if (r->insecure) {
        o->known_hosts = NULL;
        return 0;
    }
    if (o->known_hosts == NULL) {
        (void)snprintf(home_file, sizeof home_file, "%s/.ssh/known_hosts",
                       getenv("HOME") != NULL ? getenv("HOME") : "");
        o->known_hosts = home_file;
    }
    load_prefer_known(o);
    return 0;
}

static const struct option longs[] = {
    {"port", required_argument, NULL, 'p'},
    {"user", required_argument, NULL, 'u'},
    {"identity", required_argument, NULL, 'i'},
    {"agent", no_argument, NULL, OPTION_AGENT},
    {"password", required_argument, NULL, OPTION_PASSWORD},
    {"count", required_argument, NULL, 'n'},
    {"at-once", required_argument, NULL, 'c'},
    {"bytes", required_argument, NULL, 'b'},
    {"known-hosts", required_argument, NULL, OPTION_KNOWN_HOSTS},
    {"insecure", no_argument, NULL, OPTION_INSECURE},
    {"command", required_argument, NULL, OPTION_COMMAND},
    {"hold", required_argument, NULL, OPTION_HOLD},
    {"kex", required_argument, NULL, OPTION_ALGORITHM + NACRE_KEX},
    {"host-key-algorithms", required_argument, NULL, OPTION_ALGORITHM + NACRE_HOST_KEY},
    {"ciphers", required_argument, NULL, OPTION_ALGORITHM + NACRE_CIPHER},
    {"macs", required_argument, NULL, OPTION_ALGORITHM + NACRE_MAC},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"yes-remote", no_argument, NULL, OPTION_YES_REMOTE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

bool load_read_options(int argc, char **argv, struct load_options *o, int *status)
{
    struct reading r = {.o = o, .port = "2022"};
    int option;

    *o = (struct load_options){
        .user = getenv("USER"), .at_once = 1, .bytes = 64 << 20, .hold_s = 10};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "p:u:i:n:c:b:qh", longs, NULL)) != -1) {
        if (option == 'h')
            put_usage();
        else if (option == OPTION_VERSION)
            (void)puts("nacre-load " NACRE_VERSION);
        else if (option == '?')
            *status = load_misused("not an option, or its value is missing: ", argv[optind - 1]);
        else
            *status = take_option(&r, option);
        if (*status != 0 || option == 'h' || option == OPTION_VERSION)
            return false;
    }
    *status = complete(&r, argc - optind, argv + optind);
    return *status == 0;
}

void load_clear_options(struct load_options *o)
{
    for (size_t i = 0; i < o->own_keys; i++)
        nacre_key_free((struct nacre_key *)o->keys[i]);
    nacre_agent_free(o->agent);
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++)
        free(o->algorithms[kind]);
    if (o->password != NULL)
        explicit_bzero((char *)o->password, strlen(o->password));
    free((char *)o->password);
}
