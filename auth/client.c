/* The client's course: try what there is among what the server lists. RFC 4252 sections 5.1
 * and 5.4. */
#include "auth/method.h"
#include "transport/text.h"

enum { REQUEST_HEADER = 512 }; /* bytes of a request's number, user, service and method at most */

struct writer auth_begin_request(struct auth *a, const char *method, size_t room)
{
    struct writer w =
        transport_begin(a->transport, SSH_MSG_USERAUTH_REQUEST, REQUEST_HEADER + room);

    write_text(&w, a->config->user);
    write_text(&w, transport_service_name(a->transport, SERVICE_CONNECTION));
    write_text(&w, method);
    return w;
}

/* Try what is left, among what the server says can continue. */
static int try_next(struct auth *a, struct bytes can_continue)
{
    for (const struct auth_method *const *m = auth_methods; *m != NULL; m++) {
        if ((*m)->attempt == NULL || !name_list_has(can_continue, (*m)->name))
            continue;
        a->method = *m;
        if ((*m)->attempt(a))
            return 0;
    }
    return transport_end(a->transport, NACRE_AUTH_FAILED,
                         SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                         "no more authentication methods to try");
}

int auth_on_failure(struct auth *a, struct reader *r)
{
    struct bytes can_continue = read_name_list(r);

    (void)read_bool(r); /* partial success: the list says what is left either way */
    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed USERAUTH_FAILURE");
    a->respond = NULL; /* whatever a person was asked, it is too late for */
    return try_next(a, can_continue);
}

int auth_on_success(struct auth *a, struct reader *r)
{
    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed USERAUTH_SUCCESS");
    a->step = AUTH_DONE;
    a->respond = NULL;
    return auth_log_in(a);
}

/* A server's words may not steer a person's terminal: RFC 4251 section 9.2. Line ends and tabs
 * stay. */
void auth_clean(char *out, struct bytes wire)
{
    (void)clean_lines(out, wire.len + 1, wire);
}

char *auth_clean_text(struct pool *pool, struct bytes wire)
{
    char *text = pool_allocate(pool, wire.len + 1);

    if (text != NULL)
        auth_clean(text, wire);
    return text;
}

/* RFC 4252 section 5.4: byte SSH_MSG_USERAUTH_BANNER, string message, string language tag */
int auth_on_banner(struct auth *a, struct reader *r)
{
    struct bytes message = read_string(r);
    struct pool *pool = transport_pool(a->transport);
    char *text;

    (void)read_string(r);
    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed USERAUTH_BANNER");
    if (a->config->banner == NULL)
        return 0;
    text = auth_clean_text(pool, message);
    if (text == NULL)
        return transport_no_memory(a->transport);
    a->config->banner(a->context, text);
    pool_release(pool, text, message.len + 1);
    return 0;
}

int auth_client_start(struct auth *a)
{
    struct writer w;

    a->method = &auth_none;
    w = auth_begin_request(a, auth_none.name, 0);
    transport_send(a->transport, &w);
    return 0;
}

/* ---- what a person is asked ---- */

void auth_ask_person(struct auth *a, const struct nacre_ask *ask,
                     int (*respond)(struct auth *a, const char *const *responses, size_t count))
{
    a->respond = respond;
    a->config->ask(a->context, ask);
}

void auth_responded(struct auth *a, const char *const *responses, size_t count)
{
    int (*respond)(struct auth * a, const char *const *responses, size_t count) = a->respond;

    if (respond == NULL || transport_ended(a->transport))
        return;
    a->respond = NULL;
    (void)respond(a, responses, count);
}

int auth_skip_method(struct auth *a)
{
    return auth_client_start(a);
}
