/* nacre-load: which server, and which of its keys. */
#include "apps/load/load.h"
#include "apps/server/server.h"
#include "apps/session/number.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

/* The first address, as numbers: it is the one that was looked at. */
static int look_up(struct load_options *o, const char *host, const char *port, bool yes_remote)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char name[256], service[16];
    int failure = getaddrinfo(host, port, &hints, &found);
    int status = 0;

    if (failure != 0) {
        (void)fprintf(stderr, "nacre-load: %s: %s\n", host, gai_strerror(failure));
        return 1;
    }
    if (!yes_remote && !is_loopback(found->ai_addr))
        status = load_misused("loads this machine only, unless you say --yes-remote; it is not at ",
                              host);
    else if (getnameinfo(found->ai_addr, found->ai_addrlen, name, sizeof name, service,
                         sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        status = load_misused("cannot write the address of ", host);
    else
        (void)snprintf(o->target, sizeof o->target,
                       found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", name, service);
    freeaddrinfo(found);
    return status;
}

int load_find_target(struct load_options *o, const char *where, const char *port, bool yes_remote)
{
    char host[256];
    const char *colon = where == NULL ? NULL : strrchr(where, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - where);
    const char *at = where;

    if (where == NULL) {
        (void)snprintf(o->known_as, sizeof o->known_as, "127.0.0.1:%s", port);
        if (!nacre_address_is_good(o->known_as))
            return load_misused("--port wants a number up to 65535, not ", port);
        return look_up(o, "127.0.0.1", port, yes_remote);
    }
    if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
        at++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof host || !nacre_address_is_good(where))
        return load_misused("is not HOST:PORT: ", where);
    memcpy(host, at, len);
    host[len] = 0;
    (void)snprintf(o->known_as, sizeof o->known_as, "%s", where);
    return look_up(o, host, colon + 1, yes_remote);
}

/* The types of host keys that are known come first. */
void load_prefer_known(struct load_options *o)
{
    const struct nacre_known_hosts hosts = {.file = o->known_hosts};
    const char *colon = strrchr(o->known_as, ':');
    char host[300], list[NACRE_ALGORITHM_LIST_MAX];
    uint16_t port = 0;
    size_t skip = o->known_as[0] == '[';

    (void)snprintf(host, sizeof host, "%.*s", (int)((size_t)(colon - o->known_as) - 2 * skip),
                   o->known_as + skip);
    if (number_port(colon + 1, &port) &&
        nacre_known_hosts_prefer(&hosts, host, port, o->algorithms[NACRE_HOST_KEY], list,
                                 sizeof list)) {
        free(o->algorithms[NACRE_HOST_KEY]);
        o->algorithms[NACRE_HOST_KEY] = strdup(list);
    }
}
