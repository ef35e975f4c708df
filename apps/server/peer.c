#include "apps/server/peer.h"

#include <stdlib.h>
#include <unistd.h>

static const struct nacre_server_events *events(const struct nacre_peer *peer)
{
    static const struct nacre_server_events none;
    const struct nacre_server_config *config = server_config(peer->worker->server);

    return config->events == NULL ? &none : config->events;
}

/* The socket is closed and the session gone. */
static void on_over(struct pump *pump)
{
    struct nacre_peer *peer = (struct nacre_peer *)pump;

    admission_leave(server_admission(peer->worker->server), &peer->ticket);
    if (peer->next != NULL)
        peer->next->link = peer->link;
    *peer->link = peer->next;
    free(peer);
}

void peer_close(struct nacre_peer *peer)
{
    pump_close(&peer->pump);
}

void peer_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                const struct ticket *ticket)
{
    struct nacre_peer *peer = calloc(1, sizeof *peer);
    struct ticket returned = *ticket;

    if (peer == NULL) {
        admission_leave(server_admission(worker->server), &returned);
        (void)close(fd);
        return;
    }
    peer->worker = worker;
    peer->ticket = *ticket;
    peer->id = server_next_id(worker->server);
    address_text(peer->address, address);
    peer->link = &worker->peers;
    peer->next = worker->peers;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    worker->peers = peer;
    pump_init(&peer->pump, &worker->loop, fd, on_over);
    if (events(peer)->accepted != NULL)
        events(peer)->accepted(peer);
    if (!pump_start(&peer->pump, nacre_session_new(worker->endpoint, peer, worker->loop.now_ms)))
        peer_close(peer);
}

void peer_shut_down(struct nacre_peer *peer)
{
    if (peer->pump.session != NULL)
        nacre_session_disconnect(peer->pump.session, NACRE_SHUTTING_DOWN,
                                 "the server is shutting down");
    pump_wake(&peer->pump);
}

/* ---- what the session says ---- */

static void on_authenticated(void *context, const char *user)
{
    struct nacre_peer *peer = context;

    peer->got_in = true;
    admission_logged_in(server_admission(peer->worker->server), &peer->ticket);
    server_logged_in(peer->worker->server);
    if (events(peer)->authenticated != NULL)
        events(peer)->authenticated(peer, user);
}

/* Whose session ends without a login has done something, or nothing: PerSourcePenalties. */
static void penalise(const struct nacre_peer *peer, const struct nacre_end *why)
{
    enum misdeed misdeed = peer->guessed ? MISDEED_AUTHFAIL : MISDEED_NOAUTH;

    if (why->cause == NACRE_TIMED_OUT)
        misdeed = MISDEED_GRACE_EXCEEDED;
    admission_penalise(server_admission(peer->worker->server), &peer->ticket, peer->address,
                       misdeed, peer->worker->loop.now_ms);
}

/* Each is counted; the first of its kind on the connection is told. */
static void on_limited(void *context, enum nacre_limit limit)
{
    struct nacre_peer *peer = context;

    server_limited(peer->worker->server, limit);
    if (!(peer->met & 1U << limit) && events(peer)->limited != NULL)
        events(peer)->limited(peer, limit);
    peer->met |= 1U << limit;
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct nacre_peer *peer = context;
    const struct nacre_auth_policy *asked = server_config(peer->worker->server)->auth;

    peer->guessed = peer->guessed || !granted;
    if (asked->attempted != NULL)
        asked->attempted(context, user, method, granted);
}

const struct nacre_auth_policy *peer_policy(struct nacre_auth_policy *policy,
                                            const struct nacre_auth_policy *asked)
{
    if (asked == NULL)
        return NULL;
    *policy = *asked;
    policy->attempted = on_attempted;
    return policy;
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct nacre_peer *peer = context;

    if (!peer->got_in && why->cause != NACRE_SHUTTING_DOWN && why->cause != NACRE_OUT_OF_RESOURCES)
        penalise(peer, why);
    if (events(peer)->ended != NULL)
        events(peer)->ended(peer, why);
}

static void on_wake(void *context)
{
    struct nacre_peer *peer = context;

    pump_wake(&peer->pump);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct nacre_peer *peer = context;

    if (events(peer)->negotiated != NULL)
        events(peer)->negotiated(peer, choice);
}

static void on_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    struct nacre_peer *peer = context;

    if (events(peer)->mismatch != NULL)
        events(peer)->mismatch(peer, kind, client, client_len, server, server_len);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct nacre_peer *peer = context;

    if (events(peer)->message != NULL)
        events(peer)->message(peer, direction, seq, phase, payload, len);
}

static void on_phase(void *context, const char *phase)
{
    struct nacre_peer *peer = context;

    if (events(peer)->phase != NULL)
        events(peer)->phase(peer, phase);
}

/* What is asked for by few costs the others nothing. */
static const struct nacre_observer quiet = {
    .negotiated = on_negotiated, .mismatch = on_mismatch, .limited = on_limited};
static const struct nacre_observer talkative = {.negotiated = on_negotiated,
                                                .mismatch = on_mismatch,
                                                .message = on_message,
                                                .phase = on_phase,
                                                .limited = on_limited};

void peer_callbacks(struct nacre_endpoint_config *config, const struct nacre_server_config *server)
{
    const struct nacre_server_events *asked = server->events;
    bool much = asked != NULL && (asked->message != NULL || asked->phase != NULL);

    config->authenticated = on_authenticated;
    config->ended = on_ended;
    config->wake = on_wake;
    config->observer = much ? &talkative : &quiet;
}

/* ---- what an application may ask ---- */

uint64_t nacre_peer_id(const struct nacre_peer *peer)
{
    return peer->id;
}

const char *nacre_peer_address(const struct nacre_peer *peer)
{
    return peer->address;
}

void nacre_peer_host(const struct nacre_peer *peer, char out[NACRE_PEER_HOST_MAX])
{
    address_plain(out, peer->address);
}

const char *nacre_peer_local_address(struct nacre_peer *peer)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    peer->local_address[0] = 0;
    if (getsockname(peer->pump.fd, (struct sockaddr *)&address, &len) == 0)
        address_text(peer->local_address, &address);
    return peer->local_address;
}

void nacre_peer_set_data(struct nacre_peer *peer, void *data)
{
    peer->data = data;
}

void *nacre_peer_data(const struct nacre_peer *peer)
{
    return peer->data;
}

struct nacre_session *nacre_peer_session(const struct nacre_peer *peer)
{
    return peer->pump.session;
}

void *nacre_peer_server_context(const struct nacre_peer *peer)
{
    return server_config(peer->worker->server)->context;
}

bool nacre_peer_offload(struct nacre_peer *peer, void (*work)(void *job), void (*done)(void *job),
                        void *job)
{
    const struct nacre_job what = {work, done, job, admission_source(&peer->ticket)};

    return nacre_offload_submit(server_offload(peer->worker->server), &what,
                                &peer->worker->mailbox);
}
