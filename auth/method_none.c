/* none: always refused; the refusal lists the methods that can continue. RFC 4252 section 5.2. */
#include "auth/parts.h"
#include "auth/reply.h"

/* RFC 4252 section 5.2: no fields after the method name */
static int on_none(struct auth *a, struct reader *r)
{
    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_REQUEST for none is malformed");
    return auth_refuse(a, AUTH_COUNT_OTHER);
}

/* A client sends it through auth_request_list. */
const struct auth_method auth_none = {
    .name = "none",
    .on_request = on_none,
};
