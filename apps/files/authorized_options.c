#include "apps/files/authorized_options.h"

#include "apps/files/authorized_from.h"
#include "apps/session/number.h"
#include "transport/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { LIST_MAX = 256 /* values of one option */ };

/* The options of one key while they are read. */
struct parse {
    struct nacre_key_grant *grant;
    const char *address;
    time_t now;
    bool got_from;
    const struct errbuf *errbuf;
};

struct option {
    const char *name;
    enum { FLAG, VALUE } kind;
    bool (*set)(struct parse *p, const struct option *o, char *value);
    size_t flag;  /* the offset of a bool in the grant, */
    bool allowed; /* and its value */
};

/* ---- what an option does; value is a copy, NULL for a flag ---- */

static bool set_flag(struct parse *p, const struct option *o, char *value)
{
    (void)value;
    *(bool *)((char *)p->grant + o->flag) = o->allowed;
    return true;
}

static bool set_nothing(struct parse *p, const struct option *o, char *value)
{
    (void)p;
    (void)o;
    (void)value;
    return true;
}

static bool set_restrict(struct parse *p, const struct option *o, char *value)
{
    struct nacre_key_grant *g = p->grant;

    (void)o;
    (void)value;
    g->pty = g->port_forwarding = g->agent_forwarding = g->x11_forwarding = g->user_rc = false;
    return true;
}

static bool no_memory(const struct parse *p)
{
    return errbuf_say(p->errbuf, "out of memory while reading the options of this key");
}

static bool set_command(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    if (p->grant->command != NULL)
        return errbuf_say(p->errbuf, "key refused: more than one command=");
    p->grant->command = strdup(value);
    return p->grant->command != NULL || no_memory(p);
}

/* Append a copy to a NULL-terminated list. */
static bool append(const struct parse *p, char ***list, const char *value)
{
    size_t n = 0;
    char **longer;

    while (*list != NULL && (*list)[n] != NULL)
        n++;
    if (n == LIST_MAX)
        return errbuf_say(p->errbuf, "key refused: one option has more than %d values", LIST_MAX);
    longer = realloc(*list, (n + 2) * sizeof *longer);
    if (longer == NULL)
        return no_memory(p);
    *list = longer;
    longer[n + 1] = NULL;
    longer[n] = strdup(value);
    return longer[n] != NULL || no_memory(p);
}

/* NAME=value; of several for one name the first counts. */
static bool set_environment(struct parse *p, const struct option *o, char *value)
{
    size_t len = strcspn(value, "=");

    (void)o;
    for (size_t i = 0; i < len; i++)
        if (!(value[i] >= 'A' && value[i] <= 'Z') && !(value[i] >= 'a' && value[i] <= 'z') &&
            !(value[i] >= '0' && value[i] <= '9') && value[i] != '_')
            len = 0;
    if (len == 0 || value[len] != '=')
        return errbuf_say(p->errbuf, "key refused: environment= is not NAME=value");
    for (char **e = p->grant->environment; e != NULL && *e != NULL; e++)
        if (strncmp(*e, value, len + 1) == 0)
            return true;
    return append(p, &p->grant->environment, value);
}

static bool set_from(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    if (p->got_from)
        return errbuf_say(p->errbuf, "key refused: more than one from=");
    p->got_from = true;
    if (p->address == NULL)
        return errbuf_say(p->errbuf,
                          "key refused: it has from=, and the client's address is unknown");
    switch (authorized_from(value, p->address)) {
    case FROM_YES:
        return true;
    case FROM_NO:
        return errbuf_say(p->errbuf, "key refused: from= does not allow %s", p->address);
    case FROM_BAD:
        break;
    }
    return errbuf_say(p->errbuf,
                      "key refused: from= is not a list of addresses, networks and patterns");
}

/* The number that two digits form. */
static int two(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* YYYYMMDD[HHMM[SS]][Z]; without Z in local time. False: malformed. */
static bool read_time(const char *text, time_t *at)
{
    size_t digits = strspn(text, "0123456789");
    bool utc = strcmp(text + digits, "Z") == 0 || strcmp(text + digits, "UTC") == 0;
    struct tm tm = {.tm_mday = 1, .tm_isdst = -1};
    struct tm again;

    if ((digits != 8 && digits != 12 && digits != 14) || (text[digits] != 0 && !utc))
        return false;
    tm.tm_year = two(text) * 100 + two(text + 2) - 1900;
    tm.tm_mon = two(text + 4) - 1;
    tm.tm_mday = two(text + 6);
    tm.tm_hour = digits >= 12 ? two(text + 8) : 0;
    tm.tm_min = digits >= 12 ? two(text + 10) : 0;
    tm.tm_sec = digits == 14 ? two(text + 12) : 0;
    again = tm;
    *at = utc ? timegm(&again) : mktime(&again);
    return again.tm_mon == tm.tm_mon && again.tm_mday == tm.tm_mday && tm.tm_hour < 24 &&
           tm.tm_min < 60 && tm.tm_sec < 60; /* there is no 31st of June */
}

static bool set_expiry(struct parse *p, const struct option *o, char *value)
{
    time_t at;

    (void)o;
    if (!read_time(value, &at))
        return errbuf_say(p->errbuf, "key refused: expiry-time= is not YYYYMMDD[HHMM[SS]][Z]");
    return p->now <= at || errbuf_say(p->errbuf, "key refused: it has expired");
}

/* [HOST:]PORT; HOST may be * or in brackets, PORT may be *. */
static bool is_host_and_port(const char *value, bool host_needed)
{
    const char *colon = strrchr(value, ':');
    const char *port = colon != NULL ? colon + 1 : value;
    uint64_t number;

    if (host_needed && (colon == NULL || colon == value))
        return false;
    return strcmp(port, "*") == 0 || number_whole(port, 1, 65535, &number);
}

static bool set_permit_open(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    return is_host_and_port(value, true)
               ? append(p, &p->grant->permit_open, value)
               : errbuf_say(p->errbuf, "key refused: permitopen= is not HOST:PORT");
}

static bool set_permit_listen(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    return is_host_and_port(value, false)
               ? append(p, &p->grant->permit_listen, value)
               : errbuf_say(p->errbuf, "key refused: permitlisten= is not [HOST:]PORT");
}

/* ---- the table ---- */

#define FLAG_OF(member, allowed) FLAG, set_flag, offsetof(struct nacre_key_grant, member), allowed

/* All of sshd's options except cert-authority, principals and verify-required, which are not
 * supported: a key with one of them is refused. */
static const struct option known[] = {
    {"restrict", FLAG, set_restrict, 0, false},
    {"pty", FLAG_OF(pty, true)},
    {"no-pty", FLAG_OF(pty, false)},
    {"port-forwarding", FLAG_OF(port_forwarding, true)},
    {"no-port-forwarding", FLAG_OF(port_forwarding, false)},
    {"agent-forwarding", FLAG_OF(agent_forwarding, true)},
    {"no-agent-forwarding", FLAG_OF(agent_forwarding, false)},
    {"X11-forwarding", FLAG_OF(x11_forwarding, true)},
    {"no-X11-forwarding", FLAG_OF(x11_forwarding, false)},
    {"user-rc", FLAG_OF(user_rc, true)},
    {"no-user-rc", FLAG_OF(user_rc, false)},
    {"no-touch-required", FLAG, set_nothing, 0, false},
    {"command", VALUE, set_command, 0, false},
    {"environment", VALUE, set_environment, 0, false},
    {"expiry-time", VALUE, set_expiry, 0, false},
    {"from", VALUE, set_from, 0, false},
    {"permitopen", VALUE, set_permit_open, 0, false},
    {"permitlisten", VALUE, set_permit_listen, 0, false},
    {"tunnel", VALUE, set_nothing, 0, false},
    {NULL, FLAG, NULL, 0, false},
};

/* The length of the first option of `list`; 0 if it is malformed. A value is in double quotes. */
static size_t option_len(struct bytes list, size_t *name_len)
{
    size_t n = 0;

    while (n < list.len && list.at[n] != ',' && list.at[n] != '=' && list.at[n] != '"')
        n++;
    *name_len = n;
    if (n == list.len || list.at[n] == ',')
        return n;
    if (list.at[n] != '=' || n + 1 >= list.len || list.at[n + 1] != '"')
        return 0;
    for (n += 2; n < list.len && list.at[n] != '"'; n++)
        if (list.at[n] == '\\' && n + 1 < list.len && list.at[n + 1] == '"')
            n++;
    n++;
    return n <= list.len && (n == list.len || list.at[n] == ',') ? n : 0;
}

static const struct option *find(struct bytes name, bool has_value)
{
    for (const struct option *o = known; o->name != NULL; o++)
        if (strlen(o->name) == name.len && has_value == (o->kind == VALUE) &&
            strncasecmp(o->name, (const char *)name.at, name.len) == 0)
            return o;
    return NULL;
}

/* May the name appear in a sentence? */
static bool is_showable(struct bytes name)
{
    return is_name(name) && name.len <= 40;
}

/* A copy of the text between the quotes, where \" is a quote; the caller frees it. */
static char *copy_value(struct bytes quoted)
{
    char *value = malloc(quoted.len + 1);
    size_t n = 0;

    if (value == NULL)
        return NULL;
    for (size_t i = 0; i < quoted.len; i++) {
        if (quoted.at[i] == '\\' && i + 1 < quoted.len && quoted.at[i + 1] == '"')
            i++;
        value[n++] = (char)quoted.at[i];
    }
    value[n] = 0;
    return value;
}

static bool set_option(struct parse *p, struct bytes name, struct bytes rest)
{
    const struct option *o = find(name, rest.len > 0);
    char *value;
    bool good;

    if (o == NULL)
        return errbuf_say(p->errbuf, "key refused: unsupported option %.*s",
                          is_showable(name) ? (int)name.len : 0, (const char *)name.at);
    if (rest.len == 0)
        return o->set(p, o, NULL);
    value = copy_value(
        (struct bytes){rest.at + 2, rest.len - 3}); /* without the leading =" and the last " */
    if (value == NULL)
        return no_memory(p);
    good = o->set(p, o, value);
    free(value);
    return good;
}

bool authorized_options(struct bytes list, const char *address, time_t now,
                        struct nacre_key_grant *grant, const struct errbuf *errbuf)
{
    struct parse p = {.grant = grant, .address = address, .now = now, .errbuf = errbuf};

    while (list.len > 0) {
        size_t name_len;
        size_t len = option_len(list, &name_len);

        if (len == 0 || len + 1 == list.len || memchr(list.at, 0, len) != NULL)
            return errbuf_say(p.errbuf, "key refused: malformed options");
        if (!set_option(&p, (struct bytes){list.at, name_len},
                        (struct bytes){list.at + name_len, len - name_len}))
            return false;
        list = bytes_from(list, len + (len < list.len));
    }
    return true;
}

void authorized_everything(struct nacre_key_grant *grant)
{
    *grant = (struct nacre_key_grant){
        .pty = true,
        .port_forwarding = true,
        .agent_forwarding = true,
        .x11_forwarding = true,
        .user_rc = true,
    };
}

static void free_list(char **list)
{
    for (char **at = list; at != NULL && *at != NULL; at++)
        free(*at);
    free(list);
}

void nacre_key_grant_clear(struct nacre_key_grant *grant)
{
    free(grant->command);
    free_list(grant->environment);
    free_list(grant->permit_open);
    free_list(grant->permit_listen);
    *grant = (struct nacre_key_grant){0};
}
