#include "apps/daemon/options.h"

#include "apps/daemon/metrics_listen.h"
#include "apps/server/server.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    ADDRESSES_MAX = 16,
    HOST_KEYS_MAX = 16,
    DAY = 24 * 3600, /* seconds */
    MS = 1000,       /* in a second */
};

static bool take_listen(const struct option_row *row, void *options, const char *value,
                        const struct errbuf *p)
{
    char sentence[OPTION_SENTENCE_MAX];

    return nacre_server_address_is_good(value, sentence, sizeof sentence)
               ? option_add(row, options, value, p)
               : errbuf_say(p, "%s", sentence);
}

static bool take_metrics(const struct option_row *row, void *options, const char *value,
                         const struct errbuf *p)
{
    char sentence[OPTION_SENTENCE_MAX] = "";
    const struct errbuf why = errbuf_in(sentence, sizeof sentence);

    return metrics_address_is_good(value, &why) ? option_text(row, options, value, p)
                                                : sentence[0] != 0 && errbuf_say(p, "%s", sentence);
}

/* METHOD[,METHOD...] */
static bool parse_require(void *options, const char *value)
{
    static const char *const methods[] = {"publickey", "password", "keyboard-interactive"};
    const char *list = value, *item;
    size_t len;

    while (list_next(&list, &item, &len)) {
        bool known = false;

        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
            known = known || (strlen(methods[i]) == len && memcmp(methods[i], item, len) == 0);
        if (!known)
            return false;
    }
    ((struct server_options *)options)->require = value;
    return true;
}

/* SIZE[,TIME] */
static bool parse_rekey_limit(void *options, const char *value)
{
    const struct number_range size = {1, 1024, UINT64_C(1) << 40};
    const struct number_range time = {1000, 1000, UINT64_C(365) * 24 * 3600 * 1000};
    struct server_options *o = options;

    o->rekey_ms = 0;
    if (!number_read_size(&value, &size, &o->rekey_bytes))
        return false;
    if (*value == 0)
        return true;
    return *value++ == ',' && number_read_time(&value, &time, 1000, &o->rekey_ms) && *value == 0;
}

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn",   [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug", [LOG_TRACE] = "trace",
};

static bool parse_level(void *options, const char *value)
{
    for (int level = LOG_ERROR; level <= LOG_TRACE; level++)
        if (strcasecmp(value, level_names[level]) == 0) {
            ((struct server_options *)options)->level = (enum log_level)level;
            return true;
        }
    return false;
}

static const char *show_level(const void *options)
{
    return level_names[((const struct server_options *)options)->level];
}

static const char *const format_names[] = {[LOG_LOGFMT] = "logfmt", [LOG_JSON] = "json"};

static bool parse_format(void *options, const char *value)
{
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++)
        if (strcmp(value, format_names[format]) == 0) {
            ((struct server_options *)options)->log_format = (enum log_format)format;
            return true;
        }
    return false;
}

static const char *show_format(const void *options)
{
    return format_names[((const struct server_options *)options)->log_format];
}

static bool parse_quiet(void *options, const char *value)
{
    (void)value;
    ((struct server_options *)options)->level = LOG_WARN;
    return true;
}

static bool parse_verbose(void *options, const char *value)
{
    enum log_level *level = &((struct server_options *)options)->level;

    (void)value;
    *level = *level >= LOG_DEBUG ? LOG_TRACE : LOG_DEBUG;
    return true;
}

/* clang-format off */
static const struct option_row server_rows[] = {
    {.name = "listen", .fixed = true, .keyword = "ListenAddress", .letter = 'l', .argument = "ADDR:PORT", .repeatable = true,
     .take = take_listen, .member = OPTION_MEMBER(struct option_list, struct server_options, listen), .most = ADDRESSES_MAX,
     .expects = "ADDR:PORT, [ADDR]:PORT for IPv6, or unix:PATH",
     .help = "where to listen, or `unix:PATH`; port 0 picks a free one",
     .more = "See ADDRESSES.",
     .default_text = "`[::]:2022`, IPv4 too"},

    {.name = "backlog", .fixed = true, .argument = "N",
     OPTION_U32(struct server_options, backlog), .least = 1, .most = 65535,
     .help = "how many connections may wait to be accepted, at each address",
     .more = "The kernel's limit, net.core.somaxconn, holds too.",
     .default_text = "1024, or what an inherited socket has"},

    {.name = "host-key", .letter = 'k', .argument = "FILE", .repeatable = true,
     OPTION_ADD(struct server_options, host_keys), .most = HOST_KEYS_MAX,
     .help = "private host key, in OpenSSH or PEM format",
     .more = "It must not have a passphrase.",
     .default_text = "`" DEFAULT_HOST_KEY "`, made if missing"},

    {.name = "passwords", .letter = 'p', .argument = "FILE",
     OPTION_TEXT(struct server_options, passwords),
     .help = "lines of `user:password` or `user:$argon2id$...`; read again when it changes",
     .more = "See FILES.",
     .default_text = "`" DEFAULT_PASSWORDS "`"},

    {.name = "authorized-keys", .keyword = "AuthorizedKeysFile", .letter = 'a', .argument = "FILE",
     OPTION_TEXT(struct server_options, authorized_keys),
     .help = "public keys that may log in, as in OpenSSH; `%u` in FILE is the user name",
     .more = "Without `%u`, these keys let their owners log in under every user name. `%%` is a "
             "percent sign. Without this option nobody logs in with a key. See FILES.",
     .default_text = "none"},

    {.name = "keyboard-interactive", .keyword = "KbdInteractiveAuthentication",
     OPTION_FLAG(struct server_options, keyboard_interactive),
     .help = "ask for the password by keyboard-interactive too"},

    {.name = "require", .keyword = "AuthenticationMethods", .argument = "METHODS", .parse = parse_require,
     .expects = "a list of publickey, password and keyboard-interactive",
     .help = "methods that must all succeed, separated by commas: `publickey`, `password`, `keyboard-interactive`",
     .default_text = "any one"},

    {.name = "allow-users", .argument = "LIST", .join = ',',
     OPTION_TEXT(struct server_options, allow_users), .least = 1,
     .help = "the only users who may log in, separated by commas; `*` and `?` are wildcards, and USER@ADDRESS is a user from "
             "such an address",
     .more = "ADDRESS is an address, a pattern or a network, as in `from=` of authorized_keys. "
             "Anybody else is answered as with a wrong password or key. In a file, spaces may separate the users.",
     .default_text = "all users"},

    {.name = "deny-users", .argument = "LIST", .join = ',',
     OPTION_TEXT(struct server_options, deny_users), .least = 1,
     .help = "users who may not log in, as for `--allow-users`, over which this wins",
     .default_text = "none"},

    {.name = "banner", .argument = "FILE",
     OPTION_TEXT(struct server_options, banner_file),
     .help = "a text of up to 4096 bytes that clients show before the login"},

    {.name = "user", .fixed = true, .argument = "NAME",
     OPTION_TEXT(struct server_options, user),
     .help = "become that user once the host keys are read and the ports are open",
     .more = "This needs root. The password file and the authorized keys are read again later, so they must belong to that "
             "user or to root, and that user must be able to read them. "
             "Without this option root stays root, with a warning in the log."},

    {.name = "no-sandbox", .fixed = true,
     OPTION_FLAG(struct server_options, no_sandbox),
     .help = "keep access to all system calls and files; for debugging",
     .more = "Only `--user` still takes effect. See CONFINEMENT."},

    {.name = "workers", .fixed = true, .letter = 'w', .argument = "N",
     OPTION_U32(struct server_options, workers), .most = 1024,
     .help = "event loops, each on its own thread; 0 for one per CPU",
     .default_value = "1"},

    {.name = "drain", .argument = "TIME",
     OPTION_U32(struct server_options, drain_ms), .most = DAY, .scale = MS, .second = MS,
     .help = "how long sessions may go on after SIGTERM; 0 to end them at once",
     .more = "No connection is accepted in that time, and the log says how many are left. A second SIGTERM ends them.",
     .default_value = "0"},

    {.name = "supervise", .fixed = true,
     OPTION_FLAG(struct server_options, supervise),
     .help = "hold the ports in a parent process, so that SIGUSR2 upgrades the server without losing a connection",
     .more = "See SIGNALS."},

    {.name = "metrics", .fixed = true, .argument = "ADDR:PORT", .take = take_metrics,
     .member = offsetof(struct server_options, metrics),
     .expects = "PORT, ADDR:PORT, [ADDR]:PORT for IPv6, or unix:PATH",
     .help = "serve metrics for Prometheus there, or at `unix:PATH`; a port alone is one of 127.0.0.1, and 0 picks a free one",
     .more = "See METRICS.",
     .default_text = "none"},
    {0},
};

static const struct option_row crypto_rows[] = {
    {.name = "pubkey-algorithms", .keyword = "PubkeyAcceptedAlgorithms", .argument = "LIST", .take = algorithm_option, .which = NACRE_PUBLIC_KEY,
     .member = offsetof(struct server_options, algorithms),
     .help = "signature algorithms of users' keys, as for `--kex`"},

    {.name = "list-algorithms", .answer = algorithms_put,
     .help = "print the known algorithms, best first, and which are off unless named"},

    {.name = "rekey-limit", .join = ',', .argument = "SIZE[,TIME]", .parse = parse_rekey_limit,
     .expects = "SIZE[,TIME], from 1K on",
     .help = "rekey after so many bytes in one direction, or after so much time",
     .more = "The cipher's limit is 64 GiB with AES and 1 GiB with chacha20-poly1305. In any case a connection is rekeyed "
             "after 2^30 packets in one direction: RFC 4344 asks for that before 2^31.",
     .default_text = "the cipher's limit, and 1 hour"},
    {0},
};

static const struct option_row log_rows[] = {
    {.name = "log-level", .argument = "LEVEL", .parse = parse_level, .show = show_level,
     .expects = "error, warn, info, debug or trace",
     .help = "what to log: `error`, `warn`, `info`, `debug`, or `trace`, each with all that comes before it",
     .more = "`trace` logs number and length of every message.",
     .default_value = "info"},
    {.name = "log-format", .fixed = true, .argument = "FORMAT", .parse = parse_format, .show = show_format,
     .expects = "logfmt or json",
     .help = "the form of a line: `logfmt`, or `json` for one object per line",
     .default_value = "logfmt"},
    {.name = "log-file", .fixed = true, .argument = "FILE",
     OPTION_TEXT(struct server_options, log_file),
     .help = "append the log to that file instead of writing it to standard error; SIGHUP opens it again",
     .more = "It is made with mode 640 if it is missing. To rotate it, rename it and send SIGHUP; with `--user`, that user must be able "
             "to write to the file, or to make one in its folder. What goes wrong at the start is still written to standard error too.",
     .default_text = "none"},
    {.name = "log-syslog", .fixed = true,
     OPTION_FLAG(struct server_options, log_syslog),
     .help = "send the log to the system's log daemon, as facility auth, instead of writing it to standard error",
     .more = "Each line is a message to `/dev/log`. While no daemon listens there, up to 1 MiB of lines wait."},
    {.name = "quiet", .letter = 'q', .parse = parse_quiet, .keyword = "", .help = "log warnings and errors only: `--log-level warn`"},
    {.name = "verbose", .letter = 'v', .parse = parse_verbose, .keyword = "",
     .help = "log more: `--log-level debug`, and `trace` with `-vv`"},
    {0},
};
/* clang-format on */

const struct option_group server_options = {.name = "server_options", .rows = server_rows};
const struct option_group server_crypto_options = {.name = "server_crypto_options",
                                                   .rows = crypto_rows};
const struct option_group log_options = {.name = "log_options", .rows = log_rows};

unsigned server_workers(const struct server_options *o)
{
    long cpus = o->workers > 0 ? 0 : sysconf(_SC_NPROCESSORS_ONLN);

    if (o->workers > 0)
        return o->workers;
    return cpus > 0 ? (unsigned)cpus : 1;
}

void server_options_clear(struct server_options *options)
{
    config_options_clear(&options->config);
    algorithm_options_clear(&options->algorithms);
}
