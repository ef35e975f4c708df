#include "connection/global.h"

#include "connection/forward.h"
#include "connection/hostkeys.h"
#include "transport/pool.h"

#include <string.h>

/* A request that was not answered, or waits for the answer to an earlier one. */
struct global_reply {
    enum reply state;
    bool with_port;
    uint32_t port;
};

/* RFC 4254 section 4:
 *     byte      SSH_MSG_REQUEST_SUCCESS or SSH_MSG_REQUEST_FAILURE
 *     uint32    port, when the request left the choice to us: section 7.1     */
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

/* Send the answers that no longer wait for an earlier one. */
static void send_replies(struct connection *c)
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
    struct transport *t = c->transport;

    if (c->replies == NULL)
        c->replies = pool_allocate(transport_pool(t), GLOBAL_REPLIES_MAX * sizeof *c->replies);
    if (c->replies == NULL)
        return transport_no_memory(t);
    if (c->reply_count == GLOBAL_REPLIES_MAX)
        return misuse(c, "GLOBAL_REQUEST: too many wait for an answer");
    c->replies[c->reply_count++] = reply;
    return 0;
}

/* The answer in its turn: after those to earlier requests. */
static int answer(struct connection *c, struct global_reply reply)
{
    if (reply.state == REPLY_NONE)
        return 0;
    if (c->reply_count > 0 || is_pending(&reply))
        return queue_reply(c, reply);
    send_reply(c, &reply);
    return 0;
}

static int refuse(struct connection *c, bool want_reply)
{
    return answer(c, (struct global_reply){.state = want_reply ? REPLY_FAILURE : REPLY_NONE});
}

void global_answer(struct connection *c, bool granted, uint32_t port)
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
        send_replies(c);
        return;
    }
    if (c->asking) { /* from inside the callback, which then returns NACRE_LATER */
        c->early = granted ? NACRE_GRANT : NACRE_REFUSE;
        c->early_port = port;
    }
}

static enum nacre_answer ask_application(struct connection *c,
                                         const struct nacre_global_request *request, uint32_t *port)
{
    enum nacre_answer answer = NACRE_REFUSE;

    c->asking = true;
    c->early = NACRE_LATER;
    if (c->config->global_request != NULL)
        answer = c->config->global_request(c->context, request, port);
    c->asking = false;
    if (answer != NACRE_LATER || c->early == NACRE_LATER)
        return answer;
    *port = c->early_port;
    return c->early;
}

/* Let the application decide. */
static int ask(struct connection *c, const struct nacre_global_request *request)
{
    struct global_reply reply = {.with_port = request->kind == NACRE_GLOBAL_FORWARD &&
                                              request->port == 0 &&
                                              strcmp(request->name, "tcpip-forward") == 0};
    enum nacre_answer decided = ask_application(c, request, &reply.port);

    if (decided == NACRE_LATER)
        reply.state = request->want_reply ? REPLY_PENDING : REPLY_PENDING_SILENT;
    else if (request->want_reply)
        reply.state = decided == NACRE_GRANT ? REPLY_SUCCESS : REPLY_FAILURE;
    else
        reply.state = REPLY_NONE;
    return answer(c, reply);
}

/* RFC 4254 section 7.1, tcpip-forward and cancel-tcpip-forward:
 *     string    address to bind
 *     uint32    port number to bind                                           */
static int on_tcpip(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    (void)read_text(r, request->host, sizeof request->host);
    request->port = read_u32(r);
    if (!read_done(r) || request->port > 65535)
        return refuse(c, request->want_reply);
    return ask(c, request);
}

/* PROTOCOL section 2.4, streamlocal-forward and cancel-streamlocal-forward:
 *     string    socket path                                                   */
static int on_streamlocal(struct connection *c, struct nacre_global_request *request,
                          struct reader *r)
{
    (void)read_text(r, request->host, sizeof request->host);
    return read_done(r) ? ask(c, request) : refuse(c, request->want_reply);
}

/* PROTOCOL section 2.2, no-more-sessions: no fields. */
static int on_no_more_sessions(struct connection *c, struct nacre_global_request *request,
                               struct reader *r)
{
    if (!read_done(r))
        return refuse(c, request->want_reply);
    c->no_more_sessions = true;
    return answer(c,
                  (struct global_reply){.state = request->want_reply ? REPLY_SUCCESS : REPLY_NONE});
}

/* draft-ietf-sshm-hostkey-update section 2.2.2, hostkeys-prove:
 *     string[]  hostkeys
 * The answer:
 *     byte      SSH_MSG_REQUEST_SUCCESS
 *     string[]  signatures
 * An answer of that size is never queued: the request is refused when it would have to be. */
static int on_prove(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    struct transport *t = c->transport;
    uint8_t answer[TRANSPORT_REPLY_MAX - TRANSPORT_OVERHEAD];
    struct writer w, proofs = write_to(answer, sizeof answer);

    if (c->reply_count > 0 || !transport_affords(t, NACRE_LIMIT_PROOFS) ||
        !hostkeys_prove(t, r, &proofs))
        return refuse(c, request->want_reply);
    if (!request->want_reply)
        return 0;
    w = transport_begin(t, SSH_MSG_REQUEST_SUCCESS, 1 + written(&proofs));
    write_bytes(&w, written_bytes(&proofs));
    transport_send(t, &w);
    return 0;
}

/* RFC 4254 section 4, a request that we do not know, after string request name and boolean want
 * reply:
 *     ....      request-specific data follows                                 */
static int on_other(struct connection *c, struct nacre_global_request *request, struct reader *r)
{
    struct bytes rest = read_rest(r);

    request->data = rest.at;
    request->len = rest.len;
    return ask(c, request);
}

/* The requests that we know; only clients send them. The application may know others, and
 * keepalive@openssh.com needs no more than an answer. */
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

/* RFC 4254 section 7.1: a client refuses what only clients send. */
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
        return transport_malformed(c->transport, "GLOBAL_REQUEST is malformed");
    transport_charge(c->transport, NACRE_LIMIT_GLOBALS, 1);
    row = find(c, wire);
    if (row == NULL || !is_name(wire) || !text_from_wire(name, sizeof name, wire))
        return refuse(c, request.want_reply);
    request.name = name;
    request.kind = row->kind;
    return row->handle(c, &request, r);
}
