/* The header in which a load balancer says whose connection it passes on: the PROXY protocol of
 * haproxy, versions 1 (text) and 2 (binary). */
#ifndef NACRE_APPS_SERVER_PROXY_HEADER_H
#define NACRE_APPS_SERVER_PROXY_HEADER_H

#include "crypto/bytes.h"

#include <sys/socket.h>

/* Bytes of the longest header, extensions (TLVs) of version 2 included: what the specification asks
 * a sender to stay within, so that a header is never divided. */
enum { PROXY_HEADER_MAX = 536 };

enum proxy_status {
    PROXY_PARTIAL, /* a beginning of a header */
    PROXY_ADDRESS, /* *address is the client's */
    PROXY_OWN,     /* a connection of the balancer's own (LOCAL, such as a health check), or one
                    * whose client has no address that TCP knows (UNKNOWN, AF_UNIX) */
    PROXY_BAD,     /* no header, or a malformed or longer one */
};

/* Read the header at the beginning of `data`; *size is set to its length unless it is partial or
 * bad. What follows the header is not looked at. */
enum proxy_status proxy_header_read(struct bytes data, struct sockaddr_storage *address,
                                    size_t *size);

#endif
