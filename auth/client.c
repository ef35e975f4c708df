#include "auth/client.h"

#include "auth/login.h"
#include "auth/method.h"
#include "auth/parts.h"
#include "auth/publickey_client.h"
#include "auth/request.h"

#include <string.h>

int auth_client_start(struct auth *a)
{
    _Static_assert(NACRE_USER_MAX == 255, "as the text says");

    a->began = true;
    if (a->with->user == NULL)
        return transport_end(a->transport, NACRE_AUTH_FAILED,
                             SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                             "no user to log in as was set");
    if (strlen(a->with->user) > NACRE_USER_MAX)
        return transport_end(a->transport, NACRE_AUTH_FAILED,
                             SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                             "the user name is longer than 255 bytes");
    return auth_request_list(a);
}

/* It was kept for a request to change it, which can come no more. */
static void forget_password(struct auth *a)
{
    pool_release(transport_pool(a->transport), a->password, NACRE_PASSWORD_MAX + 1);
    a->password = NULL;
}

/* Try the next request of the first method that the server lists and that has one left. */
static int try_next(struct auth *a, struct bytes can_continue)
{
    for (const struct auth_method *const *m = a->methods; *m != NULL; m++) {
        if ((*m)->attempt == NULL || !name_list_has(can_continue, (*m)->name))
            continue;
        a->method = *m;
        if ((*m)->attempt(a))
            return 0;
    }
    return transport_end(a->transport, NACRE_AUTH_FAILED,
                         SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                         a->gave_up != NULL ? a->gave_up : "no more authentication methods to try");
}

/* The request that was sent last has succeeded, alone or as one of several. "none" and a query
 * prove nothing, whatever the server makes of them. */
static bool add_to_login(struct auth *a)
{
    struct claim claim = {.also = 0};

    if (a->method == NULL || a->step == AUTH_SENT_NONE || a->step == AUTH_SENT_QUERY)
        return true;
    if (a->step == AUTH_SENT_PROOF)
        publickey_claim(a, &claim);
    return login_add(a, &claim);
}

/* RFC 4252 section 5.1
 *     byte         SSH_MSG_USERAUTH_FAILURE
 *     name-list    authentications that can continue
 *     boolean      partial success                                             */
int auth_on_failure(struct auth *a, struct reader *r)
{
    struct bytes can_continue = read_name_list(r);
    bool partial = read_bool(r); /* the list says what is left either way */

    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_FAILURE is malformed");
    if (partial && !add_to_login(a))
        return transport_no_memory(a->transport);
    /* A person who is still being asked is too late, and so are an agent and any further reply. */
    a->respond = NULL;
    a->step = AUTH_SENT_NONE;
    forget_password(a);
    return try_next(a, can_continue);
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_SUCCESS */
int auth_on_success(struct auth *a, struct reader *r)
{
    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_SUCCESS is malformed");
    if (!add_to_login(a))
        return transport_no_memory(a->transport);
    a->step = AUTH_DONE;
    a->respond = NULL;
    forget_password(a);
    return auth_log_in(a);
}

/* RFC 4252 section 5.4
 *     byte      SSH_MSG_USERAUTH_BANNER
 *     string    message in ISO-10646 UTF-8 encoding
 *     string    language tag                                                   */
int auth_on_banner(struct auth *a, struct reader *r)
{
    struct bytes message = read_string(r);
    struct pool *pool = transport_pool(a->transport);
    char *text;

    (void)read_string(r);
    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_BANNER is malformed");
    if (a->config->banner == NULL)
        return 0;
    text = auth_clean_text(pool, message);
    if (text == NULL)
        return transport_no_memory(a->transport);
    a->config->banner(a->context, text);
    pool_release(pool, text, message.len + 1);
    return 0;
}
