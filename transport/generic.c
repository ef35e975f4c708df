#include "transport/generic.h"

#include "transport/parts.h"
#include "transport/text.h"

#include <string.h>

/* RFC 4253 section 11.4:
 *     byte      SSH_MSG_UNIMPLEMENTED
 *     uint32    packet sequence number of rejected message                    */
void send_unimplemented(struct transport *t)
{
    struct writer w = transport_begin(t, SSH_MSG_UNIMPLEMENTED, 1 + 4);

    write_u32(&w, t->receiving.seq - 1);
    transport_send(t, &w);
}

/* RFC 4253 section 11.4:
 *     byte      SSH_MSG_UNIMPLEMENTED
 *     uint32    packet sequence number of rejected message
 * We send nothing that needs the peer's support without knowing that it has it. */
int on_unimplemented(struct transport *t, struct reader *r)
{
    (void)t;
    (void)r;
    return 0;
}

/* RFC 4253 section 11.2:
 *     byte      SSH_MSG_IGNORE
 *     string    data
 * It is ignored whatever it holds. */
int on_ignore(struct transport *t, struct reader *r)
{
    (void)t;
    (void)r;
    return 0;
}

/* RFC 4253 section 11.3:
 *     byte      SSH_MSG_DEBUG
 *     boolean   always_display
 *     string    message
 *     string    language tag
 * The observer has seen it; nothing else is done with it. */
int on_debug(struct transport *t, struct reader *r)
{
    (void)t;
    (void)r;
    return 0;
}

/* The peer's text, safe to log. */
static const char *clean(struct transport *t, struct bytes text)
{
    if (t->peer.text == NULL)
        t->peer.text = pool_allocate(t->pool, PEER_TEXT_MAX);
    return t->peer.text == NULL ? "" : clean_text(t->peer.text, PEER_TEXT_MAX, text);
}

/* RFC 4253 section 11.1:
 *     byte      SSH_MSG_DISCONNECT
 *     uint32    reason code
 *     string    description in ISO-10646 UTF-8 encoding
 *     string    language tag
 * It ends the session even when it is malformed. */
int on_disconnect(struct transport *t, struct reader *r)
{
    uint32_t reason = read_u32(r);
    struct bytes text = read_string(r);

    buffer_clear(&t->out, t->pool); /* the peer accepts no more data: section 11.1 */
    return transport_end(t, NACRE_DISCONNECTED, reason, clean(t, text));
}

int transport_start_service(struct transport *t, int which)
{
    const struct service *s = t->config->services[which];

    if (s == NULL)
        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, "service not available");
    t->started[which] = true;
    return s->start(t->service_self[which]);
}

static bool is_auth(const struct transport *t, struct bytes name)
{
    const struct service *s = t->config->services[SERVICE_AUTH];

    return s != NULL && bytes_are(name, s->name);
}

/* RFC 4253 section 10:
 *     byte      SSH_MSG_SERVICE_REQUEST
 *     string    service name
 * Answered by byte SSH_MSG_SERVICE_ACCEPT, string service name. Before authentication only
 * ssh-userauth can be requested. paramiko requests it again before each attempt to log in. */
int on_service_request(struct transport *t, struct reader *r)
{
    struct bytes name = read_string(r);
    struct writer w;

    if (!read_done(r))
        return transport_malformed(t, "SERVICE_REQUEST is malformed");
    if (!is_auth(t, name))
        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
                              "SERVICE_REQUEST for another service than ssh-userauth");
    w = transport_begin(t, SSH_MSG_SERVICE_ACCEPT, 1 + 4 + name.len);
    write_string(&w, name);
    transport_send(t, &w);
    if (t->started[SERVICE_AUTH])
        return 0;
    transport_set_phase(t, PHASE_AUTH);
    return transport_start_service(t, SERVICE_AUTH);
}

/* RFC 4253 section 10:
 *     byte      SSH_MSG_SERVICE_ACCEPT
 *     string    service name
 * Some servers leave out the name, which ssh accepts too. */
int on_service_accept(struct transport *t, struct reader *r)
{
    bool named = r->at < r->end;
    struct bytes name = named ? read_string(r) : (struct bytes){NULL, 0};

    if (!read_done(r))
        return transport_malformed(t, "SERVICE_ACCEPT is malformed");
    if (named && !is_auth(t, name))
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "SERVICE_ACCEPT for a service that was not requested");
    transport_set_phase(t, PHASE_AUTH);
    return transport_start_service(t, SERVICE_AUTH);
}

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_REQUEST, string service name */
void send_service_request(struct transport *t)
{
    const struct service *s = t->config->services[SERVICE_AUTH];
    struct writer w;

    if (s == NULL)
        return;
    w = transport_begin(t, SSH_MSG_SERVICE_REQUEST, 1 + 4 + strlen(s->name));
    write_text(&w, s->name);
    transport_send(t, &w);
}
