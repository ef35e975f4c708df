#include "apps/server/listen_address.h"

#include "apps/runtime/address_text.h"
#include "apps/session/number.h"

#include <grp.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX "unix:"
#define IPV6_ONLY "ipv6only"
#define MODE "mode="
#define GROUP "group="

enum {
    TEXT_MAX = 512,      /* bytes, NUL included */
    MODE_DEFAULT = 0660, /* the owner and the group may connect */
    MODE_MAX = 0777,
    GROUP_BUFFER = 16 * 1024, /* bytes of a group's members */
};

/* An address in parts */
struct form {
    char text[TEXT_MAX]; /* each option is cut off */
    bool is_unix, ipv6_only;
    mode_t mode;
    const char *group; /* in text; or NULL */
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool read_mode(const char *text, mode_t *mode)
{
    unsigned long number;

    if (text[0] == 0 || text[strspn(text, "01234567")] != 0)
        return false;
    number = strtoul(text, NULL, 8);
    *mode = (mode_t)number;
    return number <= MODE_MAX;
}

/* Options are at the end. A path may contain commas, and what is no option belongs to it. */
static bool take_options(struct form *f, const char *whole, const struct errbuf *p)
{
    char *comma;

    while ((comma = strrchr(f->text, ',')) != NULL) {
        const char *option = comma + 1;

        if (f->is_unix && begins(option, MODE)) {
            if (!read_mode(option + strlen(MODE), &f->mode))
                return errbuf_say(p, "%s: '%s' is not an octal mode up to 777, such as mode=660",
                                  whole, option);
        } else if (f->is_unix && begins(option, GROUP)) {
            f->group = option + strlen(GROUP);
        } else if (!f->is_unix && strcmp(option, IPV6_ONLY) == 0 && f->text[0] == '[') {
            f->ipv6_only = true;
        } else if (f->is_unix) {
            return true;
        } else {
            return errbuf_say(p,
                              "%s: '%s' is not an option of this address: [ADDR]:PORT may be "
                              "followed by ,ipv6only and unix:PATH by ,mode=OCTAL or "
                              ",group=NAME",
                              whole, option);
        }
        *comma = 0;
    }
    return true;
}

static bool check_path(const char *path, const char *whole, const struct errbuf *p)
{
    const struct sockaddr_un un;
    size_t len = strlen(path), most = sizeof un.sun_path - 1;

    if (len == 0)
        return errbuf_say(p, "%s: the path is missing", whole);
    return len <= most ||
           errbuf_say(p, "%s: the path has %zu bytes, and the address of a Unix socket at most %zu",
                      whole, len, most);
}

static bool read_form(struct form *f, const char *text, const struct errbuf *p)
{
    char host[HOST_MAX];
    const char *port;

    *f = (struct form){.is_unix = begins(text, UNIX), .mode = MODE_DEFAULT};
    if (strlen(text) >= sizeof f->text)
        return errbuf_say(p, "%.40s... is not an address: it has %zu bytes", text, strlen(text));
    memcpy(f->text, text, strlen(text) + 1);
    if (!take_options(f, text, p))
        return false;
    if (f->is_unix)
        return check_path(f->text + strlen(UNIX), text, p);
    return address_split(f->text, host, sizeof host, &port) ||
           errbuf_say(p, "'%s' is not ADDR:PORT, [ADDR]:PORT for IPv6, or unix:PATH", text);
}

bool listen_address_is_good(const char *text, const struct errbuf *p)
{
    struct form f;

    return read_form(&f, text, p);
}

/* ---- what the names mean ---- */

/* The name of a group, or its number */
static bool find_group(const struct form *f, struct listen_address *a, const struct errbuf *p)
{
    char *buffer = malloc(GROUP_BUFFER);
    struct group entry, *found = NULL;
    uint64_t number;

    a->group = (gid_t)-1;
    if (f->group != NULL && buffer != NULL)
        (void)getgrnam_r(f->group, &entry, buffer, GROUP_BUFFER, &found);
    if (found != NULL)
        a->group = found->gr_gid;
    else if (f->group != NULL && number_whole(f->group, 0, INT32_MAX, &number))
        a->group = (gid_t)number;
    free(buffer);
    return f->group == NULL || a->group != (gid_t)-1 ||
           errbuf_say(p, "cannot listen on %s: there is no group '%s'", a->text, f->group);
}

static bool resolve_unix(const struct form *f, struct listen_address *a, const struct errbuf *p)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const char *path = f->text + strlen(UNIX);

    memcpy(un.sun_path, path, strlen(path) + 1);
    memcpy(&a->at, &un, sizeof un);
    a->len = sizeof un;
    a->mode = f->mode;
    return find_group(f, a, p);
}

static bool resolve_host(const struct form *f, struct listen_address *a, const struct errbuf *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    const char *port;
    int failure;

    (void)address_split(f->text, host, sizeof host, &port);
    failure = getaddrinfo(host[0] == 0 ? "::" : host, port, &hints, &found);
    if (failure != 0)
        return errbuf_say(p, "cannot listen on %s: %s%s", a->text, gai_strerror(failure),
                          strchr(host, '%') != NULL ? " (is there such a network interface?)" : "");
    memcpy(&a->at, found->ai_addr, found->ai_addrlen);
    a->len = found->ai_addrlen;
    freeaddrinfo(found);
    if (f->ipv6_only && a->at.ss_family != AF_INET6)
        return errbuf_say(p, "cannot listen on %s: this is no IPv6 address", a->text);
    a->ipv6_only = f->ipv6_only;
    return true;
}

bool listen_resolve(const char *text, struct listen_address *address, const struct errbuf *p)
{
    struct form f;

    *address = (struct listen_address){.text = text};
    if (!read_form(&f, text, p))
        return false;
    return f.is_unix ? resolve_unix(&f, address, p) : resolve_host(&f, address, p);
}
