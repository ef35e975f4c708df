/* What an application may call on a session, besides what its owner calls (session.c). */
#include "apps/session/parts.h"
#include "apps/session/signer.h"
#include "connection/pipe.h"

void nacre_session_disconnect(struct nacre_session *s, enum nacre_cause cause, const char *text)
{
    bool outermost = transport_enter(s->transport);

    (void)transport_end(s->transport, cause, SSH_DISCONNECT_BY_APPLICATION, text);
    if (outermost)
        session_tell(s);
    transport_leave(s->transport);
}

const struct nacre_end *nacre_session_ended(const struct nacre_session *s)
{
    return transport_ended(s->transport) ? transport_how_ended(s->transport) : NULL;
}

void nacre_session_rekey(struct nacre_session *s)
{
    transport_enter(s->transport);
    transport_rekey(s->transport);
    transport_leave(s->transport);
}

struct nacre_channel *nacre_session_open_channel(struct nacre_session *s, const char *type,
                                                 const struct nacre_channel_app *app, void *data,
                                                 const void *open_data, size_t len)
{
    bool outermost = transport_enter(s->transport);
    struct nacre_channel *ch =
        connection_open(s->connection, type, app, data, (struct bytes){open_data, len});

    if (!outermost || ch == NULL) {
        transport_leave(s->transport);
        return ch;
    }
    connection_set_unknown(s->connection, &ch);
    transport_leave(s->transport);
    if (ch != NULL) /* otherwise the session has ended, in wake */
        connection_set_unknown(s->connection, NULL);
    return ch;
}

enum nacre_answer nacre_session_pass_on(struct nacre_session *to, struct nacre_channel *ch)
{
    static const struct nacre_channel_app passes_on;
    size_t len;
    const uint8_t *data = nacre_channel_open_data(ch, &len);
    struct nacre_channel *there =
        to == NULL
            ? NULL
            : nacre_session_open_channel(to, nacre_channel_type(ch), &passes_on, NULL, data, len);

    if (there == NULL)
        return NACRE_REFUSE;
    if (nacre_channel_pipe(ch, there))
        return NACRE_LATER;
    nacre_channel_close(there);
    return NACRE_REFUSE;
}

enum nacre_sending nacre_session_can_open_channel(const struct nacre_session *s, const char *type,
                                                  size_t len)
{
    return connection_can_open(s->connection, type, len);
}

uint32_t nacre_session_channel_count(const struct nacre_session *s)
{
    return connection_channels(s->connection);
}

void nacre_session_respond(struct nacre_session *s, const char *const *responses, size_t count)
{
    transport_enter(s->transport);
    auth_responded(s->auth, responses, count);
    transport_leave(s->transport);
}

void nacre_session_answer_host_key(struct nacre_session *s, bool accepted)
{
    transport_enter(s->transport);
    transport_host_key_answered(s->transport, accepted);
    transport_leave(s->transport);
}

void session_signed(struct nacre_session *s, struct bytes signature)
{
    transport_enter(s->transport);
    auth_signed(s->auth, signature);
    transport_leave(s->transport);
}

void nacre_session_answer_global(struct nacre_session *s, bool granted, uint32_t port)
{
    transport_enter(s->transport);
    connection_answer_global(s->connection, granted, port);
    transport_leave(s->transport);
}

static enum nacre_sending global_request(struct nacre_session *s, const char *name, bool want_reply,
                                         struct bytes data)
{
    enum nacre_sending sending;

    transport_enter(s->transport);
    sending = connection_global_request(s->connection, name, want_reply, data);
    transport_leave(s->transport);
    return sending;
}

enum nacre_sending nacre_session_global_request(struct nacre_session *s, const char *name,
                                                bool want_reply, const void *data, size_t len)
{
    return global_request(s, name, want_reply, (struct bytes){data, len});
}

/* RFC 4254 section 7.1, after want_reply:
 *     string    address to bind
 *     uint32    port number to bind                                           */
enum nacre_sending nacre_session_forward(struct nacre_session *s, const char *address,
                                         uint32_t port, bool cancel)
{
    uint8_t data[NACRE_TARGET_MAX];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, address);
    write_u32(&w, port);
    if (w.bad)
        return NACRE_SEND_NEVER;
    return global_request(s, cancel ? "cancel-tcpip-forward" : "tcpip-forward", true,
                          written_bytes(&w));
}

/* PROTOCOL section 2.4, after want_reply:
 *     string    socket path                                                   */
enum nacre_sending nacre_session_forward_socket(struct nacre_session *s, const char *path,
                                                bool cancel)
{
    uint8_t data[NACRE_TARGET_MAX];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, path);
    if (w.bad)
        return NACRE_SEND_NEVER;
    return global_request(
        s, cancel ? "cancel-streamlocal-forward@openssh.com" : "streamlocal-forward@openssh.com",
        true, written_bytes(&w));
}

const char *nacre_session_user(const struct nacre_session *s)
{
    return auth_user(s->auth);
}

const struct nacre_login *nacre_session_login(const struct nacre_session *s)
{
    return auth_login(s->auth);
}

const char *nacre_session_phase(const struct nacre_session *s)
{
    return transport_phase_name(s->transport);
}

const char *nacre_session_peer_version(const struct nacre_session *s)
{
    return transport_peer_version(s->transport);
}

const struct nacre_negotiated *nacre_session_negotiated(const struct nacre_session *s)
{
    return transport_negotiated(s->transport);
}

void nacre_session_counters(const struct nacre_session *s, uint64_t *bytes_in, uint64_t *bytes_out)
{
    *bytes_in = transport_bytes_in(s->transport);
    *bytes_out = transport_bytes_out(s->transport);
}

void *nacre_session_context(const struct nacre_session *s)
{
    return s->context;
}
