/* The glue of one peer: transport, auth and connection joined. Only endpoint.c sees all three too.
 */
#include "apps/session/session.h"

#include "apps/session/parts.h"

enum { LOGIN_GRACE_MS = 120 * 1000 };

struct nacre_session *nacre_session_new(struct nacre_endpoint *e, void *context, uint64_t now_ms)
{
    struct nacre_session *s = pool_allocate(&e->pool, sizeof *s);
    uint32_t grace = e->config.login_grace_ms != 0 ? e->config.login_grace_ms : LOGIN_GRACE_MS;

    if (s == NULL)
        return NULL;
    s->endpoint = e;
    s->context = context;
    s->login_deadline_ms = now_ms + grace;
    s->handshake_deadline_ms =
        e->config.limits.handshake_ms != 0 ? now_ms + e->config.limits.handshake_ms : UINT64_MAX;
    s->packet_deadline_ms = UINT64_MAX;
    s->transport = transport_new(&e->transport, &e->pool, context, now_ms);
    s->auth = s->transport == NULL ? NULL : auth_new(&e->auth, s->transport, context);
    if (s->auth == NULL) {
        transport_free(s->transport);
        pool_release(&e->pool, s, sizeof *s);
        return NULL;
    }
    connection_init(&s->connection, &e->connection, s->transport, context);
    transport_set_service(s->transport, SERVICE_AUTH, &auth_service, s->auth);
    transport_set_service(s->transport, SERVICE_CONNECTION, &connection_service, &s->connection);
    if (e->config.role == NACRE_SERVER) {
        transport_enter(s->transport); /* nobody knows of the session yet: no wake */
        transport_begin_first_exchange(s->transport);
        transport_leave_without_wake(s->transport);
    }
    return s;
}

void nacre_session_set_host_key_algorithms(struct nacre_session *s, const char *list)
{
    transport_set_host_key_names(s->transport, list);
}

/* ---- every way in goes through enter and leave ---- */

static bool enter(struct nacre_session *s)
{
    bool outermost = !transport_is_entered(s->transport);

    transport_enter(s->transport);
    return outermost;
}

static void tell(struct nacre_session *s)
{
    const struct nacre_endpoint_config *config = &s->endpoint->config;
    const struct nacre_end *why = transport_how_ended(s->transport);

    if (transport_ended(s->transport) && !s->told_ended) {
        s->told_ended = true;
        connection_service.end(&s->connection, why);
        if (config->ended != NULL)
            config->ended(s->context, why);
    }
}

/* The outermost call looks at what the inner ones left: who may write, and whether it is over. */
static void settle(struct nacre_session *s)
{
    connection_service.writable(&s->connection);
    tell(s);
    transport_release_idle(s->transport);
}

static void leave(struct nacre_session *s, bool outermost)
{
    if (outermost)
        settle(s);
    transport_leave_without_wake(s->transport);
}

/* After a call that is not the owner's turn: it has to look at the output. */
static void leave_with_wake(struct nacre_session *s, bool outermost)
{
    if (outermost)
        settle(s);
    transport_wake(s->transport);
    transport_leave(s->transport);
}

/* All that the peer's program does alone is done; from here on there may be a person, who looks at
 * our host key or for a password. */
static bool shook_hands(const struct nacre_session *s)
{
    return transport_session_id(s->transport).len > 0;
}

/* A person may take their time over what to say, no program over saying it. */
static void watch_packet(struct nacre_session *s)
{
    uint32_t most = s->endpoint->config.limits.handshake_ms, seq;
    bool partial = transport_in_packet(s->transport, &seq);

    if (most == 0 || auth_is_complete(s->auth) || !shook_hands(s) || !partial)
        s->packet_deadline_ms = UINT64_MAX;
    else if (s->packet_deadline_ms == UINT64_MAX || s->packet_seq != seq)
        s->packet_deadline_ms = transport_now_ms(s->transport) + most;
    s->packet_seq = seq;
}

static void work(struct nacre_session *s)
{
    (void)transport_process(s->transport, s->blocked);
    connection_note_use(&s->connection);
    watch_packet(s);
}

void nacre_session_free(struct nacre_session *s)
{
    void (*freed)(void *context) = s->endpoint->config.freed;
    struct pool *pool = &s->endpoint->pool;
    void *context = s->context;

    nacre_session_lost(s);
    auth_free(s->auth);
    connection_clear(&s->connection);
    transport_free(s->transport);
    pool_release(pool, s, sizeof *s);
    if (freed != NULL)
        freed(context);
}

uint8_t *nacre_session_input(struct nacre_session *s, size_t *room)
{
    return transport_input(s->transport, room);
}

void nacre_session_received(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    bool outermost = enter(s);

    transport_clock(s->transport, now_ms);
    transport_received(s->transport, len);
    work(s);
    leave(s, outermost);
}

const uint8_t *nacre_session_output(struct nacre_session *s, size_t *len)
{
    struct bytes output = transport_output(s->transport);

    *len = output.len;
    return output.at;
}

void nacre_session_sent(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    bool outermost = enter(s);

    transport_clock(s->transport, now_ms);
    s->blocked = len == 0;
    transport_sent(s->transport, len);
    work(s);
    leave(s, outermost);
}

void nacre_session_lost(struct nacre_session *s)
{
    bool outermost = enter(s);

    transport_lost(s->transport);
    leave(s, outermost);
}

static void time_out(struct nacre_session *s, enum nacre_limit limit, const char *text)
{
    if (transport_ended(s->transport))
        return;
    transport_limit(s->transport, limit);
    (void)transport_end(s->transport, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION, text);
}

uint64_t nacre_session_deadline(const struct nacre_session *s)
{
    const uint64_t deadlines[] = {
        auth_is_complete(s->auth) ? UINT64_MAX : s->login_deadline_ms,
        shook_hands(s) ? UINT64_MAX : s->handshake_deadline_ms,
        s->packet_deadline_ms,
        transport_deadline(s->transport),
        auth_deadline(s->auth),
        connection_deadline(&s->connection),
    };
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
        if (deadlines[i] < first)
            first = deadlines[i];
    return transport_ended(s->transport) ? UINT64_MAX : first;
}

void nacre_session_tick(struct nacre_session *s, uint64_t now_ms)
{
    bool outermost = enter(s);

    transport_tick(s->transport, now_ms);
    if (!auth_is_complete(s->auth) && now_ms >= s->login_deadline_ms)
        time_out(s, NACRE_LIMIT_LOGIN_GRACE, "login took too long");
    if (!shook_hands(s) && now_ms >= s->handshake_deadline_ms)
        time_out(s, NACRE_LIMIT_HANDSHAKE, "the handshake took too long");
    if (now_ms >= s->packet_deadline_ms)
        time_out(s, NACRE_LIMIT_HANDSHAKE, "a packet took too long");
    auth_tick(s->auth);
    connection_tick(&s->connection);
    work(s);
    leave(s, outermost);
}

bool nacre_session_is_heavy(const struct nacre_session *s)
{
    return !auth_is_complete(s->auth) || transport_is_long_running(s->transport);
}

void nacre_session_disconnect(struct nacre_session *s, enum nacre_cause cause, const char *text)
{
    bool outermost = enter(s);

    (void)transport_end(s->transport, cause, SSH_DISCONNECT_BY_APPLICATION, text);
    leave_with_wake(s, outermost);
}

bool nacre_session_ended(const struct nacre_session *s, struct nacre_end *why)
{
    if (why != NULL)
        *why = *transport_how_ended(s->transport);
    return transport_ended(s->transport);
}

void nacre_session_rekey(struct nacre_session *s)
{
    bool outermost = enter(s);

    transport_rekey(s->transport);
    leave_with_wake(s, outermost);
}

struct nacre_channel *nacre_session_open(struct nacre_session *s, const char *type,
                                         const struct nacre_channel_app *app, void *data,
                                         const void *open_data, size_t len)
{
    return connection_open(&s->connection, type, app, data, (struct bytes){open_data, len});
}

uint32_t nacre_session_channels(const struct nacre_session *s)
{
    return s->connection.count;
}

void nacre_session_respond(struct nacre_session *s, const char *const *responses, size_t count)
{
    auth_responded(s->auth, responses, count);
}

void nacre_session_answer_global(struct nacre_session *s, bool granted, uint32_t port)
{
    connection_answer_global(&s->connection, granted, port);
}

bool nacre_session_global_request(struct nacre_session *s, const char *name, bool want_reply,
                                  const void *data, size_t len)
{
    return connection_global_request(&s->connection, name, want_reply, (struct bytes){data, len},
                                     true);
}

bool nacre_session_forward(struct nacre_session *s, const char *address, uint32_t port, bool cancel)
{
    uint8_t data[NACRE_TARGET_MAX];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, address);
    write_u32(&w, port);
    return !w.bad && connection_global_request(&s->connection,
                                               cancel ? "cancel-tcpip-forward" : "tcpip-forward",
                                               true, written_bytes(&w), true);
}

bool nacre_session_forward_socket(struct nacre_session *s, const char *path, bool cancel)
{
    uint8_t data[NACRE_TARGET_MAX];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, path);
    return !w.bad && connection_global_request(&s->connection,
                                               cancel ? "cancel-streamlocal-forward@openssh.com"
                                                      : "streamlocal-forward@openssh.com",
                                               true, written_bytes(&w), true);
}

const char *nacre_session_user(const struct nacre_session *s)
{
    return auth_user(s->auth);
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
