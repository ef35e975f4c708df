/* The channel types of forwarding. RFC 4254 section 7.2, PROTOCOL section 2.4. */
#ifndef NACRE_CONNECTION_FORWARD_TYPE_H
#define NACRE_CONNECTION_FORWARD_TYPE_H

#include "crypto/bytes.h"

/* What follows in a CHANNEL_OPEN of such a type. */
enum forward_fields {
    FORWARD_NONE, /* not a type of forwarding */
    FORWARD_TCPIP,
    FORWARD_DIRECT_SOCKET,
    FORWARD_FORWARDED_SOCKET,
};

enum forward_fields forward_fields_of(struct bytes type);

#endif
