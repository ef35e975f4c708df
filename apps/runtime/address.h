/* Addresses of sockets, as a person writes and reads them. */
#ifndef NACRE_APPS_ADDRESS_H
#define NACRE_APPS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    ADDRESS_MAX = 64, /* bytes of "[v6 address%scope]:port" */
};

/* "host:port", "[host]:port" or ":port"; host, of `size` bytes, is empty for the last one; *port
 * points into text. False: it is none of these. */
bool address_split(const char *text, char *host, size_t size, const char **port);

/* "127.0.0.1:2022" or "[::1]:2022"; an IPv4 address in IPv6 clothes is shown as IPv4. */
void address_text(char out[ADDRESS_MAX], const struct sockaddr_storage *address);

/* The address alone, of what address_text wrote: "::1" of "[::1]:50000", without a scope. */
void address_plain(char out[ADDRESS_MAX], const char *text);

#endif
