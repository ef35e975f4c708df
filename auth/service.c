#include "auth/auth.h"
#include "auth/client.h"
#include "auth/decision.h"
#include "auth/growth.h"
#include "auth/method.h"
#include "auth/parts.h"
#include "auth/request.h"
#include "auth/server.h"
#include "transport/signing.h"

/* In the order in which a server lists them and a client tries them. RFC 4252 section 9, hostbased,
 * is left out. */
static const struct auth_method *const methods[] = {
    &auth_none, &auth_publickey, &auth_hostbound, &auth_password, &auth_interactive, NULL,
};

_Static_assert(sizeof methods / sizeof methods[0] <= 8, "auth.done has a bit for each");

/* A program that was compiled with older headers has a shorter struct nacre_client_login. */
static bool has_copy(const struct auth_config *config)
{
    return growth_is_newer(&client_login_growth, config->version);
}

static size_t size_of(const struct auth_config *config)
{
    return sizeof(struct auth) + (has_copy(config) ? sizeof(struct nacre_client_login) : 0);
}

struct auth *auth_new(const struct auth_config *config, struct transport *transport, void *context)
{
    struct auth *a = pool_allocate(transport_pool(transport), size_of(config));

    if (a == NULL)
        return NULL;
    a->transport = transport;
    a->config = config;
    a->with = &config->login;
    a->context = context;
    a->methods = methods;
    a->prompts = AUTH_NO_PROMPTS;
    return a;
}

void auth_free(struct auth *a)
{
    struct pool *pool;

    if (a == NULL)
        return;
    pool = transport_pool(a->transport);
    auth_forget_decision(a);
    login_clear(a);
    if (a->signing != NULL)
        signing_forget(a->signing);
    pool_release(pool, a->user, a->user_size);
    pool_release(pool, a->password, NACRE_PASSWORD_MAX + 1);
    pool_release(pool, a, size_of(a->config));
}

void auth_set_login(struct auth *a, const struct nacre_client_login *login)
{
    struct nacre_client_login *copy = (struct nacre_client_login *)(a + 1);

    if (a->began)
        return;
    a->with = login;
    if (has_copy(a->config)) {
        growth_copy(&client_login_growth, copy, login, a->config->version);
        a->with = copy;
    }
}

void auth_end(struct auth *a)
{
    auth_forget_decision(a);
}

const struct nacre_login *auth_login(const struct auth *a)
{
    return a->succeeded ? &a->login : NULL;
}

/* Numbers 60 to 79 belong to the method of the request in progress. */
static int to_method(struct auth *a, uint8_t number, struct reader *r)
{
    int (*handler)(struct auth *, struct reader *) = NULL;

    if (a->method != NULL && number == SSH_MSG_USERAUTH_METHOD_FIRST)
        handler = a->method->on_reply;
    else if (a->method != NULL && number == SSH_MSG_USERAUTH_INFO_RESPONSE)
        handler = a->method->on_response;
    if (handler == NULL)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "message 60 to 79 without a request of its authentication method");
    return handler(a, r);
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
        return to_method(a, number, r);
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
