#include "apps/daemon/metrics_listen.h"

#include "apps/session/number.h"
#include "apps/server/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX "unix:"

enum {
    BACKLOG = 16,
    PRIVATE = 0117, /* umask: the socket's owner and group may connect */
};

static bool is_unix(const char *address)
{
    return strncmp(address, UNIX, strlen(UNIX)) == 0;
}

static bool is_port(const char *address)
{
    uint64_t port;

    return number_whole(address, 0, UINT16_MAX, &port);
}

bool metrics_address_is_good(const char *address)
{
    const struct sockaddr_un un;
    size_t len = strlen(address);

    if (is_unix(address))
        return len > strlen(UNIX) && len - strlen(UNIX) < sizeof un.sun_path;
    return is_port(address) || (address[0] != ':' && nacre_address_is_good(address));
}

static int bind_private(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), failure;
    mode_t before = umask(PRIVATE);
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)at, sizeof *at) == 0 &&
                 listen(fd, BACKLOG) == 0;

    failure = errno;
    (void)umask(before);
    if (!bound && fd >= 0)
        (void)close(fd);
    errno = failure;
    return bound ? fd : -1;
}

/* A socket at which nobody listens */
static bool is_stale(const struct sockaddr_un *at)
{
    struct stat status;
    int fd;
    bool stale;

    if (lstat(at->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 &&
            errno == ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    return stale;
}

static int listen_unix(const char *path, const struct errbuf *p)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd;

    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    fd = bind_private(&at);
    if (fd < 0 && errno == EADDRINUSE && is_stale(&at) && unlink(at.sun_path) == 0)
        fd = bind_private(&at);
    if (fd < 0)
        errbuf_say(p, "--metrics: cannot listen on %s%s: %s", UNIX, path, strerror(errno));
    return fd;
}

int metrics_listen(const char *address, const struct errbuf *p)
{
    char local[METRICS_ADDRESS_MAX], sentence[512];
    int fd;

    if (is_unix(address))
        return listen_unix(address + strlen(UNIX), p);
    (void)snprintf(local, sizeof local, "127.0.0.1:%s", address);
    fd = nacre_server_listen(is_port(address) ? local : address, sentence, sizeof sentence);
    if (fd < 0)
        errbuf_say(p, "--metrics: %s", sentence);
    return fd;
}

void metrics_address(int fd, char out[METRICS_ADDRESS_MAX])
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } at = {.storage = {0}};
    socklen_t len = sizeof at;
    char host[METRICS_ADDRESS_MAX - 16] = "?", port[8] = "?";

    (void)getsockname(fd, &at.any, &len);
    if (at.any.sa_family == AF_UNIX) {
        (void)snprintf(out, METRICS_ADDRESS_MAX, "%s%.*s", UNIX, (int)sizeof at.un.sun_path,
                       at.un.sun_path);
        return;
    }
    (void)getnameinfo(&at.any, len, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(out, METRICS_ADDRESS_MAX, at.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                   host, port);
}
