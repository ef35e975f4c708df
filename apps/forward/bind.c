#include "apps/forward/bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, MODE = 0600 };

static int close_with_error(int fd)
{
    int failure = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = failure;
    return -1;
}

/* ---- Unix sockets ---- */

/* A socket, and nothing else, is removed. */
static bool remove_socket(const char *path)
{
    struct stat is;

    return lstat(path, &is) == 0 && S_ISSOCK(is.st_mode) && unlink(path) == 0;
}

/* The mode is that of the file from the moment on at which it exists. */
static int bind_path(const char *path, bool replaces)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), bound;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return close_with_error(fd);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || fchmod(fd, MODE) != 0)
        return close_with_error(fd);
    bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    if (bound != 0 && errno == EADDRINUSE && replaces && remove_socket(path))
        bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    return bound == 0 && listen(fd, BACKLOG) == 0 ? fd : close_with_error(fd);
}

/* ---- TCP ---- */

static int bind_address(const struct addrinfo *at)
{
    const int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0
               ? fd
               : close_with_error(fd);
}

static uint32_t port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    memcpy(&six, &address, sizeof six);
    memcpy(&four, &address, sizeof four);
    return ntohs(address.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

static void set_port(const struct addrinfo *at, uint32_t port)
{
    if (at->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)at->ai_addr)->sin_port = htons((uint16_t)port);
}

/* As many of the addresses as possible. If the kernel picks the port, all have the same one. */
static size_t bind_all(const struct addrinfo *found, uint32_t *port, int fds[BIND_MAX],
                       const char **failure)
{
    size_t n = 0;

    for (const struct addrinfo *at = found; at != NULL && n < BIND_MAX; at = at->ai_next) {
        set_port(at, *port);
        fds[n] = bind_address(at);
        if (fds[n] < 0)
            *failure = strerror(errno);
        else if (n++ == 0)
            *port = port_of(fds[0]);
    }
    return n;
}

/* RFC 4254 section 7.1: "" is every address, and "localhost" all loopback addresses. GatewayPorts
 * decides, as in sshd: a client may always choose one of the loopback addresses. NULL: all of them,
 * or everywhere. */
static const char *address_for(const char *host, enum nacre_gateway_ports gateway, bool *everywhere)
{
    bool any = host[0] == 0 || strcmp(host, "*") == 0;
    bool loopback = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;

    *everywhere = gateway == NACRE_GATEWAY_YES || (gateway == NACRE_GATEWAY_CLIENT && any);
    if (*everywhere || strcmp(host, "localhost") == 0)
        return NULL;
    return loopback || gateway == NACRE_GATEWAY_CLIENT ? host : NULL;
}

static size_t bind_tcp(struct nacre_target *target, enum nacre_gateway_ports gateway,
                       int fds[BIND_MAX], const char **failure)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    bool everywhere;
    const char *host = address_for(target->host, gateway, &everywhere);
    struct addrinfo *found = NULL;
    size_t n;

    hints.ai_flags |= everywhere ? AI_PASSIVE : 0;
    if (getaddrinfo(host, "0", &hints, &found) != 0) {
        *failure = "not an address of this machine";
        return 0;
    }
    n = bind_all(found, &target->port, fds, failure);
    freeaddrinfo(found);
    return n;
}

size_t bind_place(struct nacre_target *target, enum nacre_gateway_ports gateway,
                  bool replaces_sockets, int fds[BIND_MAX], const char **failure)
{
    *failure = "";
    if (!target->is_path)
        return bind_tcp(target, gateway, fds, failure);
    fds[0] = bind_path(target->host, replaces_sockets);
    if (fds[0] < 0)
        *failure = strerror(errno);
    return fds[0] >= 0;
}
