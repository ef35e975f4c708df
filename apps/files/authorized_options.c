#include "apps/files/authorized_options.h"

#include "apps/files/authorized_from.h"
#include "apps/files/service_port.h"
#include "apps/session/number.h"
#include "transport/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    LIST_MAX = 1024,         /* values of one option; sshd's limit for environment= */
    HOST_MAX = 1025,         /* bytes of a host, its NUL included: NI_MAXHOST, as in sshd */
    TUNNEL_MAX = 2147483645, /* the highest number of a tunnel device in sshd */
};

/* The options of one key while they are read. */
struct parse {
    struct nacre_key_grant *grant;
    const struct key_use *use;
    bool got_from;
    bool no_touch, verify; /* of a security key's user */
    const struct errbuf *errbuf;
};

struct option {
    const char *name;
    enum { FLAG, VALUE } kind;
    bool (*set)(struct parse *p, const struct option *o, char *value);
    size_t flag;  /* the offset of a bool in the grant or in struct parse, */
    bool allowed; /* and its value */
};

/* ---- what an option does; value is a copy, NULL for a flag ---- */

static bool set_flag(struct parse *p, const struct option *o, char *value)
{
    (void)value;
    *(bool *)((char *)p->grant + o->flag) = o->allowed;
    return true;
}

/* What a security key's user must do; decided when all options have been read. */
static bool set_duty(struct parse *p, const struct option *o, char *value)
{
    (void)value;
    *(bool *)((char *)p + o->flag) = o->allowed;
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
    p->grant->undecided = true;
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
    if (p->use->address == NULL)
        return errbuf_say(p->errbuf,
                          "key refused: it has from=, and the client's address is unknown");
    switch (authorized_from(value, p->use->address)) {
    case FROM_YES:
        return true;
    case FROM_NO:
        return errbuf_say(p->errbuf, "key refused: from= does not allow %s", p->use->address);
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

/* YYYYMMDD[HHMM[SS]][Z]; without Z in local time. False: malformed. As in sshd, the 31st of June is
 * the 1st of July, and a minute may have 62 seconds. */
static bool read_time(const char *text, time_t *at)
{
    size_t digits = strspn(text, "0123456789");
    const char *zone = text + digits;
    bool utc = strcasecmp(zone, "Z") == 0 || strcasecmp(zone, "UTC") == 0;
    struct tm tm = {.tm_mday = 1, .tm_isdst = -1};

    if ((digits != 8 && digits != 12 && digits != 14) || (*zone != 0 && !utc))
        return false;
    tm.tm_year = two(text) * 100 + two(text + 2) - 1900;
    tm.tm_mon = two(text + 4) - 1;
    tm.tm_mday = two(text + 6);
    tm.tm_hour = digits >= 12 ? two(text + 8) : 0;
    tm.tm_min = digits >= 12 ? two(text + 10) : 0;
    tm.tm_sec = digits == 14 ? two(text + 12) : 0;
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 61)
        return false;
    *at = utc ? timegm(&tm) : mktime(&tm);
    return true;
}

static bool set_expiry(struct parse *p, const struct option *o, char *value)
{
    time_t at;

    (void)o;
    if (!read_time(value, &at))
        return errbuf_say(p->errbuf, "key refused: expiry-time= is not YYYYMMDD[HHMM[SS]][Z]");
    return p->use->now <= at || errbuf_say(p->errbuf, "key refused: it has expired");
}

/* Cut HOST off the front of HOST:PORT, as sshd does: a host in brackets, or one without a colon and
 * a slash, of which either ends it. NULL: malformed; else the port. */
static char *cut_host(char *value)
{
    char *end = value[0] == '[' ? strchr(value, ']') : value + strcspn(value, ":/");

    if (end != NULL && *end == ']')
        end++;
    if (end == NULL || (*end != ':' && *end != '/') || end - value >= HOST_MAX)
        return NULL;
    *end = ':'; /* the grant has HOST:PORT */
    return end + 1;
}

/* Append HOST:PORT, where PORT may be * or a name, in whose place the number is put. */
static bool append_host_and_port(const struct parse *p, char ***list, char *value, char *port,
                                 const char *expected)
{
    char numeric[HOST_MAX + sizeof ":65535"];
    uint64_t number;
    uint16_t named;

    if (port != NULL && (strcmp(port, "*") == 0 || number_whole(port, 1, UINT16_MAX, &number)))
        return append(p, list, value);
    named = port != NULL ? service_port(SERVICES_FILE, port) : 0;
    if (named == 0)
        return errbuf_say(
            p->errbuf, "key refused: %s, where PORT is a number, a name in " SERVICES_FILE " or *",
            expected);
    (void)snprintf(numeric, sizeof numeric, "%.*s%u", (int)(port - value), value, named);
    return append(p, list, numeric);
}

static bool set_permit_open(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    return append_host_and_port(p, &p->grant->permit_open, value, cut_host(value),
                                "permitopen= is not HOST:PORT");
}

static bool set_permit_listen(struct parse *p, const struct option *o, char *value)
{
    (void)o;
    return append_host_and_port(p, &p->grant->permit_listen, value,
                                strchr(value, ':') != NULL ? cut_host(value) : value,
                                "permitlisten= is not [HOST:]PORT");
}

/* Which tunnel device the client may use: none, whatever the number, because tunnels are not
 * supported. */
static bool set_tunnel(struct parse *p, const struct option *o, char *value)
{
    uint64_t number;

    (void)o;
    return strcasecmp(value, "any") == 0 || number_whole(value, 0, TUNNEL_MAX, &number) ||
           errbuf_say(p->errbuf, "key refused: tunnel= is not the number of a device, nor `any'");
}

/* ---- the table ---- */

#define FLAG_OF(member, allowed) FLAG, set_flag, offsetof(struct nacre_key_grant, member), allowed
#define DUTY(member, set) FLAG, set_duty, offsetof(struct parse, member), set

/* All of sshd's options except cert-authority and principals, which are not supported: a key with
 * one of them is refused. */
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
    {"touch-required", DUTY(no_touch, false)},
    {"no-touch-required", DUTY(no_touch, true)},
    {"verify-required", DUTY(verify, true)},
    {"no-verify-required", DUTY(verify, false)},
    {"command", VALUE, set_command, 0, false},
    {"environment", VALUE, set_environment, 0, false},
    {"expiry-time", VALUE, set_expiry, 0, false},
    {"from", VALUE, set_from, 0, false},
    {"permitopen", VALUE, set_permit_open, 0, false},
    {"permitlisten", VALUE, set_permit_listen, 0, false},
    {"tunnel", VALUE, set_tunnel, 0, false},
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

/* Options about a touch or a PIN that would have no effect. */
static bool duties_are_met(const struct parse *p)
{
    if (p->verify)
        return errbuf_say(p->errbuf, "key refused: verify-required is not supported");
    if (p->no_touch && p->use->is_security_key)
        return errbuf_say(p->errbuf, "key refused: no-touch-required is not supported: the server "
                                     "always requires a touch; remove the option");
    return true;
}

/* As in sshd, options may be empty: two commas in a row, or one at the end. */
bool authorized_options(struct bytes list, const struct key_use *use, struct nacre_key_grant *grant,
                        const struct errbuf *errbuf)
{
    struct parse p = {.grant = grant, .use = use, .errbuf = errbuf};

    while (list.len > 0) {
        size_t name_len;
        size_t len = option_len(list, &name_len);

        if ((len == 0 && list.at[0] != ',') || memchr(list.at, 0, len) != NULL)
            return errbuf_say(p.errbuf, "key refused: malformed options");
        if (len > 0 && !set_option(&p, (struct bytes){list.at, name_len},
                                   (struct bytes){list.at + name_len, len - name_len}))
            return false;
        list = bytes_from(list, len + (len < list.len));
    }
    return duties_are_met(&p);
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

void key_grant_clear(struct nacre_key_grant *grant)
{
    free(grant->comment);
    free(grant->command);
    free_list(grant->environment);
    free_list(grant->permit_open);
    free_list(grant->permit_listen);
    *grant = (struct nacre_key_grant){0};
}
