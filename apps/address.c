#include "apps/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* getaddrinfo takes 99999 for 34463. */
static bool is_port(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && atoi(text) <= 65535;
}

bool address_split(const char *text, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t len;

    if (colon == NULL || !is_port(colon + 1))
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

void address_text(char out[ADDRESS_MAX], const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);

        if (mapped)
            (void)inet_ntop(AF_INET, &a->sin6_addr.s6_addr[12], host, sizeof host);
        else
            (void)inet_ntop(AF_INET6, &a->sin6_addr, host, sizeof host);
        (void)snprintf(out, ADDRESS_MAX, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(a->sin6_port));
    } else {
        const struct sockaddr_in *a = (const struct sockaddr_in *)address;

        (void)inet_ntop(AF_INET, &a->sin_addr, host, sizeof host);
        (void)snprintf(out, ADDRESS_MAX, "%s:%u", host, ntohs(a->sin_port));
    }
}

void address_plain(char out[ADDRESS_MAX], const char *text)
{
    const char *end = strrchr(text, ':');
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

    if (text[0] == '[') {
        text++;
        len = strcspn(text, "%]");
    }
    (void)snprintf(out, ADDRESS_MAX, "%.*s", (int)len, text);
}
