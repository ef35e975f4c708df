/* The transport's generic messages: disconnect, services, and those that need no action.
 * RFC 4253 sections 10 and 11. */
#include "transport/text.h"
#include "transport/parts.h"

static int malformed(struct transport *t, const char *text)
{
    return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

/* RFC 4253 section 11.4: byte SSH_MSG_UNIMPLEMENTED, uint32 packet sequence number of rejected
 * message */
int send_unimplemented(struct transport *t)
{
    struct writer w = transport_begin(t, SSH_MSG_UNIMPLEMENTED, 1 + 4);

    write_u32(&w, t->receiving.seq - 1);
    transport_send(t, &w);
    return 0;
}

/* The peer's words, fit for a log. */
static const char *clean(struct transport *t, struct bytes text)
{
    t->peer.text = pool_allocate(t->pool, PEER_TEXT_MAX);
    return t->peer.text == NULL ? "" : clean_text(t->peer.text, PEER_TEXT_MAX, text);
}

/* RFC 4253 section 11.1: byte, uint32 reason code, string description, string language tag.
 * It ends the session whatever else it holds. */
static int on_disconnect(struct transport *t, struct reader *r)
{
    uint32_t reason = read_u32(r);
    struct bytes text = read_string(r);

    buffer_clear(&t->out, t->pool); /* its sender takes nothing any more */
    return transport_end(t, NACRE_DISCONNECTED, reason, clean(t, text));
}

int transport_start_service(struct transport *t, int which)
{
    if (t->services[which].service == NULL)
        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, "service not available");
    t->services[which].started = true;
    return t->services[which].service->start(t->services[which].self);
}

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_REQUEST, string service name. Before authentication
 * there is only one service to ask for. paramiko asks for it again before each attempt to log in.
 */
static int on_service_request(struct transport *t, struct reader *r)
{
    struct bytes name = read_string(r);
    struct writer w;

    if (!read_done(r))
        return malformed(t, "malformed SERVICE_REQUEST");
    if (t->services[SERVICE_AUTH].service == NULL ||
        !bytes_are(name, t->services[SERVICE_AUTH].service->name))
        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
                              "only ssh-userauth may be requested before authentication");
    w = transport_begin(t, SSH_MSG_SERVICE_ACCEPT, 64);
    write_string(&w, name);
    transport_send(t, &w);
    if (t->services[SERVICE_AUTH].started)
        return 0;
    transport_set_phase(t, PHASE_AUTH);
    return transport_start_service(t, SERVICE_AUTH);
}

/* RFC 4253 section 10: byte SSH_MSG_SERVICE_ACCEPT, string service name */
static int on_service_accept(struct transport *t, struct reader *r)
{
    struct bytes name = read_string(r);

    if (!read_done(r))
        return malformed(t, "malformed SERVICE_ACCEPT");
    if (t->services[SERVICE_AUTH].service == NULL ||
        !bytes_are(name, t->services[SERVICE_AUTH].service->name))
        return malformed(t, "SERVICE_ACCEPT for a service that was not requested");
    transport_set_phase(t, PHASE_AUTH);
    return transport_start_service(t, SERVICE_AUTH);
}

void transport_request_service(struct transport *t, int which)
{
    struct writer w;

    if (t->services[which].service == NULL)
        return;
    w = transport_begin(t, SSH_MSG_SERVICE_REQUEST, 64);
    write_text(&w, t->services[which].service->name);
    transport_send(t, &w);
}

/* Messages 1 to 19. IGNORE, DEBUG and UNIMPLEMENTED need no action: sections 11.2 to 11.4. */
int on_generic(struct transport *t, uint8_t number, struct reader *r)
{
    switch (number) {
    case SSH_MSG_DISCONNECT:
        return on_disconnect(t, r);
    case SSH_MSG_SERVICE_REQUEST:
        return on_service_request(t, r);
    case SSH_MSG_SERVICE_ACCEPT:
        return on_service_accept(t, r);
    case SSH_MSG_EXT_INFO:
        return on_ext_info(t, r);
    default:
        return 0;
    }
}
