#include "apps/runtime/address.h"

#include "apps/runtime/address_text.h"
#include "apps/session/number.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

bool address_split(const char *text, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(text, ':');
    uint16_t number;
    size_t len;

    if (colon == NULL || !number_port(colon + 1, &number)) /* getaddrinfo would accept 99999 */
        return false;
    *port = colon + 1;
    len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* an IPv6 address without brackets */
    }
    if (len >= size)
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    return true;
}

bool nacre_address_is_good(const char *address)
{
    char host[HOST_MAX];
    const char *port;

    return address_split(address, host, sizeof host, &port);
}

static char *put_number(char *at, unsigned n)
{
    if (n >= 10)
        at = put_number(at, n / 10);
    *at = (char)('0' + n % 10);
    return at + 1;
}

/* Faster than inet_ntop: an address is written for every connection. */
static char *put_ipv4(char *at, const uint8_t bytes[4])
{
    for (int i = 0; i < 4; i++) {
        at = put_number(at, bytes[i]);
        *at++ = '.';
    }
    return at - 1;
}

/* The zone of a link-local address, RFC 4007 section 11. Works in a sandbox, too: if_indextoname
 * would open a socket. */
static char *put_zone(char *at, unsigned index, int fd)
{
    struct ifreq interface = {.ifr_ifindex = (int)index};

    *at++ = '%';
    if (ioctl(fd, SIOCGIFNAME, &interface) != 0)
        return put_number(at, index);
    memcpy(at, interface.ifr_name, strnlen(interface.ifr_name, IFNAMSIZ));
    return at + strnlen(interface.ifr_name, IFNAMSIZ);
}

static char *put_ipv6(char *at, const struct sockaddr_in6 *six, int fd)
{
    *at++ = '[';
    (void)inet_ntop(AF_INET6, &six->sin6_addr, at, INET6_ADDRSTRLEN);
    at += strlen(at);
    if (six->sin6_scope_id != 0 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
        at = put_zone(at, six->sin6_scope_id, fd);
    *at++ = ']';
    return at;
}

void address_text(char out[ADDRESS_MAX], const struct sockaddr_storage *address, int fd)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    char *at;

    if (address->ss_family == AF_UNIX) {
        memcpy(out, "unix", sizeof "unix");
        return;
    }
    if (address->ss_family != AF_INET6)
        at = put_ipv4(out, (const uint8_t *)&four->sin_addr.s_addr);
    else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        at = put_ipv4(out, &six->sin6_addr.s6_addr[12]);
    else
        at = put_ipv6(out, six, fd);
    *at++ = ':';
    *put_number(at, ntohs(address->ss_family == AF_INET6 ? six->sin6_port : four->sin_port)) = 0;
}

void address_host(char out[ADDRESS_MAX], const char *text)
{
    const char *end = strrchr(text, ':');
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

    if (text[0] == '[') {
        text++;
        len = strcspn(text, "]");
    }
    memcpy(out, text, len);
    out[len] = 0;
}

void address_plain(char out[ADDRESS_MAX], const char *text)
{
    address_host(out, text);
    out[strcspn(out, "%")] = 0;
}
