/* none: refused, but the refusal lists what can continue. RFC 4252 section 5.2. */
#include "auth/method.h"

/* It may always be asked, and is never listed: section 5.2. */
static bool offered(const struct nacre_auth_policy *policy)
{
    (void)policy;
    return true;
}

static int request(struct auth *a, struct reader *r)
{
    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed none request");
    return auth_refuse(a, AUTH_ATTEMPT_OTHER);
}

static bool attempt(struct auth *a)
{
    (void)a;
    return false; /* sent when the service starts */
}

const struct auth_method auth_none = {
    .name = "none",
    .offered = offered,
    .request = request,
    .attempt = attempt,
};
