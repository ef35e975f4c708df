#include "auth/login.h"

#include "auth/parts.h"

const char *auth_user(const struct auth *a)
{
    if (a->with->user != NULL)
        return a->with->user;
    return a->user == NULL ? "" : a->user;
}

bool auth_is_complete(const struct auth *a)
{
    return a->succeeded;
}

static void report(const struct auth *a)
{
    if (a->config->authenticated != NULL)
        a->config->authenticated(a->context, auth_user(a));
}

/* A server's owner hears of the login before the connection service does anything; a client's owner
 * after that, since it opens channels from the callback. */
int auth_log_in(struct auth *a)
{
    bool client = transport_role(a->transport) == NACRE_CLIENT;
    int failure;

    a->succeeded = true;
    transport_authenticated(a->transport);
    if (!client)
        report(a);
    if (transport_ended(a->transport)) /* the owner ended it */
        return 0;
    failure = transport_start_service(a->transport, SERVICE_CONNECTION);
    if (client && failure == 0)
        report(a);
    return failure;
}
