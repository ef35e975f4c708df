#include "apps/spec/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { MISUSED = 2, UNREACHABLE = 3 /* exit statuses */ };

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in6 *six = (const void *)address;
    const struct sockaddr_in *four = (const void *)address;

    if (address->sa_family == AF_INET)
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* HOST:PORT or [HOST]:PORT in two parts. */
static bool split(const char *where, char host[256], char port[8])
{
    const char *colon = strrchr(where, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - where);

    if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
        where++;
        len -= 2;
    }
    if (len == 0 || len >= 256 || strlen(colon + 1) == 0 || strlen(colon + 1) >= 8)
        return false;
    memcpy(host, where, len);
    host[len] = 0;
    (void)snprintf(port, 8, "%s", colon + 1);
    return true;
}

int spec_target_find(struct setting *setting, const char *where, bool remote,
                     const struct errbuf *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[256], port[8];
    int failure, status = 0;

    if (!split(where, host, port)) {
        errbuf_say(p, "'%s' is not HOST:PORT", where);
        return MISUSED;
    }
    failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        errbuf_say(p, "%s: %s", host, gai_strerror(failure));
        return UNREACHABLE;
    }
    if (!remote && !is_loopback(found->ai_addr)) {
        errbuf_say(p, "%s is another machine; --yes-remote permits nacre-spec to test it", host);
        status = MISUSED;
    } else {
        memcpy(&setting->address, found->ai_addr, found->ai_addrlen);
        setting->address_len = found->ai_addrlen;
        setting->target = where;
    }
    freeaddrinfo(found);
    return status;
}
