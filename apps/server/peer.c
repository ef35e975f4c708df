#include "apps/server/peer.h"

#include "apps/forward/forwards.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct nacre_server_events *events(const struct nacre_peer *peer)
{
    return &peer->worker->server->parts.events;
}

/* ---- limits that were reached ---- */

static void report_limits(struct nacre_peer *peer)
{
    for (int limit = 0; limit < NACRE_LIMITS; limit++) {
        bool due = peer->limited_due & 1U << limit;

        peer->limited_due &= ~(1U << limit);
        if (due && events(peer)->limited != NULL)
            events(peer)->limited(peer, (enum nacre_limit)limit);
    }
}

static void on_report(struct task *task)
{
    report_limits(container_of(task, struct nacre_peer, report_task));
}

/* ---- beginning and end ---- */

/* The socket is closed and the session gone. */
static void on_over(struct pump *pump)
{
    struct nacre_peer *peer = container_of(pump, struct nacre_peer, pump);

    loop_forget(&peer->worker->loop, &peer->report_task);
    admission_leave(peer->worker->server->admission, &peer->ticket);
    if (peer->next != NULL)
        peer->next->link = peer->link;
    *peer->link = peer->next;
    accounts_leave(peer->worker->server->accounts, peer->account);
    settings_release(peer->settings);
    free(peer->local_address);
    free(peer);
}

void peer_close(struct nacre_peer *peer)
{
    pump_close(&peer->pump);
}

static void add(struct worker *worker, struct nacre_peer *peer)
{
    peer->worker = worker;
    peer->settings = worker->settings;
    settings_keep(peer->settings);
    peer->link = &worker->peers;
    peer->next = worker->peers;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    worker->peers = peer;
}

void peer_start(struct worker *worker, int fd, const struct sockaddr_storage *address,
                const struct ticket *ticket)
{
    const struct nacre_end no_memory = {.cause = NACRE_OUT_OF_RESOURCES,
                                        .text = "no memory for another session"};
    struct nacre_peer *peer = calloc(1, sizeof *peer);
    struct ticket returned = *ticket;
    struct nacre_session *session;

    if (peer == NULL) {
        admission_leave(worker->server->admission, &returned);
        (void)close(fd);
        return;
    }
    add(worker, peer);
    peer->ticket = *ticket;
    peer->report_task.run = on_report;
    peer->id = atomic_fetch_add(&worker->server->last_id, 1) + 1;
    address_text(peer->address, address, fd);
    pump_init(&peer->pump, &worker->loop, fd, on_over);
    if (events(peer)->accepted != NULL)
        events(peer)->accepted(peer);
    peer->account =
        accounts_enter(worker->server->accounts, ACCOUNT_SOURCE, ticket->key, sizeof ticket->key);
    session = peer->account == NULL ? NULL
                                    : nacre_session_new(peer->settings->endpoints[worker->number],
                                                        peer, worker->loop.now_ms);
    if (session != NULL)
        nacre_session_set_budget(session, account_budget(peer->account));
    if (pump_start(&peer->pump, session))
        return;
    if (peer->pump.session == NULL && events(peer)->ended != NULL)
        events(peer)->ended(peer, &no_memory);
    peer_close(peer);
}

void peer_shut_down(struct nacre_peer *peer)
{
    if (peer->pump.session != NULL)
        nacre_session_disconnect(peer->pump.session, NACRE_SHUTTING_DOWN,
                                 "the server is shutting down");
    pump_wake(&peer->pump);
}

/* ---- callbacks of the session ---- */

/* Called in the middle of the session's work. Each time counts, but only the first of its kind on a
 * connection is an event, which follows from the loop. */
static void on_limited(void *context, enum nacre_limit limit)
{
    struct nacre_peer *peer = context;
    struct nacre_server *server = peer->worker->server;
    const struct nacre_observer *observer = peer->settings->config.observer;

    (void)atomic_fetch_add(&server->limited[limit], 1);
    if (limit == NACRE_LIMIT_REKEYS && !peer->logged_in)
        peer->abusive = true; /* a second rekey before the login */
    if (observer != NULL && observer->limited != NULL)
        observer->limited(context, limit);
    if (peer->limited & 1U << limit)
        return;
    peer->limited |= 1U << limit;
    peer->limited_due |= 1U << limit;
    loop_later(&peer->worker->loop, &peer->report_task);
}

/* From here on it is the user who pays. Without memory for that, the source still does. */
static void charge_user(struct nacre_peer *peer, const char *user)
{
    struct accounts *accounts = peer->worker->server->accounts;
    struct account *account = accounts_enter(accounts, ACCOUNT_USER, user, strlen(user));

    if (account == NULL)
        return;
    nacre_session_set_budget(peer->pump.session, account_budget(account));
    accounts_leave(accounts, peer->account);
    peer->account = account;
}

/* One user cannot take all connections: see admission_is_reserve. */
static void end_in_reserve(struct nacre_peer *peer)
{
    struct nacre_server *server = peer->worker->server;

    if (!admission_is_reserve(server->admission) ||
        accounts_count(server->accounts, peer->account) <= 1)
        return;
    on_limited(peer, NACRE_LIMIT_CONNECTIONS);
    nacre_session_disconnect(peer->pump.session, NACRE_WE_CLOSED,
                             "this user has too many connections");
}

static void on_authenticated(void *context, const char *user)
{
    struct nacre_peer *peer = context;
    struct nacre_server *server = peer->worker->server;

    peer->logged_in = true;
    charge_user(peer, user);
    admission_logged_in(server->admission, &peer->ticket);
    (void)atomic_fetch_add(&server->logins, 1);
    if (events(peer)->authenticated != NULL)
        events(peer)->authenticated(peer, user);
    end_in_reserve(peer);
}

/* A session that ends without a login earns its source a penalty: PerSourcePenalties. */
static void penalise(const struct nacre_peer *peer, const struct nacre_end *why)
{
    enum penalty_reason reason =
        peer->failed_login || peer->abusive ? PENALTY_AUTHFAIL : PENALTY_NOAUTH;

    if (why->cause == NACRE_TIMED_OUT)
        reason = PENALTY_GRACE_EXCEEDED;
    admission_penalise(peer->worker->server->admission, &peer->ticket, peer->address, reason,
                       peer->worker->loop.now_ms);
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct nacre_peer *peer = context;
    const struct nacre_auth_policy *policy = peer->settings->config.auth;

    peer->failed_login = peer->failed_login || !granted;
    if (policy->attempted != NULL)
        policy->attempted(context, user, method, granted);
}

/* ---- forwards ---- */

static bool offload(void *context, void (*work)(void *job), void (*done)(void *job), void *job)
{
    return nacre_peer_offload(context, work, done, job);
}

struct nacre_forwards *nacre_peer_forwards(struct nacre_peer *peer)
{
    const struct forwards_home home = {.context = peer,
                                       .session = peer->pump.session,
                                       .loop = &peer->worker->loop,
                                       .offload = offload};

    if (peer->forwards == NULL && home.session != NULL && nacre_session_ended(home.session) == NULL)
        peer->forwards = forwards_new(peer->settings->config.forwarding, &home);
    return peer->forwards;
}

/* What the program does not know itself. */
static const struct nacre_channel_app *on_lookup(void *context, const char *type)
{
    struct nacre_peer *peer = context;
    const struct nacre_server_config *config = &peer->settings->config;
    const struct nacre_channel_app *app = NULL;

    if (config->lookup != NULL)
        app = config->lookup(context, type);
    else if (strcmp(type, "session") == 0)
        app = config->session;
    if (app == NULL && nacre_peer_forwards(peer) != NULL)
        app = forwards_lookup(NACRE_SERVER, type);
    return app;
}

static enum nacre_answer
on_global_request(void *context, const struct nacre_global_request *request, uint32_t *port)
{
    struct nacre_peer *peer = context;
    const struct nacre_server_config *config = &peer->settings->config;

    if (request->kind != NACRE_GLOBAL_OTHER && config->forwarding != NULL)
        return nacre_peer_forwards(peer) != NULL ? forwards_request(peer->forwards, request, port)
                                                 : NACRE_REFUSE;
    return config->global_request != NULL ? config->global_request(context, request, port)
                                          : NACRE_REFUSE;
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct nacre_peer *peer = context;

    forwards_free(peer->forwards);
    peer->forwards = NULL;
    pump_wake(&peer->pump); /* the application may have ended it by a call of its own */
    if (peer->offloaded)
        nacre_offload_cancel(peer->worker->server->offload, peer);
    if (!peer->logged_in && why->cause != NACRE_SHUTTING_DOWN &&
        why->cause != NACRE_OUT_OF_RESOURCES)
        penalise(peer, why);
    report_limits(peer);
    if (events(peer)->ended != NULL)
        events(peer)->ended(peer, why);
}

static void on_freed(void *context)
{
    struct nacre_peer *peer = context;

    pump_session_freed(&peer->pump);
}

static void on_wake(void *context)
{
    struct nacre_peer *peer = context;

    pump_wake(&peer->pump);
}

void peer_callbacks(struct nacre_endpoint_config *config, struct nacre_auth_policy *policy,
                    struct settings *settings)
{
    if (settings->config.observer != NULL)
        settings->observer = *settings->config.observer;
    settings->observer.limited = on_limited;
    if (settings->config.forwarding != NULL) {
        config->session = NULL;
        config->lookup = on_lookup;
        config->global_request = on_global_request;
    }
    config->authenticated = on_authenticated;
    config->ended = on_ended;
    config->wake = on_wake;
    config->freed = on_freed;
    config->observer = &settings->observer;
    if (settings->config.auth == NULL)
        return;
    *policy = *settings->config.auth;
    policy->attempted = on_attempted;
    config->auth = policy;
}
