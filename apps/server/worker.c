#include "apps/server/worker.h"

#include "apps/server/accept.h"
#include "apps/server/drain.h"
#include "apps/server/peer.h"
#include "apps/server/proxied.h"
#include "apps/session/endpoint.h"
#include "apps/session/errbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { DRAIN_MS = 5 * 1000 };

/* ---- beginning and end ---- */

static void on_mail(struct source *source, uint32_t events)
{
    struct worker *worker = container_of(source, struct worker, mail);

    (void)events;
    nacre_mailbox_run(worker->mailbox);
}

static bool post(void *context, void (*call)(void *argument), void *argument)
{
    const struct worker *worker = context;

    return nacre_mailbox_post(worker->mailbox, call, argument);
}

struct nacre_endpoint *worker_endpoint(struct settings *settings, struct worker *worker,
                                       char *errbuf, size_t size)
{
    const struct nacre_server_config *c = &settings->config;
    struct nacre_auth_policy policy;
    struct nacre_endpoint *endpoint;
    struct nacre_endpoint_config config = {
        .version = NACRE_VERSION_NUMBER,
        .role = NACRE_SERVER,
        .kex = c->kex,
        .host_key = c->host_key,
        .public_key = c->public_key,
        .ciphers = c->ciphers,
        .macs = c->macs,
        .require_strict_kex = c->require_strict_kex,
        .kexinit_waits = c->kexinit_waits,
        .host_keys = c->host_keys,
        .session = c->session,
        .lookup = c->lookup,
        .global_request = c->global_request,
        .global_replied = c->global_replied,
        .channels_max = c->channels_max,
        .packet_max = c->packet_max,
        .login_grace_ms = c->login_grace_ms,
        .limits = c->limits,
        .memory = c->memory,
        .secrets = c->secrets,
        .random = c->random,
        .random_context = c->random_context,
        .post = post,
        .post_context = worker,
        .rekey_bytes = c->rekey_bytes,
        .rekey_ms = c->rekey_ms,
    };

    while (config.host_keys[config.host_key_count] != NULL)
        config.host_key_count++;
    peer_callbacks(&config, &policy, settings);
    endpoint = nacre_endpoint_new(&config, errbuf, size);
    if (endpoint != NULL)
        endpoint_set_version(endpoint, c->version);
    return endpoint;
}

/* False with errno. */
static bool make_loop(struct worker *worker, struct nacre_server *server)
{
    worker->mailbox = nacre_mailbox_new();
    if (worker->mailbox == NULL)
        return false;
    worker->server = server; /* from here on there is something to clear */
    worker->spare = -1;
    worker->mail.ready = on_mail;
    if (!loop_init(&worker->loop))
        return false;
    worker->loop.mailbox = worker->mailbox;
    return loop_watch(&worker->loop, nacre_mailbox_fd(worker->mailbox), &worker->mail, EPOLLIN);
}

bool worker_init(struct worker *worker, struct nacre_server *server, const int *sockets,
                 char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    if (!make_loop(worker, server))
        return errbuf_say(&p, "cannot start: %s", strerror(errno));
    worker->number = (unsigned)(worker - server->workers);
    worker->settings = server->latest;
    settings_keep(worker->settings);
    return accept_open(worker, sockets, errbuf, size);
}

void worker_close_peers(struct worker *worker)
{
    struct nacre_peer *next;

    for (struct nacre_peer *peer = worker->peers; peer != NULL; peer = next) {
        next = peer->next;
        peer_close(peer);
    }
}

void worker_clear(struct worker *worker)
{
    if (worker->server == NULL)
        return;
    worker_close_peers(worker);
    proxied_close_all(worker);
    accept_close(worker);
    free(worker->listeners);
    nacre_mailbox_free(worker->mailbox);
    loop_clear(&worker->loop);
    if (worker->spare >= 0)
        (void)close(worker->spare);
    settings_release(worker->settings);
}

/* ---- running ---- */

/* The loop need only wake up: iterate checks what there is to do. */
static void on_wakeup(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

static void on_timer(struct timer *timer)
{
    (void)timer;
}

static void report(struct worker *worker)
{
    struct nacre_server *server = worker->server;

    server->reporting = false;
    if (server->parts.events.counters != NULL)
        server->parts.events.counters(worker->settings->config.context, server);
}

/* Its new connections begin with the latest settings. */
static void take_settings(struct worker *worker)
{
    struct nacre_server *server = worker->server;
    struct settings *before = worker->settings;

    (void)pthread_mutex_lock(&server->settings_lock);
    worker->settings = server->latest;
    settings_keep(worker->settings);
    (void)pthread_mutex_unlock(&server->settings_lock);
    settings_release(before);
}

static void begin_drain(struct worker *worker)
{
    uint32_t drain = worker->server->config.drain_ms;

    accept_close(worker);
    proxied_close_all(worker);
    worker->stop_at_ms = worker->loop.now_ms + (drain != 0 ? drain : DRAIN_MS);
    for (struct nacre_peer *peer = worker->peers; peer != NULL; peer = peer->next)
        peer_shut_down(peer);
}

void worker_begin(struct worker *worker)
{
    if (worker->begun)
        return;
    worker->begun = true;
    worker->wakeup.ready = on_wakeup;
    worker->drained.fire = worker->waited.fire = on_timer;
    (void)loop_watch(&worker->loop, worker->server->wakeup, &worker->wakeup, EPOLLIN | EPOLLET);
}

static void end(struct worker *worker)
{
    worker->begun = false;
    (void)loop_set_timer(&worker->loop, &worker->drained, UINT64_MAX);
    (void)loop_set_timer(&worker->loop, &worker->waited, UINT64_MAX);
    (void)loop_set_timer(&worker->loop, &worker->drain_timer, UINT64_MAX);
    loop_unwatch(&worker->loop, worker->server->wakeup, &worker->wakeup);
    worker_close_peers(worker);
    if (worker->draining)
        server_wake(worker->server); /* the first one waits for the others */
}

/* One iteration. False: it has drained, or the server is freed. */
static bool iterate(struct worker *worker)
{
    struct nacre_server *server = worker->server;

    loop_run_once(&worker->loop);
    if (worker == server->workers && server->reporting)
        report(worker);
    if (worker->settings != server->latest)
        take_settings(worker);
    if (drain_step(worker))
        return false;
    if (worker->stop_at_ms == 0 && server->stopping) {
        begin_drain(worker);
        (void)loop_set_timer(&worker->loop, &worker->drained, worker->stop_at_ms);
    }
    return server->state != SERVER_ABANDONED &&
           (worker->stop_at_ms == 0 ||
            (worker->peers != NULL && worker->loop.now_ms < worker->stop_at_ms));
}

void *worker_run(void *at)
{
    struct worker *worker = at;

    worker_begin(worker);
    while (worker->server->state != SERVER_ABANDONED && iterate(worker))
        ;
    end(worker);
    return NULL;
}

bool worker_run_once(struct worker *worker, uint32_t wait_ms)
{
    worker_begin(worker);
    loop_update_clock(&worker->loop);
    (void)loop_set_timer(&worker->loop, &worker->waited,
                         wait_ms == UINT32_MAX ? UINT64_MAX : worker->loop.now_ms + wait_ms);
    if (iterate(worker)) {
        (void)loop_set_timer(&worker->loop, &worker->waited, UINT64_MAX);
        return true;
    }
    end(worker);
    return false;
}
