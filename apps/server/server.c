#include "apps/server/server.h"

#include "apps/runtime/watch.h"
#include "apps/server/accept.h"
#include "apps/server/check.h"
#include "apps/server/listen.h"
#include "apps/server/reconfigure.h"
#include "apps/server/worker.h"
#include "apps/runtime/short_lock.h"
#include "apps/session/errbuf.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HASH_MEMORY = 64 * 1024 * 1024 /* bytes */ };

/* ---- making a server ---- */

/* As many as can compute at the same time, as far as the budget holds the memory that they need:
 * each password hash takes 64 MiB. They are counted before privileges are given up, because a
 * sandbox may hide what is read here. */
static unsigned count_offload_threads(uint64_t budget)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t fit = budget / HASH_MEMORY;
    cpu_set_t ours;

    if (sched_getaffinity(0, sizeof ours, &ours) == 0)
        cpus = CPU_COUNT(&ours);
    if (cpus > 0 && fit > (uint64_t)cpus)
        fit = (uint64_t)cpus;
    return fit > 0 ? (unsigned)fit : 1;
}

static bool make_admission(struct nacre_server *server, char *errbuf, size_t size)
{
    const struct nacre_admission config = reconfigure_admission(server, &server->config);
    struct errbuf p = errbuf_in(errbuf, size);

    server->admission = admission_new(&config);
    server->accounts = accounts_new(server->config.max_memory, server->config.per_user_max_memory);
    if (server->admission == NULL || server->accounts == NULL)
        return errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
    server->offload_threads = count_offload_threads(accounts_size(server->accounts));
    return true;
}

/* Are these sockets fit to listen with? Their addresses are noted, and their queues made as long as
 * the configuration says. */
static bool take_sockets(struct nacre_server *server, const int *sockets, const struct errbuf *p)
{
    uint32_t backlog = server->config.backlog;

    for (size_t i = 0; i < server->listener_count; i++) {
        if (!listen_check(sockets[i], p))
            return false;
        if (backlog != 0 && listen(sockets[i], (int)backlog) != 0)
            return errbuf_say(p, "cannot start: %s", strerror(errno));
        listen_text(server->addresses[i], sockets[i]);
    }
    return true;
}

/* The workers, but not their threads: nacre_server_run starts those. */
static bool make_workers(struct nacre_server *server, const int *sockets, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    server->threads = calloc(server->worker_count, sizeof *server->threads);
    server->addresses = calloc(server->listener_count, sizeof *server->addresses);
    server->wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->threads == NULL || server->addresses == NULL || server->wakeup < 0)
        return errbuf_say(&p, "cannot start: %s", strerror(errno));
    if (!take_sockets(server, sockets, &p))
        return false;
    for (unsigned w = 0; w < server->worker_count; w++)
        if (!worker_init(&server->workers[w], server, sockets, errbuf, size))
            return false;
    return true;
}

/* With sockets of the server's own, unless the program has some. */
static bool make_listening(struct nacre_server *server, char *errbuf, size_t size)
{
    const struct errbuf p = errbuf_in(errbuf, size);
    size_t count = server->listener_count;
    int *own;
    bool good;

    if (server->config.socket_count > 0)
        return make_workers(server, server->config.sockets, errbuf, size);
    own = calloc(count, sizeof *own);
    if (own == NULL)
        return errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
    good = listen_all(server->listen, own, count, &p);
    if (good) {
        good = make_workers(server, own, errbuf, size);
        for (size_t i = 0; i < count; i++)
            (void)close(own[i]);
    }
    free(own);
    return good;
}

static bool call_bound(const struct nacre_server *server, char *errbuf, size_t size)
{
    const struct nacre_server_config *c = &server->config;

    return c->bound == NULL || c->bound(c->context, errbuf, size);
}

struct nacre_server *nacre_server_new(const struct nacre_server_config *config, char *errbuf,
                                      size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
        return NULL;
    }
    if (!complete_config(&server->config, &server->parts, config, &p) ||
        !server_check(&server->config, &p)) {
        free(server);
        return NULL;
    }
    config = &server->config;
    server->settings_lock = (pthread_mutex_t)SHORT_LOCK;
    server->wakeup = -1;
    server->descriptors = reconfigure_descriptors();
    server->listen = listen_list(config->listen, &server->listener_count);
    if (config->socket_count > 0)
        server->listener_count = config->socket_count;
    server->worker_count = config->workers == 0 ? 1 : config->workers;
    server->workers = calloc(server->worker_count, sizeof *server->workers);
    if (server->workers == NULL)
        errbuf_say(&p, "cannot start: %s", strerror(ENOMEM));
    else
        server->latest = reconfigure_settings(server, config, errbuf, size);
    if (server->latest == NULL || !make_admission(server, errbuf, size) ||
        !make_listening(server, errbuf, size) || !call_bound(server, errbuf, size)) {
        nacre_server_free(server);
        return NULL;
    }
    server->latest->accepted = true;
    for (size_t i = 0; server->parts.events.listening != NULL && i < server->listener_count; i++)
        server->parts.events.listening(config->context, server->addresses[i]);
    return server;
}

bool nacre_server_check(const struct nacre_server_config *config, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_server_config c;
    struct complete parts;
    struct settings *tried;

    if (!complete_config(&c, &parts, config, &p) || !server_check(&c, &p))
        return false;
    if ((c.host_keys == NULL || c.host_keys[0] == NULL) && c.host_key_file != NULL)
        return true;
    tried = settings_new(&c, 1, NULL, errbuf, size);
    if (tried != NULL)
        tried->endpoints[0] = worker_endpoint(tried, NULL, errbuf, size);
    if (tried == NULL || tried->endpoints[0] == NULL) {
        settings_release(tried);
        return false;
    }
    settings_release(tried);
    return true;
}

/* ---- running, and the end ---- */

static void destroy(struct nacre_server *server)
{
    for (unsigned w = 0; server->workers != NULL && w < server->worker_count; w++)
        worker_close_peers(&server->workers[w]);
    nacre_offload_free(server->offload); /* answers every open decision into the mailboxes */
    for (unsigned w = 0; server->workers != NULL && w < server->worker_count; w++)
        worker_clear(&server->workers[w]);
    settings_release(server->latest);
    admission_free(server->admission);
    accounts_free(server->accounts);
    free(server->workers);
    free(server->threads);
    free(server->addresses);
    if (server->wakeup >= 0)
        (void)close(server->wakeup);
    (void)pthread_mutex_destroy(&server->settings_lock);
    free(server);
}

static bool change_state(struct nacre_server *server, enum server_state from, enum server_state to)
{
    return atomic_compare_exchange_strong(&server->state, &from, to);
}

/* Not before: a program may fork until then, and a child has only the thread that forked. Without a
 * thread no password can be hashed, so nacre_peer_offload refuses. */
static void start_offload(struct nacre_server *server)
{
    if (server->offload == NULL)
        server->offload = nacre_offload_new(server->offload_threads);
    if (server->offload == NULL)
        server_trouble(server, server->config.context,
                       "cannot start a thread: password hashes cannot be checked");
}

void nacre_server_run(struct nacre_server *server)
{
    if (!change_state(server, SERVER_IDLE, SERVER_RUNNING))
        return;
    start_offload(server);
    for (unsigned w = 1; w < server->worker_count; w++) {
        struct worker *worker = &server->workers[w];

        worker->running = pthread_create(&server->threads[w], NULL, worker_run, worker) == 0;
        if (!worker->running) {
            server_trouble(server, server->config.context,
                           "cannot start a thread: one worker fewer");
            accept_close(worker);
        }
    }
    (void)worker_run(&server->workers[0]);
    for (unsigned w = 1; w < server->worker_count; w++)
        if (server->workers[w].running)
            (void)pthread_join(server->threads[w], NULL);
    if (change_state(server, SERVER_RUNNING, SERVER_IDLE))
        return;
    server->state = SERVER_FREEING;
    destroy(server);
}

/* Only with one loop can another loop stand for it. */
static struct worker *only_worker(const struct nacre_server *server)
{
    return server->worker_count == 1 ? &server->workers[0] : NULL;
}

bool nacre_server_run_once(struct nacre_server *server, uint32_t wait_ms)
{
    struct worker *worker = only_worker(server);
    bool more;

    if (worker == NULL || !change_state(server, SERVER_IDLE, SERVER_RUNNING))
        return worker != NULL;
    start_offload(server);
    more = worker_run_once(worker, wait_ms);
    if (change_state(server, SERVER_RUNNING, SERVER_IDLE))
        return more;
    server->state = SERVER_FREEING;
    destroy(server);
    return false;
}

int nacre_server_fd(struct nacre_server *server)
{
    struct worker *worker = only_worker(server);

    if (worker == NULL) {
        errno = EINVAL;
        return -1;
    }
    worker_begin(worker);
    return loop_fd(&worker->loop);
}

struct nacre_loop *nacre_server_loop(struct nacre_server *server)
{
    return &server->workers[0].loop;
}

bool nacre_server_post(struct nacre_server *server, void (*call)(void *argument), void *argument)
{
    return nacre_loop_post(nacre_server_loop(server), call, argument);
}

bool nacre_server_adopt(struct nacre_server *server, int fd)
{
    return accept_adopt(&server->workers[0], fd);
}

void nacre_server_free(struct nacre_server *server)
{
    if (server == NULL)
        return;
    if (change_state(server, SERVER_RUNNING, SERVER_ABANDONED))
        server_wake(server);
    else if (change_state(server, SERVER_IDLE, SERVER_FREEING))
        destroy(server);
}

void nacre_server_stop(struct nacre_server *server)
{
    server->stopping = true;
    server_wake(server);
}

void nacre_server_drain(struct nacre_server *server, uint32_t ms)
{
    server->drain_for_ms = ms;
    server->draining = true;
    server_wake(server);
}

void nacre_server_report(struct nacre_server *server)
{
    server->reporting = true;
    server_wake(server);
}

/* ---- questions about it ---- */

uint64_t nacre_server_counter(const struct nacre_server *server, enum nacre_counter counter)
{
    uint32_t connections, startups;

    admission_count(server->admission, &connections, &startups);
    switch (counter) {
    case NACRE_COUNT_ACCEPTED:
        return server->last_id;
    case NACRE_COUNT_LOGINS:
        return server->logins;
    case NACRE_COUNT_CONNECTIONS:
        return connections;
    case NACRE_COUNT_STARTUPS:
        return startups;
    case NACRE_COUNT_MEMORY:
        return accounts_used(server->accounts);
    }
    return 0;
}

uint64_t nacre_server_limited(const struct nacre_server *server, enum nacre_limit limit)
{
    return (unsigned)limit < NACRE_LIMITS ? server->limited[limit] : 0;
}

const char *nacre_server_address(const struct nacre_server *server, size_t i)
{
    return i < server->listener_count ? server->addresses[i] : NULL;
}
