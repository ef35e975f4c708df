#include "apps/serve/permit.h"

#include "apps/options/values.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

/* An item of a list. */
struct spot {
    char host[NACRE_HOST_MAX]; /* "*": any */
    uint16_t port;             /* 0: any */
};

static bool read_port(const char *text, size_t len, uint16_t *port)
{
    char digits[sizeof "65535"];

    *port = 0;
    if (len == 1 && *text == '*')
        return true;
    if (len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = 0;
    return number_port(digits, port) && *port != 0;
}

/* An address with colons is in brackets, which do not count. */
static bool read_host(const char *text, size_t len, char host[NACRE_HOST_MAX])
{
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= NACRE_HOST_MAX || (!bracketed && memchr(text, ':', len) != NULL))
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    return strpbrk(host, "[]/ ") == NULL;
}

/* HOST:PORT, or, for listening, PORT alone. */
static bool read_spot(const char *item, size_t len, bool listens, struct spot *spot)
{
    const char *colon = memrchr(item, ':', len);
    size_t host = colon != NULL ? (size_t)(colon - item) : 0;

    if (colon == NULL) {
        memcpy(spot->host, "*", sizeof "*");
        return listens && read_port(item, len, &spot->port);
    }
    return read_host(item, host, spot->host) && read_port(colon + 1, len - host - 1, &spot->port);
}

bool permit_is_list(const char *list, bool listens)
{
    struct spot spot;
    const char *item;
    size_t len;

    if (strcmp(list, "any") == 0 || strcmp(list, "none") == 0)
        return true;
    while (list_next(&list, &item, &len))
        if (!read_spot(item, len, listens, &spot))
            return false;
    return true;
}

/* As in sshd, names to connect to are compared as they are, without a lookup, and those to listen
 * on are patterns, in lower case. */
static bool host_matches(const char *wanted, const char *host, bool listens)
{
    char lower[NACRE_HOST_MAX];
    size_t len = strlen(host);

    if (!listens)
        return strcmp(wanted, "*") == 0 || strcmp(wanted, host) == 0;
    for (size_t i = 0; i <= len; i++)
        lower[i] = (char)tolower((unsigned char)host[i]);
    return fnmatch(wanted, lower, FNM_NOESCAPE) == 0;
}

static bool matches(const char *item, size_t len, const struct nacre_target *target, bool listens)
{
    struct spot spot;

    return read_spot(item, len, listens, &spot) && (spot.port == 0 || spot.port == target->port) &&
           host_matches(spot.host, target->host, listens);
}

/* The server's list. */
static bool list_permits(const char *list, const struct nacre_target *target, bool listens)
{
    const char *item;
    size_t len;

    if (list == NULL || strcmp(list, "any") == 0)
        return true;
    while (list_next(&list, &item, &len)) /* "none" matches nothing */
        if (matches(item, len, target, listens))
            return true;
    return false;
}

/* The key's list. */
static bool key_permits(char *const *list, const struct nacre_target *target, bool listens)
{
    if (list == NULL)
        return true;
    for (; *list != NULL; list++)
        if (matches(*list, strlen(*list), target, listens))
            return true;
    return false;
}

/* Is the direction open to this client at all? */
static bool is_open(const struct permit *permit, const struct nacre_key_grant *grant,
                    const struct nacre_target *target, uint32_t direction)
{
    uint32_t open = target->is_path ? permit->streamlocal : permit->tcp;

    return grant->port_forwarding && (open & direction) != 0;
}

bool permit_connect(const struct permit *permit, const struct nacre_key_grant *grant,
                    const struct nacre_target *target)
{
    return is_open(permit, grant, target, PERMIT_LOCAL) &&
           (target->is_path || (list_permits(permit->open, target, false) &&
                                key_permits(grant->permit_open, target, false)));
}

bool permit_listen(const struct permit *permit, const struct nacre_key_grant *grant,
                   const struct nacre_target *target)
{
    return is_open(permit, grant, target, PERMIT_REMOTE) &&
           (target->is_path || (list_permits(permit->listen, target, true) &&
                                key_permits(grant->permit_listen, target, true)));
}
