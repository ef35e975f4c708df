/* One session for its owner: transport, auth and connection joined; bytes and time in and out.
 *
 * Every call that changes something enters the transport. Calls nest when a callback makes one; the
 * outermost calls what is due last: closed, wake, ended. */
#include "apps/session/session.h"

#include "apps/session/parts.h"

enum {
    LOGIN_GRACE_MS = 120 * 1000,
    WIPE_MS = 1000, /* how long the pool keeps plaintext in a block that will be used again */
};

static void release(struct nacre_session *s)
{
    struct nacre_endpoint *e = s->endpoint;

    auth_free(s->auth);
    connection_free(s->connection);
    transport_free(s->transport);
    pool_wipe(&e->pool);
    pool_release(&e->pool, s, sizeof *s); /* perhaps the endpoint is freed now */
}

/* ---- what is due at the end of the outermost call ---- */

void session_tell(struct nacre_session *s)
{
    const struct nacre_end *why = transport_how_ended(s->transport);

    if (!transport_ended(s->transport) || s->told_ended)
        return;
    s->told_ended = true;
    auth_end(s->auth);
    connection_end(s->connection, why);
    if (s->endpoint->config.ended != NULL)
        s->endpoint->config.ended(s->context, why);
}

static void release_freed(struct nacre_session *s)
{
    void (*freed)(void *context) = s->endpoint->config.freed;
    void *context = s->context;

    release(s);
    if (freed != NULL)
        freed(context);
}

/* Nothing of the session may be touched afterwards. */
static void end_call(struct nacre_session *s)
{
    transport_settled(s->transport);
    if (s->freed)
        release_freed(s);
}

/* Nobody allowed the peer to send this much before it is processed, or to occupy a block for a
 * large packet. */
static void watch_input(struct nacre_session *s)
{
    if (transport_ended(s->transport) ||
        connection_hold_input(s->connection, transport_input_waiting(s->transport),
                              transport_input_huge_block(s->transport)))
        return;
    (void)transport_end(s->transport, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION,
                        "the memory for input is used up");
}

/* The pool has plaintext in blocks that will most likely be used again: one session sees to it that
 * they are wiped. True: this one, which has a new deadline. */
static bool promise_wipe(struct nacre_session *s)
{
    struct pool *pool = &s->endpoint->pool;

    if (transport_ended(s->transport))
        pool_wipe(pool);
    if (pool->warm_count == 0 || pool->wipe_promised)
        return false;
    pool->wipe_promised = true;
    s->wipe_ms = transport_now_ms(s->transport) + WIPE_MS;
    return true;
}

static void wipe_blocks(struct nacre_session *s)
{
    if (s->wipe_ms == 0 || transport_now_ms(s->transport) < s->wipe_ms)
        return;
    s->wipe_ms = 0;
    pool_wipe(&s->endpoint->pool);
}

/* The owner's call ends: channels get their turns. No wake, since the owner checks the output and
 * the deadline after each of its calls. */
static void end_owner_call(struct nacre_session *s)
{
    if (connection_has_work(s->connection)) {
        if (connection_take_turns(s->connection))
            s->again = true;
        transport_begin_rekey_if_due(s->transport);
    }
    transport_release_idle(s->transport);
    watch_input(s);
    if (transport_ended(s->transport))
        session_tell(s);
    if (auth_carry_out(s->auth))
        s->again = true;
    (void)promise_wipe(s);
    end_call(s);
}

/* An application's call ends. What it brings about is left to the owner, who is woken; only when
 * the owner itself reported a lost connection from inside a callback is that carried out here. */
static void settle(void *session)
{
    struct nacre_session *s = session;
    void (*wake)(void *context) = s->endpoint->config.wake;

    connection_finish_closed(s->connection);
    s->again = promise_wipe(s) || s->again;
    if (!s->lost && (transport_take_wake(s->transport) || s->again) && wake != NULL) {
        wake(s->context);
        (void)auth_carry_out(s->auth);
        connection_finish_closed(s->connection);
        s->again = s->again || transport_take_wake(s->transport);
    }
    if (s->lost)
        session_tell(s);
    end_call(s);
}

/* ---- life ---- */

/* The three layers. False: out of memory. */
static bool join(struct nacre_session *s, struct nacre_endpoint *e, uint64_t now_ms)
{
    e->transport.settle = settle; /* not endpoint.c's to set: it calls nothing in this file */
    s->transport = transport_new(&e->transport, &e->pool, s->context, now_ms);
    if (s->transport == NULL)
        return false;
    transport_set_owner(s->transport, s);
    s->auth = auth_new(&e->auth, s->transport, s->context);
    s->connection = connection_new(&e->connection, s->transport, s->context);
    if (s->auth == NULL || s->connection == NULL)
        return false;
    transport_set_service(s->transport, SERVICE_AUTH, s->auth);
    transport_set_service(s->transport, SERVICE_CONNECTION, s->connection);
    if (e->config.budget != NULL)
        connection_set_account(s->connection, e->config.budget);
    return true;
}

struct nacre_session *nacre_session_new(struct nacre_endpoint *e, void *context, uint64_t now_ms)
{
    struct nacre_session *s = pool_allocate(&e->pool, sizeof *s);

    if (s == NULL)
        return NULL;
    s->endpoint = e;
    s->context = context;
    s->began_ms = now_ms;
    s->packet_deadline_ms = UINT64_MAX;
    if (!join(s, e, now_ms)) {
        release(s);
        return NULL;
    }
    if (e->config.role == NACRE_SERVER &&
        !e->config.kexinit_waits) { /* the owner does not know the session yet: no wake */
        transport_enter(s->transport);
        transport_begin_first_exchange(s->transport);
        transport_settled(s->transport);
    }
    return s;
}

void nacre_session_set_host_key_algorithms(struct nacre_session *s, const char *list)
{
    transport_set_host_key_names(s->transport, list);
}

void nacre_session_set_login(struct nacre_session *s, const struct nacre_client_login *login)
{
    auth_set_login(s->auth, login);
}

/* ---- the owner's calls ---- */

/* Begin a call of the owner. False: it comes from inside a callback. */
static bool begin_owner_call(struct nacre_session *s)
{
    if (transport_is_entered(s->transport))
        return false;
    transport_enter(s->transport);
    s->again = false;
    return true;
}

static uint64_t login_deadline(const struct nacre_session *s)
{
    uint32_t grace = s->endpoint->config.login_grace_ms;

    if (auth_is_complete(s->auth))
        return UINT64_MAX;
    return s->began_ms + (grace != 0 ? grace : LOGIN_GRACE_MS);
}

/* Everything that the peer's program does without a person is done; from here on a person may look
 * at our host key or for a password. */
static bool shook_hands(const struct nacre_session *s)
{
    return transport_session_id(s->transport).len > 0;
}

static uint64_t handshake_deadline(const struct nacre_session *s)
{
    uint32_t most = s->endpoint->limits.handshake_ms;

    return most == 0 || shook_hands(s) ? UINT64_MAX : s->began_ms + most;
}

/* A person may think for long, but no program may send a packet slowly. */
static void watch_packet(struct nacre_session *s)
{
    uint32_t most = s->endpoint->limits.handshake_ms, seq;
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
    connection_note_use(s->connection);
    watch_packet(s);
}

void nacre_session_free(struct nacre_session *s)
{
    s->freed = true;
    nacre_session_lost(s);
}

uint8_t *nacre_session_input(struct nacre_session *s, size_t *room)
{
    uint8_t *at;

    *room = 0;
    if (transport_is_entered(s->transport))
        return NULL;
    at = transport_input(s->transport, room);
    if (at == NULL) { /* perhaps out of memory, which is the end: wake */
        transport_enter(s->transport);
        transport_leave(s->transport);
    }
    return at;
}

void nacre_session_received(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    if (!begin_owner_call(s))
        return;
    transport_clock(s->transport, now_ms);
    transport_received(s->transport, len);
    work(s);
    end_owner_call(s);
}

const uint8_t *nacre_session_output(struct nacre_session *s, size_t *len)
{
    struct bytes output = transport_output(s->transport);

    *len = output.len;
    return output.at;
}

/* At most the output: a nested call may have reported the same bytes. */
static void consume_output(struct nacre_session *s, size_t len)
{
    size_t most = transport_output(s->transport).len;

    s->blocked = len == 0;
    transport_sent(s->transport, len < most ? len : most);
}

/* From inside a callback: input that may be processed now, and channels that may write, wait for
 * the owner's next call. */
static void sent_inside(struct nacre_session *s, size_t len)
{
    s->again = s->again || len > 0 || !s->blocked;
    consume_output(s, len);
}

void nacre_session_sent(struct nacre_session *s, size_t len, uint64_t now_ms)
{
    if (!begin_owner_call(s)) {
        sent_inside(s, len);
        return;
    }
    transport_clock(s->transport, now_ms);
    consume_output(s, len);
    work(s);
    end_owner_call(s);
}

void nacre_session_lost(struct nacre_session *s)
{
    if (!begin_owner_call(s)) {
        s->lost = true;
        transport_lost(s->transport);
        return;
    }
    transport_lost(s->transport);
    end_owner_call(s);
}

static void time_out(struct nacre_session *s, enum nacre_limit limit, const char *text)
{
    if (transport_ended(s->transport))
        return;
    transport_limit_reached(s->transport, limit);
    (void)transport_end(s->transport, NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION, text);
}

uint64_t nacre_session_deadline(const struct nacre_session *s)
{
    const uint64_t deadlines[] = {
        login_deadline(s),
        handshake_deadline(s),
        s->packet_deadline_ms,
        transport_deadline(s->transport),
        auth_deadline(s->auth),
        connection_deadline(s->connection),
        s->wipe_ms != 0 ? s->wipe_ms : UINT64_MAX,
    };
    bool ended = transport_ended(s->transport);
    uint64_t first = UINT64_MAX;

    if (ended ? !s->told_ended : s->again)
        return transport_now_ms(s->transport);
    for (size_t i = 0; !ended && i < sizeof deadlines / sizeof deadlines[0]; i++)
        if (deadlines[i] < first)
            first = deadlines[i];
    return first;
}

void nacre_session_tick(struct nacre_session *s, uint64_t now_ms)
{
    if (!begin_owner_call(s))
        return;
    transport_tick(s->transport, now_ms);
    if (now_ms >= login_deadline(s))
        time_out(s, NACRE_LIMIT_LOGIN_GRACE, "login timeout");
    if (now_ms >= handshake_deadline(s))
        time_out(s, NACRE_LIMIT_HANDSHAKE, "handshake timeout");
    if (now_ms >= s->packet_deadline_ms)
        time_out(s, NACRE_LIMIT_HANDSHAKE, "packet timeout");
    wipe_blocks(s);
    auth_tick(s->auth);
    connection_tick(s->connection);
    work(s);
    end_owner_call(s);
}

bool nacre_session_is_long_running(const struct nacre_session *s)
{
    return !auth_is_complete(s->auth) || transport_is_long_running(s->transport);
}

bool nacre_session_is_rekeying(const struct nacre_session *s)
{
    return transport_is_rekeying(s->transport);
}
