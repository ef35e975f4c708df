#include "apps/daemon/limits.h"

#include "apps/options/values.h"

#include <string.h>

#define MEMORY_LEAST (256 * 1024) /* bytes */
#define MEMORY_MOST (UINT64_C(1) << 50)

enum {
    DAY = 24 * 3600,      /* seconds */
    MS = 1000,            /* in a second */
    MINUTES_MAX = 100000, /* the highest rate */
    KEEPALIVES_MAX = 1000,
};

/* In milliseconds; a number without a letter is one of seconds. */
static const struct number_range up_to_a_day = {MS, MS, DAY *MS};

/* BEGIN[:RATE:FULL] */
static bool parse_startups(void *options, const char *value)
{
    struct nacre_admission *a = &((struct limit_options *)options)->admission;
    uint64_t begin, rate = 100, full;

    if (!number_read(&value, 1, 1000000, &begin))
        return false;
    full = begin;
    if (*value == ':') {
        value++;
        if (!number_read(&value, 1, 100, &rate) || *value++ != ':' ||
            !number_read(&value, begin, 1000000, &full))
            return false;
    }
    a->startups_begin = (uint32_t)begin;
    a->startups_rate = (uint32_t)rate;
    a->startups_full = (uint32_t)full;
    return *value == 0;
}

/* BITS:BITS */
static bool parse_block(void *options, const char *value)
{
    struct nacre_admission *a = &((struct limit_options *)options)->admission;
    uint64_t v4, v6;

    if (!number_read(&value, 1, 32, &v4) || *value++ != ':' || !number_whole(value, 1, 128, &v6))
        return false;
    a->netblock_v4 = (uint32_t)v4;
    a->netblock_v6 = (uint32_t)v6;
    return true;
}

/* The item begins with the name and a colon: then the rest, otherwise NULL. */
static const char *after_name(const char *item, const char *name)
{
    size_t len = strlen(name);

    return strncmp(item, name, len) == 0 && item[len] == ':' ? item + len + 1 : NULL;
}

/* KIND:TIME */
static bool take_penalty(struct nacre_admission *p, const char *item, size_t len)
{
    const struct {
        const char *kind;
        uint32_t *ms;
    } kinds[] = {{"authfail", &p->penalty_authfail_ms},
                 {"noauth", &p->penalty_noauth_ms},
                 {"grace-exceeded", &p->penalty_grace_exceeded_ms},
                 {"min", &p->penalty_min_ms},
                 {"max", &p->penalty_max_ms}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *at = after_name(item, kinds[i].kind);
        uint64_t ms;

        if (at != NULL && number_read_time(&at, &up_to_a_day, MS, &ms) && at == item + len) {
            *kinds[i].ms = (uint32_t)ms;
            return true;
        }
    }
    return false;
}

/* KIND:TIME,... or no */
static bool parse_penalties(void *options, const char *value)
{
    struct nacre_admission *p = &((struct limit_options *)options)->admission;
    const char *item;
    size_t len;

    p->no_penalties = strcmp(value, "no") == 0;
    if (p->no_penalties)
        return true;
    while (list_next(&value, &item, &len))
        if (!take_penalty(p, item, len))
            return false;
    return true;
}

/* KIND:BURST/MINUTE */
static bool take_rate(struct nacre_rate *rates, const char *item, size_t len)
{
    for (int i = 0; i < NACRE_RATES; i++) {
        const char *at =
            after_name(item, nacre_limit_name((enum nacre_limit)(NACRE_LIMIT_OPENS + i)));
        uint64_t burst, minute;

        if (at != NULL && number_read(&at, 1, 1000000, &burst) && *at++ == '/' &&
            number_read(&at, 1, MINUTES_MAX, &minute) && at == item + len) {
            rates[i] = (struct nacre_rate){(uint32_t)burst, (uint32_t)minute};
            return true;
        }
    }
    return false;
}

/* KIND:BURST/MINUTE,... or no */
static bool parse_rates(void *options, const char *value)
{
    struct nacre_rate *rates = ((struct limit_options *)options)->limits.rates;
    bool none = strcmp(value, "no") == 0;
    const char *item;
    size_t len;

    for (int i = 0; none && i < NACRE_RATES; i++)
        rates[i].burst = NACRE_UNLIMITED;
    while (!none && list_next(&value, &item, &len))
        if (!take_rate(rates, item, len))
            return false;
    return true;
}

/* TIME[,COUNT] */
static bool parse_keepalive(void *options, const char *value)
{
    struct nacre_limits *limits = &((struct limit_options *)options)->limits;
    const struct number_range range = {MS, 0, up_to_a_day.most};
    uint64_t ms, count = 0;

    if (!number_read_time(&value, &range, MS, &ms) ||
        (*value != 0 && (*value != ',' || !number_whole(value + 1, 1, KEEPALIVES_MAX, &count))))
        return false;
    limits->keepalive_ms = ms;
    limits->keepalive_count = (uint32_t)count; /* 0: that of --keepalive-count */
    return true;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "max-connections", .argument = "N",
     OPTION_U32(struct limit_options, admission.max_connections), .least = 1, .most = 10000000,
     .help = "connections on all workers together",
     .more = "The last eighth is for users who have no other connection.",
     .default_text = "`65536`, or fewer if descriptors are short"},

    {.name = "max-startups", .argument = "BEGIN:RATE:FULL", .parse = parse_startups,
     .expects = "N, or BEGIN:RATE:FULL as in sshd_config",
     .help = "connections that have not logged in yet",
     .more = "From BEGIN on, RATE percent of new connections are refused, rising to all of them at FULL. "
             "A source that has no such connection yet is refused only at FULL. As MaxStartups in sshd_config(5).",
     .default_value = "100:30:1000"},

    {.name = "per-source-max-startups", .argument = "N",
     OPTION_U32(struct limit_options, admission.per_source_startups), .least = 1, .most = 1000000, .unlimited = "none",
     .help = "connections from one source that have not logged in yet, or `none` for no limit",
     .default_value = "64"},

    {.name = "per-source-net-block-size", .argument = "BITS:BITS", .parse = parse_block,
     .expects = "two numbers of bits, up to 32 and up to 128, with a colon between",
     .help = "how many bits of an IPv4 and of an IPv6 address make a source",
     .default_value = "32:64"},

    {.name = "per-source-penalties", .join = ',', .argument = "LIST", .parse = parse_penalties,
     .expects = "a list of authfail, noauth, grace-exceeded, min and max, each with :TIME, or no",
     .help = "how long a source is refused after a connection that ended without a login; or `no`",
     .more = "The entries of LIST are NAME:TIME, separated by commas: `authfail` for failed attempts and for a second rekey "
             "before the login, `noauth` for none, "
             "`grace-exceeded` for a login that took too long. Penalties add up and run out with time; they take effect "
             "from a sum of `min` on and grow to `max` at most. The server remembers 65,536 sources.",
     .default_value = "authfail:5,noauth:1,grace-exceeded:10,min:15,max:600"},

    {.name = "per-source-penalty-exempt-list", .argument = "LIST",
     OPTION_TEXT(struct limit_options, admission.penalty_exempt), .least = 1, /* the server parses it */
     .help = "addresses and networks without penalties, separated by commas",
     .more = "They are written as in `from=` of authorized_keys.",
     .default_text = "none"},

    {.name = "proxy-from", .argument = "LIST",
     OPTION_TEXT(struct limit_options, admission.proxy_from), .least = 1, /* the server parses it */
     .help = "load balancers, whose connections must begin with a PROXY protocol header",
     .more = "LIST has addresses and networks, separated by commas and written as in `from=` of authorized_keys; `unix` stands for every Unix socket. "
             "The header, of version 1 or 2, names the client's address, which then counts for all limits, for penalties, for `from=` and in the log. "
             "A connection from LIST without a header is refused; a header from elsewhere is a protocol error, so that nobody can pretend to be another. "
             "These addresses get no penalties, so that health checks may connect and leave.",
     .default_text = "none"},

    {.name = "handshake-time", .argument = "TIME",
     OPTION_U32(struct limit_options, limits.handshake_ms), .least = 1, .most = DAY, .scale = MS, .second = MS, .unlimited = "0",
     .help = "time limit for the client's part of the first key exchange, and then for each packet until the login; 0 for no "
             "limit",
     .more = "The key exchange involves no person. After it, somebody may be comparing the host key or typing a password, so "
             "only a packet that has begun is timed, from its first byte to its last.",
     .default_value = "10"},

    {.name = "login-grace-time", .argument = "TIME",
     OPTION_U32(struct limit_options, login_grace_ms), .least = 1, .most = DAY, .scale = MS, .second = MS,
     .help = "time limit for the whole login",
     .default_value = "120"},

    {.name = "max-auth-tries", .argument = "N",
     OPTION_U32(struct limit_options, limits.auth_tries), .least = 1, .most = 100,
     .help = "failed login attempts per connection",
     .default_value = "6"},

    {.name = "auth-delay", .argument = "MS",
     OPTION_U32(struct limit_options, limits.auth_delay_ms), .least = 1, .most = 60 * MS, .second = MS, .unlimited = "0",
     .help = "milliseconds before a failed attempt is answered, doubled each time; 0 for no delay",
     .more = "The time counts from the arrival of the request.",
     .default_value = "250"},

    {.name = "max-sessions", .argument = "N",
     OPTION_U32(struct limit_options, channels_max), .least = 1, .most = 1000000,
     .help = "channels per connection",
     .default_value = "64"},

    {.name = "max-window", .argument = "SIZE",
     OPTION_U32(struct limit_options, limits.window), .least = 1, .most = 1024, .scale = 1024 * 1024, .units = true,
     .help = "how much all channels of a connection together may make the server hold; a number alone counts MiB",
     .more = "They are the windows and what came with the opening of the channels. "
             "A value that is given is the whole amount.",
     .default_text = "`16`, and 128 KiB per channel"},

    {.name = "max-memory", .argument = "SIZE",
     OPTION_U64(struct limit_options, max_memory), .least = MEMORY_LEAST, .most = MEMORY_MOST, .units = true,
     .help = "bytes that the clients of all connections together may make the server hold, with K, M or G for powers of 1024",
     .more = "They are the windows granted to channels, what came with the opening of the channels, input that no window "
             "allowed, and the blocks that packets of more than 127 KiB are received in. When three quarters are used, new "
             "channels get smaller windows, down to 32 KiB, and bytes that were accepted are granted again later; both are "
             "logged as `low-memory`. When nothing is left, channels are refused. What was granted stays granted. "
             "Memory for output and for the sessions themselves comes on top.",
     .default_text = "a quarter of the machine's memory, or the cgroup's"},

    {.name = "per-user-max-memory", .argument = "SIZE",
     OPTION_U64(struct limit_options, per_user_max_memory), .least = MEMORY_LEAST, .most = MEMORY_MOST, .units = true,
     .help = "the same for the connections of one user and, before the login, of one source",
     .default_text = "a quarter of `--max-memory`"},

    {.name = "rate-limits", .argument = "LIST", .parse = parse_rates,
     .expects = "a list of opens, requests, globals, proofs and rekeys, each with :BURST/MINUTE, or no",
     .help = "how often a client may start expensive work, as a burst and then per minute; or `no`",
     .more = "The entries of LIST are NAME:BURST/MINUTE, separated by commas: `opens` of channels, `requests` on channels, `globals` for "
             "global requests, `proofs` of host keys (a signature each), `rekeys` that the client begins after the login. "
             "A rekey counts once, and once more for each 200 microseconds of CPU that its method and the host key cost "
             "more than curve25519-sha256 and ssh-ed25519. "
             "Work beyond that waits, and so does all that the client sends after it; proofs are refused.",
     .default_value = "opens:1000/60000,requests:1000/60000,globals:200/600,proofs:4/4,rekeys:100/3000"},

    {.name = "keepalive", .keyword = "ClientAliveInterval", .join = ',', .argument = "TIME[,COUNT]", .parse = parse_keepalive,
     .expects = "TIME[,COUNT], or 0 for never",
     .help = "send keepalive@openssh.com after so much time of silence, and disconnect if COUNT of them in a row bring "
             "no answer; 0 for never",
     .more = "Any byte is an answer. As ClientAliveInterval and ClientAliveCountMax in sshd_config(5), and off as there: "
             "a client that is suspended is not gone.",
     .default_value = "0"},

    {.name = "keepalive-count", .keyword = "ClientAliveCountMax", .argument = "N",
     OPTION_U32(struct limit_options, keepalive_count), .least = 1, .most = KEEPALIVES_MAX,
     .help = "the COUNT of `--keepalive` where that has none",
     .default_value = "3"},

    {.name = "idle-timeout", .argument = "TIME",
     OPTION_U64(struct limit_options, limits.idle_ms), .most = 365 * DAY, .scale = MS, .second = MS,
     .help = "disconnect after so much time without data on any channel, in either direction; 0 for never",
     .default_value = "0"},
    {0},
};
/* clang-format on */

const struct option_group limit_options = {
    .name = "limit_options", .title = "Limits:", .rows = rows};
