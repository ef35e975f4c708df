#include "apps/server/listen.h"

#include "apps/runtime/address_text.h"
#include "apps/runtime/pump.h"
#include "apps/session/errbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

bool listen_resolve(const char *text, struct sockaddr_storage *address, socklen_t *len,
                    char *errbuf, size_t size)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct errbuf p = errbuf_in(errbuf, size);
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    const char *port;
    int failure;

    if (!address_split(text, host, sizeof host, &port))
        return errbuf_say(&p, "%s is not an address: write HOST:PORT, or [HOST]:PORT for IPv6",
                          text);
    failure = getaddrinfo(host[0] == 0 ? "::" : host, port, &hints, &found);
    if (failure != 0)
        return errbuf_say(&p, "cannot listen on %s: %s", text, gai_strerror(failure));
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* SO_REUSEPORT is set on the first worker's socket only after bind: so it must find the port free.
 * Otherwise two servers could share a port without knowing it. */
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

static bool has_option(int fd, int option, int value)
{
    int found = -1;
    socklen_t len = sizeof found;

    return getsockopt(fd, SOL_SOCKET, option, &found, &len) == 0 && found == value;
}

bool listen_check(int fd, const struct errbuf *p)
{
    int flags;

    if (!has_option(fd, SO_TYPE, SOCK_STREAM) || !has_option(fd, SO_ACCEPTCONN, 1))
        return errbuf_say(p, "descriptor %d is not a stream socket that listens", fd);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return errbuf_say(p, "descriptor %d cannot be made non-blocking: %s", fd, strerror(errno));
    pump_set_options(fd);
    return true;
}

/* On a system without IPv6, every address is every IPv4 address. */
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
