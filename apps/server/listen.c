#include "apps/server/listen.h"

#include "apps/runtime/address_text.h"
#include "apps/runtime/pump.h"
#include "apps/server/listen_unix.h"
#include "apps/session/errbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* ---- one socket ---- */

/* -1 with errno */
static int open_port(const struct listen_address *a)
{
    const int on = 1, ipv6_only = a->ipv6_only;
    int fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), failure;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->at.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, sizeof ipv6_only);
    pump_set_options(fd);
    if (bind(fd, (const struct sockaddr *)&a->at, a->len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    failure = errno;
    (void)close(fd);
    errno = failure;
    return -1;
}

int listen_open(const struct listen_address *a, const struct errbuf *p)
{
    int fd;

    if (a->at.ss_family == AF_UNIX)
        return listen_unix(a, BACKLOG, p);
    fd = open_port(a);
    if (fd < 0)
        errbuf_say(p, "cannot listen on %s: %s", a->text, strerror(errno));
    return fd;
}

/* ---- a list ---- */

static in_port_t port_of(const struct listen_address *a)
{
    return a->at.ss_family == AF_INET6
               ? ((const struct sockaddr_in6 *)(const void *)&a->at)->sin6_port
               : ((const struct sockaddr_in *)(const void *)&a->at)->sin_port;
}

static bool is_all_ipv4(const struct listen_address *a)
{
    return a->at.ss_family == AF_INET &&
           ((const struct sockaddr_in *)(const void *)&a->at)->sin_addr.s_addr == INADDR_ANY;
}

static bool is_all_ipv6(const struct listen_address *a)
{
    return a->at.ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)&a->at)->sin6_addr);
}

/* [::] beside 0.0.0.0 */
static void share_port(struct listen_address *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t other = 0; other < count; other++)
            if (is_all_ipv6(&list[i]) && is_all_ipv4(&list[other]) &&
                port_of(&list[i]) == port_of(&list[other]))
                list[i].ipv6_only = true;
}

/* Why is an IPv4 address in use? Perhaps it is this very server that uses it. */
static void explain(const struct listen_address *list, size_t count, const struct listen_address *a,
                    const struct errbuf *p)
{
    for (size_t i = 0; i < count; i++)
        if (a->at.ss_family == AF_INET && is_all_ipv6(&list[i]) && !list[i].ipv6_only &&
            port_of(&list[i]) == port_of(a))
            errbuf_say(p,
                       "cannot listen on %s: %s accepts IPv4 too: write %s,ipv6only, or leave "
                       "the other address out",
                       a->text, list[i].text, list[i].text);
}

static bool open_list(struct listen_address *list, int *sockets, size_t count,
                      const struct errbuf *p)
{
    share_port(list, count);
    for (size_t i = 0; i < count; i++) {
        sockets[i] = listen_open(&list[i], p);
        if (sockets[i] >= 0)
            continue;
        explain(list, count, &list[i], p);
        while (i > 0)
            (void)close(sockets[--i]);
        return false;
    }
    return true;
}

bool listen_all(const char *const *list, int *sockets, size_t count, const struct errbuf *p)
{
    struct listen_address *addresses = calloc(count, sizeof *addresses);
    bool good = true;

    if (addresses == NULL)
        return errbuf_say(p, "cannot start: %s", strerror(ENOMEM));
    for (size_t i = 0; i < count && good; i++)
        good = listen_resolve(list[i], &addresses[i], p);
    good = good && open_list(addresses, sockets, count, p);
    free(addresses);
    return good;
}

/* ---- a socket from elsewhere ---- */

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

/* An abstract name begins with a NUL, and is written with an @. */
void listen_text(char out[NACRE_LISTEN_ADDRESS_MAX], int fd)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_un un = {0};
    socklen_t len = sizeof at;

    out[0] = 0;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return;
    if (at.ss_family != AF_UNIX) {
        address_text(out, &at, fd);
        return;
    }
    memcpy(&un, &at, sizeof un);
    if (un.sun_path[0] == 0 && len > sizeof un.sun_family)
        un.sun_path[0] = '@';
    (void)snprintf(out, NACRE_LISTEN_ADDRESS_MAX, "unix:%.*s", (int)sizeof un.sun_path,
                   un.sun_path);
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

const char *const *listen_list(const char *const *list, size_t *count)
{
    if (list == NULL || list[0] == NULL)
        list = listen_default();
    for (*count = 0; list[*count] != NULL; (*count)++)
        ;
    return list;
}

/* ---- for programs, without a server ---- */

size_t nacre_server_listen_all(const char *const *addresses, int *sockets, size_t most,
                               char *errbuf, size_t size)
{
    const struct errbuf p = errbuf_in(errbuf, size);
    size_t count;

    addresses = listen_list(addresses, &count);
    if (count > most) {
        errbuf_say(&p, "there are %zu addresses, and at most %zu are possible", count, most);
        return 0;
    }
    return listen_all(addresses, sockets, count, &p) ? count : 0;
}

int nacre_server_listen(const char *address, char *errbuf, size_t size)
{
    const char *const list[] = {address, NULL};
    int fd = -1;

    return nacre_server_listen_all(list, &fd, 1, errbuf, size) == 1 ? fd : -1;
}

void nacre_server_socket_address(int socket, char out[NACRE_LISTEN_ADDRESS_MAX])
{
    listen_text(out, socket);
}

bool nacre_server_address_is_good(const char *address, char *errbuf, size_t size)
{
    const struct errbuf p = errbuf_in(errbuf, size);

    return listen_address_is_good(address, &p);
}

bool nacre_server_check_address(const char *address, char *errbuf, size_t size)
{
    const struct errbuf p = errbuf_in(errbuf, size);
    struct listen_address found;

    return listen_resolve(address, &found, &p) &&
           (found.at.ss_family != AF_UNIX || listen_unix_check(&found, &p));
}
