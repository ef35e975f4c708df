#include "apps/files/known_name.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    HOST_MAX = 255, /* bytes */
    SSH_PORT = 22,
};

/* ssh looks up an address in its shortest form: 0:0::1 as ::1, 127.1 as 127.0.0.1, fe80::1%2 as
 * fe80::1%eth0. False: the host is a name. */
static bool shorten_address(char out[HOST_MAX + 1], const char *host)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    bool good;

    if (strlen(host) == 0 || getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    good = getnameinfo(found->ai_addr, found->ai_addrlen, out, HOST_MAX + 1, NULL, 0,
                       NI_NUMERICHOST) == 0;
    freeaddrinfo(found);
    return good;
}

bool known_name(char out[KNOWN_NAME_MAX], const char *given, uint16_t port)
{
    char shortest[HOST_MAX + 1];
    const char *host = shorten_address(shortest, given) ? shortest : given;
    size_t len = strlen(host);

    if (len == 0 || len > HOST_MAX || host[0] == '#' || host[0] == '@' || host[0] == '|')
        return false;
    for (const char *c = host; *c != 0; c++)
        if (*c <= ' ' || *c == 0x7f || strchr("*?!,[]", *c) != NULL)
            return false;
    if (port == SSH_PORT)
        (void)snprintf(out, KNOWN_NAME_MAX, "%s", host);
    else
        (void)snprintf(out, KNOWN_NAME_MAX, "[%s]:%u", host, port);
    for (char *c = out; *c != 0; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return true;
}
