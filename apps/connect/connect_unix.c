#include "apps/connect/connect_unix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX "unix:"

bool connect_is_unix(const char *address)
{
    return strncmp(address, UNIX, strlen(UNIX)) == 0;
}

int connect_unix(const char *address, const struct errbuf *p)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = address + strlen(UNIX), *why;
    size_t len = strlen(path);
    int fd;

    if (len == 0 || len >= sizeof at.sun_path) {
        errbuf_say(p, "%s: the path of a Unix socket has 1 to %zu bytes", address,
                   sizeof at.sun_path - 1);
        return -1;
    }
    memcpy(at.sun_path, path, len + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    why = errno == EAGAIN ? "too many connections wait there" : strerror(errno);
    errbuf_say(p, "cannot connect to %s: %s", address, why);
    if (fd >= 0)
        (void)close(fd);
    return -1;
}
