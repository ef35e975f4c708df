#include "auth/request.h"

#include "auth/parts.h"
#include "transport/text.h"

#include <string.h>

/* RFC 4252 section 5
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name in ISO-10646 UTF-8 encoding
 *     string    service name in US-ASCII
 *     string    method name in US-ASCII                                       */
struct writer auth_begin_request(struct auth *a, const char *method, size_t room)
{
    const char *user = a->with->user;
    const char *service = transport_service_name(a->transport, SERVICE_CONNECTION);
    size_t header = 1 + 4 + strlen(user) + 4 + strlen(service) + 4 + strlen(method);
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_REQUEST, header + room);

    write_text(&w, user);
    write_text(&w, service);
    write_text(&w, method);
    return w;
}

/* RFC 4252 section 5.2 */
int auth_request_list(struct auth *a)
{
    struct writer w = auth_begin_request(a, "none", 0);

    a->method = NULL;
    transport_send(a->transport, &w);
    return 0;
}

int auth_give_up(struct auth *a, const char *why)
{
    if (why != NULL)
        a->gave_up = why;
    return auth_request_list(a);
}

void auth_ask_person(struct auth *a, const struct nacre_ask *ask,
                     int (*respond)(struct auth *a, const char *const *responses, size_t count))
{
    a->respond = respond;
    a->with->ask(a->context, ask);
}

void auth_responded(struct auth *a, const char *const *responses, size_t count)
{
    int (*respond)(struct auth *, const char *const *, size_t) = a->respond;

    if (respond == NULL || transport_ended(a->transport))
        return;
    a->respond = NULL;
    transport_enter(a->transport);
    (void)respond(a, responses, count);
    transport_leave(a->transport);
}

/* RFC 4251 section 9.2: text from the server must not control the person's terminal. Line ends and
 * tabs stay. */
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
