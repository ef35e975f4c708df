/* The channel types of forwarding. RFC 4254 section 7.2, PROTOCOL section 2.4. */
#ifndef NACRE_CONNECTION_FORWARD_TYPE_H
#define NACRE_CONNECTION_FORWARD_TYPE_H

#include "connection/forward.h"
#include "crypto/bytes.h"

/* What follows in a CHANNEL_OPEN of such a type. */
enum forward_fields {
    FORWARD_NONE, /* not a type of forwarding */
    FORWARD_TCPIP,
    FORWARD_DIRECT_SOCKET,
    FORWARD_FORWARDED_SOCKET,
};

enum forward_fields forward_fields_of(struct bytes type);

/* The target of a channel. False: another type, or malformed. */
bool forward_read_target(const struct nacre_channel *ch, struct nacre_target *target);

/* Free the one that nacre_channel_target has made, if any. */
void forward_free_target(struct nacre_channel *ch);

/* The reverse: what follows in a CHANNEL_OPEN of that type. Returns its length in bytes; 0 for
 * another type. */
size_t forward_write_target(const struct nacre_target *target, const char *type,
                            uint8_t out[NACRE_TARGET_MAX]);

#endif
