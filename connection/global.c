/* Global requests, answered in order. RFC 4254 section 4; what we know of them is a table. */
#include "connection/connection.h"

#include <string.h>

enum {
    REQUEST_ROOM = 2 * CHANNEL_TYPE_MAX, /* bytes of a request beside its data */
    UNSENT_MAX = 64 * 1024,              /* bytes of requests that wait for room */
};

/* ---- from the peer ---- */

/* A request that has not been answered, or that waits for the answer of one before it. */
struct global_reply {
    enum reply state;
    bool with_port;
    uint32_t port;
};

/* RFC 4254 section 4: byte SSH_MSG_REQUEST_SUCCESS, response specific data; or byte
 * SSH_MSG_REQUEST_FAILURE. Section 7.1: the data is uint32 port, when the request left the choice
 * to us. */
static void send_reply(struct connection *c, const struct global_reply *reply)
{
    bool granted = reply->state == REPLY_SUCCESS;
    struct writer w = transport_begin(
        c->transport, granted ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE, 1 + 4);

    if (granted && reply->with_port)
        write_u32(&w, reply->port);
    transport_send(c->transport, &w);
}

static bool is_pending(const struct global_reply *reply)
{
    return reply->state == REPLY_PENDING || reply->state == REPLY_PENDING_SILENT;
}

void global_clear(struct connection *c)
{
    pool_release(transport_pool(c->transport), c->replies, GLOBAL_REPLIES_MAX * sizeof *c->replies);
    c->replies = NULL;
    c->reply_count = 0;
}

/* Send the answers that no earlier question holds back any more. */
static void release_replies(struct connection *c)
{
    uint32_t n = 0;

    for (; n < c->reply_count && !is_pending(&c->replies[n]); n++)
        if (c->replies[n].state != REPLY_NONE)
            send_reply(c, &c->replies[n]);
    c->reply_count -= n;
    if (c->reply_count == 0)
        global_clear(c);
    else
        memmove(c->replies, c->replies + n, c->reply_count * sizeof *c->replies);
}

static int queue_reply(struct connection *c, struct global_reply reply)
{
    if (c->replies == NULL)
        c->replies =
            pool_allocate(transport_pool(c->transport), GLOBAL_REPLIES_MAX * sizeof *c->replies);
    if (c->replies == NULL)
        return transport_no_memory(c->transport);
    if (c->reply_count == GLOBAL_REPLIES_MAX)
        return connection_misuse(c, "too many global requests without waiting for answers");
    c->replies[c->reply_count++] = reply;
    return 0;
}

static int answer(struct connection *c, struct global_reply reply)
{
    if (reply.state == REPLY_NONE)
        return 0;
    if (c->reply_count > 0 || is_pending(&reply))
        return queue_reply(c, reply);
    send_reply(c, &reply);
    return 0;
}

int global_refuse(struct connection *c, bool want_reply)
{
    return answer(c, (struct global_reply){.state = want_reply ? REPLY_FAILURE : REPLY_NONE});
}

void connection_answer_global(struct connection *c, bool granted, uint32_t port)
{
    for (uint32_t i = 0; i < c->reply_count; i++) {
        struct global_reply *reply = &c->replies[i];

        if (!is_pending(reply))
            continue;
        if (reply->state == REPLY_PENDING_SILENT)
            reply->state = REPLY_NONE;
        else
            reply->state = granted ? REPLY_SUCCESS : REPLY_FAILURE;
        reply->port = port;
        release_replies(c);
        return;
    }
    if (c->asking) { /* from inside the question, which then says NACRE_LATER */
        c->early = granted ? NACRE_GRANT : NACRE_REFUSE;
        c->early_port = port;
    }
}

/* Ask the application. */
static int ask(struct connection *c, const struct nacre_global_request *request)
{
    struct global_reply reply = {.with_port = request->kind == NACRE_GLOBAL_FORWARD &&
                                              request->port == 0 &&
                                              strcmp(request->name, "tcpip-forward") == 0};
    enum nacre_answer said = NACRE_REFUSE;

    c->asking = true;
    c->early = NACRE_LATER;
    if (c->config->global_request != NULL)
        said = c->config->global_request(c->context, request, &reply.port);
    c->asking = false;
    if (said == NACRE_LATER && c->early != NACRE_LATER) {
        said = c->early;
        reply.port = c->early_port;
    }
    if (said == NACRE_LATER)
        reply.state = request->want_reply ? REPLY_PENDING : REPLY_PENDING_SILENT;
    else if (request->want_reply)
        reply.state = said == NACRE_GRANT ? REPLY_SUCCESS : REPLY_FAILURE;
    else
        reply.state = REPLY_NONE;
    return answer(c, reply);
}

/* Section 7.1: string address, uint32 port */
static int on_tcpip(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    (void)read_text(r, request->host, sizeof request->host);
    request->port = read_u32(r);
    if (!read_done(r) || request->port > 65535)
        return global_refuse(c, request->want_reply);
    return ask(c, request);
}

/* PROTOCOL section 2.4: string socket path */
static int on_streamlocal(struct connection *c, struct nacre_global_request *request,
                          struct reader *r)
{
    (void)read_text(r, request->host, sizeof request->host);
    return read_done(r) ? ask(c, request) : global_refuse(c, request->want_reply);
}

/* PROTOCOL section 2.2: nothing; no further session channel from then on. */
static int on_no_more_sessions(struct connection *c, struct nacre_global_request *request,
                               struct reader *r)
{
    if (!read_done(r))
        return global_refuse(c, request->want_reply);
    c->no_more_sessions = true;
    return answer(c,
                  (struct global_reply){.state = request->want_reply ? REPLY_SUCCESS : REPLY_NONE});
}

static int on_prove(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    return on_hostkeys_prove(c, r, request->want_reply);
}

static int on_other(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    struct bytes rest = read_rest(r);

    request->data = rest.at;
    request->len = rest.len;
    return ask(c, request);
}

/* What we know, all of it a client's to ask. What we do not know the application may;
 * keepalive@openssh.com wants no more than an answer. */
static const struct row {
    const char *name;
    enum nacre_global_kind kind;
    int (*handle)(struct connection *c, struct nacre_global_request *request, struct reader *r);
} rows[] = {
    {"tcpip-forward", NACRE_GLOBAL_FORWARD, on_tcpip},
    {"cancel-tcpip-forward", NACRE_GLOBAL_CANCEL_FORWARD, on_tcpip},
    {"streamlocal-forward@openssh.com", NACRE_GLOBAL_FORWARD, on_streamlocal},
    {"cancel-streamlocal-forward@openssh.com", NACRE_GLOBAL_CANCEL_FORWARD, on_streamlocal},
    {"no-more-sessions@openssh.com", NACRE_GLOBAL_OTHER, on_no_more_sessions},
    {"hostkeys-prove-00@openssh.com", NACRE_GLOBAL_OTHER, on_prove},
};

/* Section 7.1 asks clients to refuse what only clients ask. */
static const struct row *find(const struct connection *c, struct bytes name)
{
    static const struct row other = {"", NACRE_GLOBAL_OTHER, on_other};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bytes_are(name, rows[i].name))
            return transport_role(c->transport) == NACRE_SERVER ? &rows[i] : NULL;
    return &other;
}

/* RFC 4254 section 4:
 *     byte      SSH_MSG_GLOBAL_REQUEST
 *     string    request name in US-ASCII only
 *     boolean   want reply
 *     ....      request-specific data follows                                 */
int on_global_request(struct connection *c, struct reader *r)
{
    struct nacre_global_request request = {.kind = NACRE_GLOBAL_OTHER};
    struct bytes wire = read_string(r);
    char name[CHANNEL_TYPE_MAX + 1];
    const struct row *row;

    request.want_reply = read_bool(r);
    if (r->bad)
        return connection_malformed(c, "malformed GLOBAL_REQUEST");
    transport_charge(c->transport, NACRE_LIMIT_GLOBALS);
    row = find(c, wire);
    if (row == NULL || wire.len > CHANNEL_TYPE_MAX || !is_name(wire))
        return global_refuse(c, request.want_reply);
    if (wire.len > 0)
        memcpy(name, wire.at, wire.len);
    name[wire.len] = 0;
    request.name = name;
    request.kind = row->kind;
    return row->handle(c, &request, r);
}

/* ---- to the peer ---- */

/* RFC 4254 section 4, as in on_global_request; request is all that follows the number. */
static bool send_request(struct connection *c, struct bytes request)
{
    struct writer w;

    if (transport_room(c->transport) < REQUEST_ROOM + request.len)
        return false;
    w = transport_begin(c->transport, SSH_MSG_GLOBAL_REQUEST, 1 + request.len);
    write_bytes(&w, request);
    transport_send(c->transport, &w);
    return true;
}

/* Those that wait stand one behind the other, each as a string: uint32 length, request. */
void global_send_unsent(struct connection *c)
{
    while (buffer_len(&c->unsent) > 0) {
        struct reader r = read_from(buffer_contents(&c->unsent));
        struct bytes request = read_string(&r);

        if (!send_request(c, request)) {
            c->stalled = true;
            return;
        }
        r = read_from(request);
        (void)read_string(&r);
        c->unsent_asking -= read_bool(&r);
        buffer_consumed(&c->unsent, 4 + request.len);
    }
    buffer_release_idle(&c->unsent, transport_pool(c->transport));
}

static bool keep_request(struct connection *c, struct bytes request, bool want_reply)
{
    size_t size = 4 + request.len;
    struct writer w;
    uint8_t *at;

    if (buffer_len(&c->unsent) + size > UNSENT_MAX)
        return false;
    at = buffer_make_room(&c->unsent, transport_pool(c->transport), size);
    if (at == NULL)
        return false;
    w = write_to(at, size);
    write_string(&w, request);
    buffer_added(&c->unsent, size);
    c->unsent_asking += want_reply;
    c->stalled = true;
    return true;
}

bool connection_global_request(struct connection *c, const char *name, bool want_reply,
                               struct bytes data, bool may_wait)
{
    struct pool *pool = transport_pool(c->transport);
    size_t size = REQUEST_ROOM + data.len;
    uint8_t *scratch;
    struct writer w;
    bool good;

    if (!c->started || transport_ended(c->transport) || data.len > CHANNEL_PACKET_MAX ||
        strlen(name) > CHANNEL_TYPE_MAX || (want_reply && c->awaiting == GLOBAL_ASKED_MAX))
        return false;
    scratch = pool_allocate(pool, size);
    if (scratch == NULL)
        return false;
    w = write_to(scratch, size);
    write_text(&w, name);
    write_bool(&w, want_reply);
    write_bytes(&w, data);
    good = (buffer_len(&c->unsent) == 0 && send_request(c, written_bytes(&w))) ||
           (may_wait && keep_request(c, written_bytes(&w), want_reply));
    pool_release(pool, scratch, size);
    c->awaiting += good && want_reply;
    return good;
}

static int on_reply(struct connection *c, bool granted, struct bytes data)
{
    bool keepalive = (c->keepalives & 1) != 0;

    if (c->awaiting == c->unsent_asking)
        return connection_misuse(c, "answer to a global request that was not made");
    c->awaiting--;
    c->keepalives >>= 1;
    if (!keepalive && c->config->global_replied != NULL)
        c->config->global_replied(c->context, granted, data.at, data.len);
    return 0;
}

/* RFC 4254 section 4: byte SSH_MSG_REQUEST_SUCCESS, response specific data */
int on_request_success(struct connection *c, struct reader *r)
{
    return on_reply(c, true, read_rest(r));
}

/* RFC 4254 section 4: byte SSH_MSG_REQUEST_FAILURE */
int on_request_failure(struct connection *c, struct reader *r)
{
    if (!read_done(r))
        return connection_malformed(c, "malformed REQUEST_FAILURE");
    return on_reply(c, false, (struct bytes){NULL, 0});
}
