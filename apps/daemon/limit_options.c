#include "apps/daemon/limit_options.h"

#include "apps/session/number.h"

#include <stdio.h>
#include <string.h>

enum {
    DAYS = 24 * 3600,     /* seconds */
    MS = 1000,            /* in a second */
    MIB = 1024 * 1024,    /* bytes */
    MINUTES_MAX = 100000, /* a rate's most */
};

/* ---- one value each ---- */

static bool take_connections(struct chosen_limits *c, const char *value)
{
    uint64_t n;

    if (!number_whole(value, 1, 10000000, &n))
        return false;
    c->admission.max_connections = (uint32_t)n;
    return true;
}

static bool take_startups(struct chosen_limits *c, const char *value)
{
    struct nacre_admission *a = &c->admission;
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

static bool take_source_startups(struct chosen_limits *c, const char *value)
{
    uint64_t n = NACRE_UNLIMITED;

    if (strcmp(value, "none") != 0 && !number_whole(value, 1, 1000000, &n))
        return false;
    c->admission.per_source_startups = (uint32_t)n;
    return true;
}

static bool take_block(struct chosen_limits *c, const char *value)
{
    uint64_t v4, v6;

    if (!number_read(&value, 1, 32, &v4) || *value != ':' || !number_whole(value + 1, 1, 128, &v6))
        return false;
    c->admission.netblock_v4 = (uint32_t)v4;
    c->admission.netblock_v6 = (uint32_t)v6;
    return true;
}

/* KIND:SECONDS with commas between, or no */
static bool take_penalties(struct chosen_limits *c, const char *value)
{
    struct nacre_penalties *p = &c->admission.penalties;
    const struct {
        const char *kind;
        uint32_t *ms;
    } kinds[] = {{"authfail:", &p->authfail_ms},
                 {"noauth:", &p->noauth_ms},
                 {"grace-exceeded:", &p->grace_exceeded_ms},
                 {"min:", &p->min_ms},
                 {"max:", &p->max_ms}};

    p->off = strcmp(value, "no") == 0;
    for (bool more = !p->off; more; more = *value++ == ',') {
        uint64_t seconds = 0;
        size_t i = 0, n = sizeof kinds / sizeof kinds[0];

        while (i < n && strncmp(value, kinds[i].kind, strlen(kinds[i].kind)) != 0)
            i++;
        if (i == n)
            return false;
        value += strlen(kinds[i].kind);
        if (!number_read(&value, 1, DAYS, &seconds) || (*value != ',' && *value != 0))
            return false;
        *kinds[i].ms = (uint32_t)seconds * MS;
    }
    return true;
}

static bool take_exempt(struct chosen_limits *c, const char *value)
{
    c->admission.penalty_exempt = value;
    return *value != 0; /* the server looks at it */
}

/* 0: no limit */
static bool take_handshake(struct chosen_limits *c, const char *value)
{
    uint64_t seconds;

    if (!number_whole(value, 0, DAYS, &seconds))
        return false;
    c->limits.handshake_ms = seconds == 0 ? NACRE_UNLIMITED : (uint32_t)seconds * MS;
    return true;
}

static bool take_grace(struct chosen_limits *c, const char *value)
{
    uint64_t seconds;

    if (!number_whole(value, 1, DAYS, &seconds))
        return false;
    c->login_grace_ms = (uint32_t)seconds * MS;
    return true;
}

static bool take_tries(struct chosen_limits *c, const char *value)
{
    uint64_t n;

    if (!number_whole(value, 1, 100, &n))
        return false;
    c->limits.auth_tries = (uint32_t)n;
    return true;
}

static bool take_delay(struct chosen_limits *c, const char *value)
{
    uint64_t ms;

    if (!number_whole(value, 0, 60 * MS, &ms))
        return false;
    c->limits.auth_delay_ms = ms == 0 ? NACRE_UNLIMITED : (uint32_t)ms;
    return true;
}

static bool take_sessions(struct chosen_limits *c, const char *value)
{
    uint64_t n;

    if (!number_whole(value, 1, 1000000, &n))
        return false;
    c->channels_max = (uint32_t)n;
    return true;
}

static bool take_window(struct chosen_limits *c, const char *value)
{
    uint64_t mib;

    if (!number_whole(value, 1, 1024, &mib))
        return false;
    c->limits.window = (uint32_t)mib * MIB;
    return true;
}

/* KIND:BURST/MINUTE with commas between, or no */
static bool take_rates(struct chosen_limits *c, const char *value)
{
    struct nacre_rate *rates = c->limits.rates;
    bool none = strcmp(value, "no") == 0;

    for (int i = 0; none && i < NACRE_RATES; i++)
        rates[i].burst = NACRE_UNLIMITED;
    for (bool more = !none; more; more = *value++ == ',') {
        uint64_t burst, minute;
        size_t len = strcspn(value, ":");
        int i = 0;

        while (
            i < NACRE_RATES &&
            (strlen(nacre_limit_name((enum nacre_limit)(NACRE_LIMIT_OPENS + i))) != len ||
             memcmp(nacre_limit_name((enum nacre_limit)(NACRE_LIMIT_OPENS + i)), value, len) != 0))
            i++;
        value += len;
        if (i == NACRE_RATES || *value++ != ':' || !number_read(&value, 1, 1000000, &burst) ||
            *value++ != '/' || !number_read(&value, 1, MINUTES_MAX, &minute) ||
            (*value != ',' && *value != 0))
            return false;
        rates[i] = (struct nacre_rate){(uint32_t)burst, (uint32_t)minute};
    }
    return true;
}

/* SECONDS[,COUNT] */
static bool take_keepalive(struct chosen_limits *c, const char *value)
{
    uint64_t seconds, count = 3;

    if (!number_read(&value, 0, DAYS, &seconds) ||
        (*value != 0 && (*value != ',' || !number_whole(value + 1, 1, 1000, &count))))
        return false;
    c->limits.keepalive_ms = seconds * MS;
    c->limits.keepalive_count = (uint32_t)count;
    return true;
}

static bool take_idle(struct chosen_limits *c, const char *value)
{
    uint64_t seconds;

    if (!number_whole(value, 0, 365 * DAYS, &seconds))
        return false;
    c->limits.idle_ms = seconds * MS;
    return true;
}

/* ---- the table ---- */

static const struct row {
    const char *name, *value;
    bool (*take)(struct chosen_limits *c, const char *value);
    const char *help; /* lines after the first are indented */
    const char *wants;
} rows[LIMIT_OPTIONS] = {
    {"max-connections", "N", take_connections,
     "connections; default 65536, or what the descriptors are enough for",
     "a number of connections, 1 or more"},
    {"max-startups", "BEGIN:RATE:FULL", take_startups,
     "of connections that have not logged in; default 100:30:1000",
     "N, or BEGIN:RATE:FULL as in sshd_config"},
    {"per-source-max-startups", "N", take_source_startups,
     "the same from one source; default 64; or none", "a number, 1 or more, or none"},
    {"per-source-net-block-size", "BITS:BITS", take_block,
     "of one source, IPv4 and IPv6; default 32:64",
     "two numbers of bits, up to 32 and 128, with a colon between"},
    {"per-source-penalties", "LIST", take_penalties,
     "how long who does not log in stays away, in seconds; default\n"
     "authfail:5,noauth:1,grace-exceeded:10,min:15,max:600; or no",
     "authfail, noauth, grace-exceeded, min, max, each with :SECONDS, and commas between; or no"},
    {"per-source-penalty-exempt-list", "LIST", take_exempt,
     "addresses and networks without penalties; default nobody",
     "addresses and networks with commas between"},
    {"handshake-time", "SECONDS", take_handshake,
     "for the client's part of the first key exchange,\nand for each packet before the login; "
     "default 10",
     "a number of seconds, 0 for no limit"},
    {"login-grace-time", "SECONDS", take_grace, "for the whole login; default 120",
     "a number of seconds, 1 or more"},
    {"max-auth-tries", "N", take_tries, "failed attempts on a connection; default 6",
     "a number from 1 to 100"},
    {"auth-delay", "MS", take_delay,
     "until a failed attempt is answered, doubled each time; default 250",
     "a number of milliseconds, up to 60000; 0 for none"},
    {"max-sessions", "N", take_sessions, "channels of a connection; default 64",
     "a number of channels, 1 or more"},
    {"max-window", "MIB", take_window,
     "that all channels of a connection may have us hold; default 16,\n"
     "and 128 KiB for each channel",
     "a number of MiB from 1 to 1024"},
    {"rate-limits", "LIST", take_rates,
     "how often at once, and then a minute; default\n"
     "opens:1000/60000,requests:1000/60000,globals:200/600,\n"
     "proofs:4/4,rekeys:16/60; or no",
     "opens, requests, globals, proofs, rekeys, each with :BURST/MINUTE, and commas between; or "
     "no"},
    {"keepalive", "SECONDS[,COUNT]", take_keepalive,
     "of silence before a sign of life is asked for, and how often in\n"
     "a row before the peer is given up; default 0, never, and 3",
     "SECONDS[,COUNT], 0 for never"},
    {"idle-timeout", "SECONDS", take_idle, "without use of any channel; default 0, no limit",
     "a number of seconds, 0 for no limit"},
};

void limit_options(struct option out[LIMIT_OPTIONS], int first)
{
    for (int i = 0; i < LIMIT_OPTIONS; i++)
        out[i] = (struct option){rows[i].name, required_argument, NULL, first + i};
}

const char *limit_take(struct chosen_limits *chosen, int i, const char *value)
{
    return rows[i].take(chosen, value) ? NULL : rows[i].wants;
}

void limit_put_help(void)
{
    for (int i = 0; i < LIMIT_OPTIONS; i++) {
        int n = printf("     --%s %s", rows[i].name, rows[i].value);

        if (n > 27)
            n = printf("\n") - 1;
        (void)printf("%*s", 29 - n, "");
        for (const char *at = rows[i].help; *at != 0; at++) {
            (void)putchar(*at);
            if (*at == '\n')
                (void)printf("%*s", 29, "");
        }
        (void)putchar('\n');
    }
}
