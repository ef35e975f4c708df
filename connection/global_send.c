#include "connection/global_send.h"

#include "transport/pool.h"

#include <string.h>

enum {
    REQUEST_HEADER = 1 + 4 + 1, /* bytes of a request beside its name and data */
    UNSENT_MAX = 64 * 1024,     /* bytes of requests that wait for space; one may be longer */
};

/* One of our requests that waits for space. */
struct unsent_request {
    struct unsent_request *next;
    uint32_t len; /* bytes of data */
    bool want_reply;
    char name[CHANNEL_TYPE_MAX + 1];
    uint8_t data[];
};

/* RFC 4254 section 4, as in on_global_request. False: no space now. */
static bool send_request(struct connection *c, const char *name, bool want_reply, struct bytes data)
{
    struct transport *t = c->transport;
    size_t size = REQUEST_HEADER + strlen(name) + data.len;
    struct writer w;

    if (!transport_request_room(t, size))
        return false;
    w = transport_begin(t, SSH_MSG_GLOBAL_REQUEST, size);
    write_text(&w, name);
    write_bool(&w, want_reply);
    write_bytes(&w, data);
    transport_send(t, &w);
    return true;
}

static bool keep_request(struct connection *c, const char *name, bool want_reply, struct bytes data)
{
    size_t size = sizeof(struct unsent_request) + data.len;
    struct unsent_request *q, **end = &c->unsent;

    if (c->unsent != NULL && c->unsent_len + size > UNSENT_MAX)
        return false;
    q = pool_allocate(transport_pool(c->transport), size);
    if (q == NULL)
        return false;
    q->len = (uint32_t)data.len;
    q->want_reply = want_reply;
    memcpy(q->name, name, strlen(name) + 1);
    if (data.len > 0)
        memcpy(q->data, data.at, data.len);
    while (*end != NULL)
        end = &(*end)->next;
    *end = q;
    c->unsent_len += (uint32_t)size;
    c->unsent_asking += want_reply;
    c->stalled = true;
    return true;
}

static void drop_unsent(struct connection *c)
{
    struct unsent_request *q = c->unsent;
    size_t size = sizeof *q + q->len;

    c->unsent = q->next;
    c->unsent_len -= (uint32_t)size;
    c->unsent_asking -= q->want_reply;
    pool_release(transport_pool(c->transport), q, size);
}

void global_send_unsent(struct connection *c)
{
    while (c->unsent != NULL) {
        const struct unsent_request *q = c->unsent;

        if (!send_request(c, q->name, q->want_reply, (struct bytes){q->data, q->len})) {
            c->stalled = true;
            return;
        }
        drop_unsent(c);
    }
}

static bool can_ever_be_sent(const struct connection *c, const char *name, size_t len)
{
    size_t header = REQUEST_HEADER + strlen(name);

    return !transport_ended(c->transport) && header <= REQUEST_HEADER + CHANNEL_TYPE_MAX &&
           len <= TRANSPORT_REQUEST_MAX - header;
}

enum nacre_sending global_send(struct connection *c, const char *name, bool want_reply,
                               struct bytes data, bool may_wait)
{
    bool good;

    if (!can_ever_be_sent(c, name, data.len))
        return NACRE_SEND_NEVER;
    if (!c->started || (want_reply && c->awaiting == GLOBAL_ASKED_MAX))
        return NACRE_SEND_LATER;
    good = (c->unsent == NULL && send_request(c, name, want_reply, data)) ||
           (may_wait && keep_request(c, name, want_reply, data));
    if (good && want_reply)
        c->awaiting++;
    return good ? NACRE_SEND_DONE : NACRE_SEND_LATER;
}

void global_send_clear(struct connection *c)
{
    while (c->unsent != NULL)
        drop_unsent(c);
}

/* lsh answers hostkeys-00, which wants no answer. What nobody asked for is ignored, as by OpenSSH.
 */
static bool is_unsolicited(const struct connection *c)
{
    return c->awaiting == c->unsent_asking;
}

static int on_reply(struct connection *c, bool granted, struct bytes data)
{
    bool keepalive = (c->keepalives & 1) != 0;

    c->awaiting--;
    c->keepalives >>= 1;
    if (!keepalive && c->config->global_replied != NULL)
        c->config->global_replied(c->context, granted, data.at, data.len);
    return 0;
}

/* RFC 4254 section 4:
 *     byte      SSH_MSG_REQUEST_SUCCESS
 *     ....      response specific data                                        */
int on_request_success(struct connection *c, struct reader *r)
{
    return is_unsolicited(c) ? 0 : on_reply(c, true, read_rest(r));
}

/* RFC 4254 section 4:
 *     byte      SSH_MSG_REQUEST_FAILURE                                       */
int on_request_failure(struct connection *c, struct reader *r)
{
    if (is_unsolicited(c))
        return 0;
    if (!read_done(r))
        return transport_malformed(c->transport, "REQUEST_FAILURE is malformed");
    return on_reply(c, false, (struct bytes){NULL, 0});
}
