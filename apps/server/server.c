#include "apps/server/server.h"

#include "apps/files/authorized_from.h"
#include "apps/files/key_file.h"
#include "apps/server/listen.h"
#include "apps/server/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DESCRIPTORS_KEPT = 32, /* of the process, for all that is no connection */
    DRAIN_MS = 5 * 1000,
    OFFLOAD_THREADS = 2,
};

const struct nacre_server_config *server_config(const struct nacre_server *server)
{
    return &server->config;
}

uint64_t server_next_id(struct nacre_server *server)
{
    return atomic_fetch_add(&server->last_id, 1) + 1;
}

struct admission *server_admission(struct nacre_server *server)
{
    return server->admission;
}

void server_logged_in(struct nacre_server *server)
{
    (void)atomic_fetch_add(&server->logins, 1);
}

void server_limited(struct nacre_server *server, enum nacre_limit limit)
{
    (void)atomic_fetch_add(&server->limited[limit], 1);
}

struct nacre_offload *server_offload(struct nacre_server *server)
{
    return server->offload;
}

void server_trouble(const struct nacre_server *server, const char *text)
{
    const struct nacre_server_events *events = server->config.events;

    if (events != NULL && events->trouble != NULL)
        events->trouble(server->config.context, text);
}

/* ---- workers ---- */

static void on_mail(struct source *source, uint32_t events)
{
    struct worker *worker =
        (struct worker *)(void *)((char *)source - offsetof(struct worker, mail));

    (void)events;
    nacre_mailbox_run(&worker->mailbox);
}

static struct nacre_endpoint *make_endpoint(const struct nacre_server *server, char *errbuf,
                                            size_t size)
{
    const struct nacre_server_config *c = &server->config;
    struct nacre_auth_policy policy;
    struct nacre_endpoint_config config = {
        .role = NACRE_SERVER,
        .kex = c->kex,
        .host_key = c->host_key,
        .public_key = c->public_key,
        .ciphers = c->ciphers,
        .macs = c->macs,
        .host_keys = c->host_keys,
        .auth = peer_policy(&policy, c->auth),
        .session = c->session,
        .lookup = c->lookup,
        .global_request = c->global_request,
        .global_replied = c->global_replied,
        .channels_max = c->channels_max,
        .login_grace_ms = c->login_grace_ms,
        .limits = c->limits,
        .secrets = c->secrets,
        .rekey_bytes = c->rekey_bytes,
        .rekey_ms = c->rekey_ms,
    };

    while (config.host_keys[config.host_key_count] != NULL)
        config.host_key_count++;
    peer_callbacks(&config, c);
    return nacre_endpoint_new(&config, errbuf, size);
}

/* False with errno. */
static bool worker_init(struct worker *worker, struct nacre_server *server)
{
    if (!nacre_mailbox_init(&worker->mailbox))
        return false;
    worker->server = server; /* there is something to clear from here on */
    worker->loop.epoll = -1;
    worker->spare = -1;
    worker->mail.ready = on_mail;
    return loop_init(&worker->loop) &&
           loop_watch(&worker->loop, nacre_mailbox_fd(&worker->mailbox), &worker->mail, EPOLLIN);
}

static void begin_drain(struct worker *worker)
{
    uint32_t drain = worker->server->config.drain_ms;

    accept_close(worker);
    worker->stop_at_ms = worker->loop.now_ms + (drain != 0 ? drain : DRAIN_MS);
    for (struct nacre_peer *peer = worker->peers; peer != NULL; peer = peer->next)
        peer_shut_down(peer);
}

/* Wakes the loop when draining has lasted long enough. */
static void on_drained(struct timer *timer)
{
    (void)timer;
}

static void on_stop(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

static void report(struct nacre_server *server)
{
    const struct nacre_server_events *events = server->config.events;

    server->reporting = false;
    if (events != NULL && events->counters != NULL)
        events->counters(server->config.context, server);
}

static void *run(void *at)
{
    struct worker *worker = at;
    struct source stop = {on_stop};
    struct timer drained = {.fire = on_drained};

    (void)loop_watch(&worker->loop, worker->server->stop, &stop, EPOLLIN | EPOLLET);
    for (;;) {
        loop_turn(&worker->loop);
        if (worker == worker->server->workers && worker->server->reporting)
            report(worker->server);
        if (worker->stop_at_ms == 0 && worker->server->stopping) {
            begin_drain(worker);
            (void)loop_set_timer(&worker->loop, &drained, worker->stop_at_ms);
        }
        if (worker->stop_at_ms != 0 &&
            (worker->peers == NULL || worker->loop.now_ms >= worker->stop_at_ms))
            break;
    }
    (void)loop_set_timer(&worker->loop, &drained, UINT64_MAX);
    while (worker->peers != NULL)
        peer_close(worker->peers);
    return NULL;
}

/* ---- the whole ---- */

static bool take_host_keys(struct nacre_server *server, char *errbuf, size_t size)
{
    const char *file = server->config.host_key_file;

    if (server->config.host_keys != NULL && server->config.host_keys[0] != NULL)
        return true;
    if (file == NULL) {
        (void)snprintf(errbuf, size, "no host key: name a file or give a key");
        return false;
    }
    server->own_key = access(file, F_OK) == 0 ? nacre_key_read(file, errbuf, size)
                                              : nacre_key_make(file, errbuf, size);
    server->own_keys[0] = server->own_key;
    server->config.host_keys = server->own_keys;
    return server->own_key != NULL;
}

/* A connection more than there are descriptors would cost those that are there their files. */
static bool make_admission(struct nacre_server *server, char *errbuf, size_t size)
{
    struct nacre_admission config = server->config.admission;
    const char *exempt = config.penalty_exempt;
    uint32_t each = config.descriptors_each != 0 ? config.descriptors_each : 1;
    struct rlimit limit = {0, 0};
    char text[160];

    if (exempt != NULL && authorized_from(exempt, "0.0.0.0") == FROM_BAD) {
        (void)snprintf(errbuf, size,
                       "who gets no penalties cannot be read: %s: write addresses and networks (no "
                       "bits set behind a network's) with commas between",
                       exempt);
        return false;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        rlim_t kept = DESCRIPTORS_KEPT + 8 * (rlim_t)server->worker_count;
        rlim_t most = limit.rlim_cur > kept ? (limit.rlim_cur - kept) / each : 0;

        most = most > 0 ? most : 1;
        if (config.max_connections > most) {
            (void)snprintf(text, sizeof text,
                           "the limit of %llu file descriptors has room for %llu connections only",
                           (unsigned long long)limit.rlim_cur, (unsigned long long)most);
            server_trouble(server, text);
        }
        if (config.max_connections > most || (config.max_connections == 0 && most < UINT16_MAX))
            config.max_connections = (uint32_t)most;
    }
    server->admission = admission_new(&config);
    if (server->admission == NULL)
        (void)snprintf(errbuf, size, "cannot start: %s", strerror(ENOMEM));
    return server->admission != NULL;
}

/* All but their threads, which nacre_server_run starts. */
static bool make_workers(struct nacre_server *server, char *errbuf, size_t size)
{
    server->workers = calloc(server->worker_count, sizeof *server->workers);
    server->threads = calloc(server->worker_count, sizeof *server->threads);
    server->addresses = calloc(server->listener_count, sizeof *server->addresses);
    server->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->workers == NULL || server->threads == NULL || server->addresses == NULL ||
        server->stop < 0) {
        (void)snprintf(errbuf, size, "cannot start: %s", strerror(errno));
        return false;
    }
    for (unsigned w = 0; w < server->worker_count; w++) {
        struct worker *worker = &server->workers[w];

        if (!worker_init(worker, server)) {
            (void)snprintf(errbuf, size, "cannot start: %s", strerror(errno));
            return false;
        }
        worker->endpoint = make_endpoint(server, errbuf, size);
        if (worker->endpoint == NULL)
            return false;
        if (!accept_open(worker, errbuf, size))
            return false;
    }
    return true;
}

static bool start_offload(struct nacre_server *server, char *errbuf, size_t size)
{
    const struct nacre_server_config *c = &server->config;

    if (c->bound != NULL && !c->bound(c->context, errbuf, size))
        return false;
    server->offload = nacre_offload_new(OFFLOAD_THREADS);
    if (server->offload == NULL)
        (void)snprintf(errbuf, size, "cannot start a thread: %s", strerror(errno));
    return server->offload != NULL;
}

struct nacre_server *nacre_server_new(const struct nacre_server_config *config, char *errbuf,
                                      size_t size)
{
    struct nacre_server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        (void)snprintf(errbuf, size, "cannot start: %s", strerror(ENOMEM));
        return NULL;
    }
    server->config = *config;
    server->stop = -1;
    if (server->config.listen == NULL || server->config.listen[0] == NULL)
        server->config.listen = listen_default();
    while (server->config.listen[server->listener_count] != NULL)
        server->listener_count++;
    server->worker_count = config->workers == 0 ? 1 : config->workers;
    if (!take_host_keys(server, errbuf, size) || !make_admission(server, errbuf, size) ||
        !make_workers(server, errbuf, size) || !start_offload(server, errbuf, size)) {
        nacre_server_free(server);
        return NULL;
    }
    if (config->events != NULL && config->events->listening != NULL)
        for (size_t i = 0; i < server->listener_count; i++)
            config->events->listening(config->context, server->addresses[i]);
    return server;
}

void nacre_server_run(struct nacre_server *server)
{
    for (unsigned w = 1; w < server->worker_count; w++) {
        struct worker *worker = &server->workers[w];

        worker->running = pthread_create(&server->threads[w], NULL, run, worker) == 0;
        if (!worker->running) {
            server_trouble(server, "cannot start a thread: one worker less");
            accept_close(worker);
        }
    }
    (void)run(&server->workers[0]);
    for (unsigned w = 1; w < server->worker_count; w++)
        if (server->workers[w].running)
            (void)pthread_join(server->threads[w], NULL);
}

static void wake_all(struct nacre_server *server)
{
    const uint64_t one = 1;
    int kept = errno;
    ssize_t n = write(server->stop, &one, sizeof one);

    (void)n; /* can only fail when it says so already */
    errno = kept;
}

void nacre_server_stop(struct nacre_server *server)
{
    server->stopping = true;
    wake_all(server);
}

void nacre_server_report(struct nacre_server *server)
{
    server->reporting = true;
    wake_all(server);
}

void nacre_server_count(const struct nacre_server *server, struct nacre_server_counters *counters)
{
    counters->accepted = server->last_id;
    counters->logins = server->logins;
    admission_count(server->admission, &counters->connections, &counters->startups);
    for (int i = 0; i < NACRE_LIMITS; i++)
        counters->limited[i] = server->limited[i];
}

static void worker_clear(struct worker *worker)
{
    if (worker->server == NULL)
        return;
    while (worker->peers != NULL)
        peer_close(worker->peers);
    accept_close(worker);
    free(worker->listeners);
    nacre_mailbox_clear(&worker->mailbox);
    loop_clear(&worker->loop);
    if (worker->spare >= 0)
        (void)close(worker->spare);
    nacre_endpoint_free(worker->endpoint);
}

void nacre_server_free(struct nacre_server *server)
{
    if (server == NULL)
        return;
    for (unsigned w = 0; server->workers != NULL && w < server->worker_count; w++)
        while (server->workers[w].peers != NULL)
            peer_close(server->workers[w].peers);
    nacre_offload_free(server->offload); /* answers every open decision into the mailboxes */
    for (unsigned w = 0; server->workers != NULL && w < server->worker_count; w++) {
        if (server->workers[w].server != NULL)
            nacre_mailbox_run(&server->workers[w].mailbox);
        worker_clear(&server->workers[w]);
    }
    admission_free(server->admission);
    free(server->workers);
    free(server->threads);
    free(server->addresses);
    if (server->stop >= 0)
        (void)close(server->stop);
    nacre_key_free(server->own_key);
    free(server);
}

const char *nacre_server_address(const struct nacre_server *server, size_t i)
{
    return i < server->listener_count ? server->addresses[i] : NULL;
}
