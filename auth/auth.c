/* What both sides of authentication share. RFC 4252 sections 4 to 6; server.c and client.c have the
 * two courses, the methods are in method_*.c. */
#include "auth/method.h"

#include <string.h>

/* In the order they are listed and tried. */
const struct auth_method *const auth_methods[] = {
    &auth_none, &auth_publickey, &auth_hostbound, &auth_password, &auth_interactive, NULL,
};

const struct auth_method *auth_find_method(struct bytes name)
{
    for (const struct auth_method *const *m = auth_methods; *m != NULL; m++)
        if (bytes_are(name, (*m)->name))
            return *m;
    return NULL;
}

bool auth_text(char *out, size_t size, struct bytes text)
{
    if (text.len >= size || memchr(text.at, 0, text.len) != NULL)
        return false;
    memcpy(out, text.at, text.len);
    out[text.len] = 0;
    return true;
}

void auth_init(struct auth *a, const struct auth_config *config, struct transport *transport,
               void *context)
{
    *a = (struct auth){
        .transport = transport, .config = config, .context = context, .prompts = AUTH_NO_PROMPTS};
}

void auth_clear(struct auth *a)
{
    auth_forget_decision(a);
    pool_release(transport_pool(a->transport), a->user, NACRE_USER_MAX + 1);
    pool_release(transport_pool(a->transport), a->password, NACRE_PASSWORD_MAX + 1);
    a->user = a->password = NULL;
}

const char *auth_user(const struct auth *a)
{
    if (a->config->user != NULL)
        return a->config->user;
    return a->user == NULL ? "" : a->user;
}

static void tell_authenticated(const struct auth *a)
{
    if (a->config->authenticated != NULL)
        a->config->authenticated(a->context, auth_user(a));
}

/* What follows belongs to the service. The owner hears of it before any of that; but a client's
 * wants to open channels when it hears. */
int auth_log_in(struct auth *a)
{
    bool client = transport_role(a->transport) == NACRE_CLIENT;
    int failure;

    a->succeeded = true;
    transport_authenticated(a->transport);
    if (!client)
        tell_authenticated(a);
    failure = transport_start_service(a->transport, SERVICE_CONNECTION);
    if (client && failure == 0)
        tell_authenticated(a);
    return failure;
}

static int receive(void *self, uint8_t number, struct reader *r)
{
    struct auth *a = self;

    switch (number) {
    case SSH_MSG_USERAUTH_REQUEST:
        return auth_on_request(a, r);
    case SSH_MSG_USERAUTH_FAILURE:
        return auth_on_failure(a, r);
    case SSH_MSG_USERAUTH_SUCCESS:
        return auth_on_success(a, r);
    case SSH_MSG_USERAUTH_BANNER:
        return auth_on_banner(a, r);
    default:
        if (a->method == NULL || a->method->receive == NULL)
            return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                                  "message of an authentication method that was not asked for");
        return a->method->receive(a, number, r);
    }
}

static int start(void *self)
{
    struct auth *a = self;

    return transport_role(a->transport) == NACRE_SERVER ? auth_server_start(a)
                                                        : auth_client_start(a);
}

const struct service auth_service = {
    .name = "ssh-userauth",
    .start = start,
    .receive = receive,
};
