#include "apps/daemon/metrics_listen.h"

#include "apps/session/number.h"
#include "apps/server/server.h"

#include <stdio.h>
#include <string.h>

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
