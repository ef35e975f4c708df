#include "apps/load/target.h"

#include "apps/files/known_hosts.h"
#include "apps/server/server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    FAILED = 1, /* exit statuses */
    MISUSED = 2,
    SSH_PORT = 22, /* with which known_hosts has a Unix socket */
};

static bool is_unix(const char *where)
{
    return strncmp(where, "unix:", strlen("unix:")) == 0;
}

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in6 *six = (const void *)address;
    const struct sockaddr_in *four = (const void *)address;

    if (address->sa_family == AF_INET)
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
            (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) && six->sin6_addr.s6_addr[12] == 127));
}

/* Write the address into target. */
static bool put_target(struct load_options *o, const struct addrinfo *address)
{
    char name[256], service[16];

    if (getnameinfo(address->ai_addr, address->ai_addrlen, name, sizeof name, service,
                    sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    (void)snprintf(o->target, sizeof o->target,
                   address->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", name, service);
    return true;
}

/* The first address, in numeric form, so that the address that was checked is the one that is
 * connected to. */
static int look_up(struct load_options *o, const char *host, const char *port,
                   const struct errbuf *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    int status = 0;

    if (failure != 0) {
        errbuf_say(p, "%s: %s", host, gai_strerror(failure));
        return FAILED;
    }
    if (!o->yes_remote && !is_loopback(found->ai_addr)) {
        errbuf_say(p, "%s is another machine; --yes-remote permits nacre-load to load it", host);
        status = MISUSED;
    } else if (!put_target(o, found)) {
        errbuf_say(p, "%s: cannot write its address", host);
        status = MISUSED;
    }
    freeaddrinfo(found);
    return status;
}

/* It is on this machine. */
static int use_unix(struct load_options *o, const char *where, const struct errbuf *p)
{
    if ((size_t)snprintf(o->target, sizeof o->target, "%s", where) < sizeof o->target)
        return 0;
    errbuf_say(p, "'%.40s...' is too long", where);
    return MISUSED;
}

int target_find(struct load_options *o, const char *where, const struct errbuf *p)
{
    char host[256];
    const char *colon = where == NULL ? NULL : strrchr(where, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - where);
    const char *at = where;

    if (where == NULL) {
        (void)snprintf(o->known_as, sizeof o->known_as, "127.0.0.1:%s", o->port);
        return look_up(o, "127.0.0.1", o->port, p);
    }
    if (is_unix(where))
        return use_unix(o, where, p);
    if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
        at++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof host || !nacre_address_is_good(where)) {
        errbuf_say(p, "'%s' is not HOST:PORT, or unix:PATH", where);
        return MISUSED;
    }
    memcpy(host, at, len);
    host[len] = 0;
    (void)snprintf(o->known_as, sizeof o->known_as, "%s", where);
    return look_up(o, host, colon + 1, p);
}

static void split(const char *known_as, char *host, size_t size, uint16_t *port)
{
    const char *colon = strrchr(known_as, ':');
    size_t skip = known_as[0] == '[';

    (void)snprintf(host, size, "%.*s", (int)((size_t)(colon - known_as) - 2 * skip),
                   known_as + skip);
    (void)number_port(colon + 1, port);
}

void target_prefer_known(struct load_options *o)
{
    const struct nacre_known_hosts hosts = {
        .version = NACRE_VERSION_NUMBER, .file = o->host.known_hosts, .more = o->host.more};
    char **types = &o->algorithms.lists[NACRE_HOST_KEY];
    char host[300], list[NACRE_ALGORITHM_LIST_MAX];
    uint16_t port = SSH_PORT;

    if (is_unix(o->target))
        (void)snprintf(host, sizeof host, "%s", o->target);
    else
        split(o->known_as, host, sizeof host, &port);
    if (nacre_known_hosts_prefer(&hosts, host, port, *types, list, sizeof list)) {
        free(*types);
        *types = strdup(list);
    }
}
