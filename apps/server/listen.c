#include "apps/server/listen.h"

#include "apps/runtime/pump.h"
#include "apps/server/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024, HOST_MAX = 256 /* bytes of a host's name */ };

bool nacre_address_is_good(const char *address)
{
    char host[HOST_MAX];
    const char *port;

    return address_split(address, host, sizeof host, &port);
}

bool listen_resolve(const char *text, struct sockaddr_storage *address, socklen_t *len,
                    char *errbuf, size_t size)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    const char *port;
    int failure;

    if (!address_split(text, host, sizeof host, &port)) {
        (void)snprintf(errbuf, size,
                       "%s is not an address: write HOST:PORT, or [HOST]:PORT for IPv6", text);
        return false;
    }
    failure = getaddrinfo(host[0] == 0 ? "::" : host, port, &hints, &found);
    if (failure != 0) {
        (void)snprintf(errbuf, size, "cannot listen on %s: %s", text, gai_strerror(failure));
        return false;
    }
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* Workers share a port. The first one must find it free, and offers to share it only then:
 * otherwise two servers could share it without knowing. */
int listen_open(const struct sockaddr_storage *address, socklen_t len, bool shared, bool first)
{
    const int on = 1, off = 0, before = shared && !first, after = shared;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &before, sizeof before);
    if (address->ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    pump_set_options(fd);
    if (bind(fd, (const struct sockaddr *)address, len) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &after, sizeof after) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int failure = errno;

        (void)close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

/* Without IPv6 the default address is IPv4's. */
const char *const *listen_default(void)
{
    static const char *const six[] = {"[::]:2022", NULL};
    static const char *const four[] = {"0.0.0.0:2022", NULL};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return four;
    (void)close(fd);
    return six;
}
