/* What may run on top of the transport. RFC 4253 section 10.
 *
 * Calls go down as functions of transport/transport.h; what goes up goes through this. */
#ifndef NACRE_TRANSPORT_SERVICE_H
#define NACRE_TRANSPORT_SERVICE_H

#include "transport/api.h"
#include "transport/wire.h"

struct service {
    const char *name; /* as in SERVICE_REQUEST: "ssh-userauth" */

    /* Both sides agreed to run it. */
    int (*start)(void *self);

    /* A message of its range; `message` and all views end with the call. Returns 0, or what
     * transport_fail returned. */
    int (*receive)(void *self, uint8_t number, struct reader *message);

    /* The transport calls the two above. Those below are for the connection service only, and are
     * called by the owner (apps/session/session.c), which alone knows when a call from outside is
     * over. */

    /* There may be room to send again: after a key exchange, or when output has drained. */
    void (*writable)(void *self);

    /* The session is over. Once, also when it never started. */
    void (*end)(void *self, const struct nacre_end *why);
};

#endif
