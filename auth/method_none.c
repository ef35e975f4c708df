/* none: refused, but the refusal lists what can continue. RFC 4252 section 5.2. */
#include "auth/method.h"

static int request(struct auth *a, struct reader *r)
{
    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed none request");
    return auth_refuse(a, AUTH_ATTEMPT_OTHER);
}

/* Sent when the service starts, never among the attempts. */
const struct auth_method auth_none = {
    .name = "none",
    .request = request,
};
