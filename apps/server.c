#include "apps/server.h"

#include "apps/key_file.h"
#include "apps/listen.h"
#include "apps/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 64,
    DRAIN_MS = 5 * 1000,
    OFFLOAD_THREADS = 2,
};

struct listener {
    struct source source;
    struct worker *worker;
    int fd;
};

struct nacre_server {
    struct nacre_server_config config;
    struct nacre_key *own_key; /* read from host_key_file */
    const struct nacre_key *own_keys[2];
    struct nacre_offload *offload;
    struct worker *workers;
    pthread_t *threads;
    unsigned worker_count;
    size_t listener_count; /* of each worker */
    char (*addresses)[ADDRESS_MAX];
    _Atomic uint64_t last_id;
    _Atomic bool stopping;
    int stop; /* an eventfd that every loop watches, so that it looks at stopping */
};

const struct nacre_server_config *server_config(const struct nacre_server *server)
{
    return &server->config;
}

uint64_t server_next_id(struct nacre_server *server)
{
    return atomic_fetch_add(&server->last_id, 1) + 1;
}

struct nacre_offload *server_offload(struct nacre_server *server)
{
    return server->offload;
}

static void trouble(const struct nacre_server *server, const char *text)
{
    const struct nacre_server_events *events = server->config.events;

    if (events != NULL && events->trouble != NULL)
        events->trouble(server->config.context, text);
}

/* ---- listening ---- */

/* Out of descriptors: give up the spare one to shed the new connection, so that the listener does
 * not stay ready for ever. */
static void shed(struct worker *worker, int listener)
{
    int fd;

    trouble(worker->server, "out of file descriptors: a new connection was turned away");
    if (worker->spare >= 0)
        (void)close(worker->spare);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        (void)close(fd);
    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_connection(struct source *source, uint32_t events)
{
    struct listener *listener = (struct listener *)source;

    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            peer_start(listener->worker, fd, &address);
        else if (errno == EMFILE || errno == ENFILE)
            shed(listener->worker, listener->fd);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

/* The i-th address for this worker; the first worker's choice of port binds the others. */
static bool listen_on(struct worker *worker, size_t i, const char *text, char *problem, size_t size)
{
    struct nacre_server *server = worker->server;
    struct listener *listener = &worker->listeners[i];
    bool first = worker == server->workers;
    struct sockaddr_storage address;
    socklen_t len;

    if (!listen_resolve(first ? text : server->addresses[i], &address, &len, problem, size))
        return false;
    listener->worker = worker;
    listener->source.ready = on_connection;
    listener->fd = listen_open(&address, len, server->worker_count > 1, first);
    if (listener->fd < 0 || !loop_watch(&worker->loop, listener->fd, &listener->source, EPOLLIN)) {
        (void)snprintf(problem, size, "cannot listen on %s: %s", text, strerror(errno));
        return false;
    }
    len = sizeof address;
    if (first && getsockname(listener->fd, (struct sockaddr *)&address, &len) == 0)
        address_text(server->addresses[i], &address);
    return true;
}

static void stop_listening(struct worker *worker)
{
    for (size_t i = 0; i < worker->server->listener_count && worker->listeners != NULL; i++) {
        if (worker->listeners[i].fd >= 0)
            (void)close(worker->listeners[i].fd);
        worker->listeners[i].fd = -1;
    }
}

/* ---- workers ---- */

static void on_mail(struct source *source, uint32_t events)
{
    struct worker *worker =
        (struct worker *)(void *)((char *)source - offsetof(struct worker, mail));

    (void)events;
    nacre_mailbox_run(&worker->mailbox);
}

static struct nacre_endpoint *make_endpoint(const struct nacre_server *server, char *problem,
                                            size_t size)
{
    const struct nacre_server_config *c = &server->config;
    struct nacre_endpoint_config config = {
        .role = NACRE_SERVER,
        .kex = c->kex,
        .host_key = c->host_key,
        .public_key = c->public_key,
        .ciphers = c->ciphers,
        .macs = c->macs,
        .host_keys = c->host_keys,
        .auth = c->auth,
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
    return nacre_endpoint_new(&config, problem, size);
}

/* False with errno. */
static bool worker_init(struct worker *worker, struct nacre_server *server)
{
    if (!nacre_mailbox_init(&worker->mailbox))
        return false;
    worker->server = server; /* there is something to clear from here on */
    worker->loop.epoll = -1;
    worker->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    worker->mail.ready = on_mail;
    worker->listeners = calloc(server->listener_count, sizeof *worker->listeners);
    if (worker->listeners == NULL)
        return false;
    for (size_t i = 0; i < server->listener_count; i++)
        worker->listeners[i].fd = -1;
    return loop_init(&worker->loop) &&
           loop_watch(&worker->loop, nacre_mailbox_fd(&worker->mailbox), &worker->mail, EPOLLIN);
}

static void begin_drain(struct worker *worker)
{
    uint32_t drain = worker->server->config.drain_ms;

    stop_listening(worker);
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

static void *run(void *at)
{
    struct worker *worker = at;
    struct source stop = {on_stop};
    struct timer drained = {.fire = on_drained};

    (void)loop_watch(&worker->loop, worker->server->stop, &stop, EPOLLIN | EPOLLET);
    for (;;) {
        loop_turn(&worker->loop);
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

static bool take_host_keys(struct nacre_server *server, char *problem, size_t size)
{
    const char *file = server->config.host_key_file;

    if (server->config.host_keys != NULL && server->config.host_keys[0] != NULL)
        return true;
    if (file == NULL) {
        (void)snprintf(problem, size, "no host key: name a file or give a key");
        return false;
    }
    server->own_key = access(file, F_OK) == 0 ? nacre_key_read(file, problem, size)
                                              : nacre_key_make(file, problem, size);
    server->own_keys[0] = server->own_key;
    server->config.host_keys = server->own_keys;
    return server->own_key != NULL;
}

/* All but their threads, which nacre_server_run starts. */
static bool make_workers(struct nacre_server *server, char *problem, size_t size)
{
    server->workers = calloc(server->worker_count, sizeof *server->workers);
    server->threads = calloc(server->worker_count, sizeof *server->threads);
    server->addresses = calloc(server->listener_count, sizeof *server->addresses);
    server->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->workers == NULL || server->threads == NULL || server->addresses == NULL ||
        server->stop < 0) {
        (void)snprintf(problem, size, "cannot start: %s", strerror(errno));
        return false;
    }
    for (unsigned w = 0; w < server->worker_count; w++) {
        struct worker *worker = &server->workers[w];

        if (!worker_init(worker, server)) {
            (void)snprintf(problem, size, "cannot start: %s", strerror(errno));
            return false;
        }
        worker->endpoint = make_endpoint(server, problem, size);
        if (worker->endpoint == NULL)
            return false;
        for (size_t i = 0; i < server->listener_count; i++)
            if (!listen_on(worker, i, server->config.listen[i], problem, size))
                return false;
    }
    return true;
}

static bool start_offload(struct nacre_server *server, char *problem, size_t size)
{
    const struct nacre_server_config *c = &server->config;

    if (c->bound != NULL && !c->bound(c->context, problem, size))
        return false;
    server->offload = nacre_offload_new(OFFLOAD_THREADS);
    if (server->offload == NULL)
        (void)snprintf(problem, size, "cannot start a thread: %s", strerror(errno));
    return server->offload != NULL;
}

struct nacre_server *nacre_server_new(const struct nacre_server_config *config, char *problem,
                                      size_t size)
{
    struct nacre_server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        (void)snprintf(problem, size, "cannot start: %s", strerror(ENOMEM));
        return NULL;
    }
    server->config = *config;
    server->stop = -1;
    if (server->config.listen == NULL || server->config.listen[0] == NULL)
        server->config.listen = listen_default();
    while (server->config.listen[server->listener_count] != NULL)
        server->listener_count++;
    server->worker_count = config->workers == 0 ? 1 : config->workers;
    if (!take_host_keys(server, problem, size) || !make_workers(server, problem, size) ||
        !start_offload(server, problem, size)) {
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
            trouble(server, "cannot start a thread: one worker less");
            stop_listening(worker);
        }
    }
    (void)run(&server->workers[0]);
    for (unsigned w = 1; w < server->worker_count; w++)
        if (server->workers[w].running)
            (void)pthread_join(server->threads[w], NULL);
}

void nacre_server_stop(struct nacre_server *server)
{
    const uint64_t one = 1;
    int kept = errno;
    ssize_t n;

    server->stopping = true;
    n = write(server->stop, &one, sizeof one);
    (void)n; /* can only fail when it says stop already */
    errno = kept;
}

static void worker_clear(struct worker *worker)
{
    if (worker->server == NULL)
        return;
    while (worker->peers != NULL)
        peer_close(worker->peers);
    stop_listening(worker);
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
