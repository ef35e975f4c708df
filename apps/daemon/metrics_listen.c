#include "apps/daemon/metrics_listen.h"

#include "apps/session/number.h"
#include "apps/server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool is_port(const char *address)
{
    uint64_t port;

    return number_whole(address, 0, UINT16_MAX, &port);
}

bool metrics_address_is_good(const char *address, const struct errbuf *p)
{
    if (strncmp(address, "unix:", 5) == 0 || strchr(address, ',') != NULL)
        return nacre_server_address_is_good(address, p->text, p->size);
    return is_port(address) || (address[0] != ':' && nacre_address_is_good(address));
}

int metrics_listen(const char *address, const struct errbuf *p)
{
    char local[NACRE_LISTEN_ADDRESS_MAX], sentence[512];
    int fd;

    (void)snprintf(local, sizeof local, "127.0.0.1:%s", address);
    fd = nacre_server_listen(is_port(address) ? local : address, sentence, sizeof sentence);
    if (fd < 0)
        errbuf_say(p, "--metrics: %s", sentence);
    return fd;
}

static bool listens(int fd)
{
    int type = 0, accepts = 0;
    socklen_t one = sizeof type, other = sizeof accepts;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &one) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &other) == 0 && accepts != 0;
}

bool metrics_adopt(int fd, const struct errbuf *p)
{
    int flags = fcntl(fd, F_GETFL);

    if (!listens(fd))
        return errbuf_say(p, "--metrics: descriptor %d is not a stream socket that listens", fd);
    return (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) ||
           errbuf_say(p, "--metrics: descriptor %d cannot be made non-blocking: %s", fd,
                      strerror(errno));
}
