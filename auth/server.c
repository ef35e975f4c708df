#include "auth/server.h"

#include "auth/parts.h"
#include "auth/reply.h"
#include "transport/text.h"

#include <string.h>

enum {
    SHOWN_BEGINNING = 48,            /* bytes of a name that is not used, */
    SHOWN_MAX = SHOWN_BEGINNING + 32 /* ... with its length */
};

/* RFC 4252 section 5.4
 *     byte      SSH_MSG_USERAUTH_BANNER
 *     string    message in ISO-10646 UTF-8 encoding
 *     string    language tag                                                   */
int auth_server_start(struct auth *a)
{
    const char *banner = a->config->policy->banner;
    struct writer w;

    /* the endpoint has refused a longer one, but the text is borrowed */
    if (banner == NULL || strlen(banner) > NACRE_BANNER_MAX)
        return 0;
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_BANNER, 1 + 4 + strlen(banner) + 4);
    write_text(&w, banner);
    write_text(&w, "");
    transport_send(a->transport, &w);
    return 0;
}

/* Room for this name and no more: it stays as long as the session. False: out of memory. */
static bool make_room(struct auth *a, size_t len)
{
    struct pool *pool = transport_pool(a->transport);
    uint16_t size = (uint16_t)(len + 1);

    if (a->user != NULL && a->user_size == size)
        return true;
    pool_release(pool, a->user, a->user_size);
    a->user = pool_allocate(pool, size);
    a->user_size = size;
    return a->user != NULL;
}

/* For the log, a name that is not used: "aaaa... (300 bytes)". `out` has SHOWN_MAX + 1 bytes. */
static void describe(char *out, struct bytes user)
{
    struct writer w;
    char digits[10];
    size_t n = 0, len = user.len;

    (void)clean_text(out, SHOWN_BEGINNING + 1, user);
    w = write_to((uint8_t *)out + strlen(out), SHOWN_MAX + 1 - strlen(out));
    write_bytes(&w, bytes_of("... ("));
    do
        digits[n++] = (char)('0' + len % 10);
    while ((len /= 10) > 0);
    while (n > 0)
        write_u8(&w, (uint8_t)digits[--n]);
    write_bytes(&w, bytes_of(" bytes)"));
    write_u8(&w, 0);
}

/* RFC 4252 section 5: methods that have succeeded count for this user only. False: out of memory.
 * *valid: the name can be C text. */
static bool take_user(struct auth *a, struct bytes user, bool *valid)
{
    if (a->user == NULL || !bytes_are(user, a->user)) {
        a->done = 0;
        a->also = 0;
        login_clear(a);
    }
    *valid = user.len <= NACRE_USER_MAX && (user.len == 0 || memchr(user.at, 0, user.len) == NULL);
    if (!make_room(a, *valid ? user.len : SHOWN_MAX))
        return false;
    if (*valid)
        (void)text_from_wire(a->user, a->user_size, user);
    else
        describe(a->user, user);
    return true;
}

/* RFC 4252 section 5
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name in ISO-10646 UTF-8 encoding
 *     string    service name in US-ASCII
 *     string    method name in US-ASCII
 *     ....      method specific fields                                        */
int auth_on_request(struct auth *a, struct reader *r)
{
    struct bytes user = read_string(r);
    struct bytes service = read_string(r);
    struct bytes method = read_string(r);
    struct transport *t = a->transport;
    bool valid;

    if (r->bad)
        return transport_malformed(t, "USERAUTH_REQUEST is malformed");
    if (!auth_count_request(a))
        return 0;
    /* a new request abandons the one before: RFC 4252 section 5 */
    if (a->prompts != AUTH_NO_PROMPTS && !auth_abandon(a))
        return 0;
    if (!take_user(a, user, &valid))
        return transport_no_memory(t);
    a->method = a->methods[auth_method_index(a->methods, method)];
    if (!valid || a->method == NULL ||
        !bytes_are(service, transport_service_name(t, SERVICE_CONNECTION)) ||
        !auth_can_continue(a, a->method))
        return auth_refuse(a, AUTH_COUNT_OTHER);
    return a->method->on_request(a, r);
}
