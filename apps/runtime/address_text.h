/* Addresses of sockets as text: "127.0.0.1:2022", "[::1]:2022". */
#ifndef NACRE_APPS_RUNTIME_ADDRESS_TEXT_H
#define NACRE_APPS_RUNTIME_ADDRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    ADDRESS_MAX = 80, /* bytes of "[IPv6 address%zone]:port", including the NUL */
    HOST_MAX = 256,   /* bytes of a host's name, including the NUL */
};

/* Split "host:port", "[host]:port" or ":port". host, of `size` bytes, is empty for ":port"; *port
 * points into text. False: text is none of these. */
bool address_split(const char *text, char *host, size_t size, const char **port);

/* Write an address with its port, or "unix". An IPv4-mapped IPv6 address is written as IPv4. A
 * link-local one has its zone: the name of the interface if `fd`, a socket, can tell it, else its
 * number. */
void address_text(char out[ADDRESS_MAX], const struct sockaddr_storage *address, int fd);

/* Write the address alone, without its port, from what address_text wrote: "::1" from
 * "[::1]:50000", "fe80::1%eth0" from "[fe80::1%eth0]:50000". */
void address_host(char out[ADDRESS_MAX], const char *text);

/* The same without the zone. */
void address_plain(char out[ADDRESS_MAX], const char *text);

#endif
