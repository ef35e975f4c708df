#include "apps/connect/check.h"
#include "apps/connect/connect.h"
#include "apps/connect/end.h"
#include "apps/connect/forwarding.h"
#include "apps/connect/signing.h"
#include "apps/forward/forwards.h"
#include "apps/runtime/watch.h"
#include "apps/session/endpoint.h"
#include "apps/session/signer.h"
#include "apps/session/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { DRAIN_MS = 5 * 1000 /* how long nacre_clients_run continues after nacre_clients_stop */ };

/* ---- callbacks of the session ---- */

static void on_wake(void *context)
{
    struct nacre_client *client = context;

    pump_wake(&client->pump);
}

static void on_freed(void *context)
{
    struct nacre_client *client = context;

    pump_session_freed(&client->pump);
}

static void on_banner(void *context, const char *text)
{
    struct nacre_client *client = context;

    if (client->all->config.banner != NULL)
        client->all->config.banner(client, text);
}

static void on_authenticated(void *context, const char *user)
{
    struct nacre_client *client = context;

    (void)user;
    if (client->all->config.ready != NULL)
        client->all->config.ready(client);
}

/* The application may have ended it by a call of its own, after which the pump has to close. */
static void on_ended(void *context, const struct nacre_end *why)
{
    struct nacre_client *client = context;

    client_free_forwards(client);
    pump_wake(&client->pump);
    client_report_end(client, why);
}

/* What known_hosts has for the key. */
static enum nacre_host_verdict check_key(const struct nacre_client *client,
                                         struct nacre_host_key *shown, char *name, char *sentence)
{
    const struct nacre_client_config *config = &client->all->config;
    struct errbuf p = errbuf_in(sentence, SENTENCE_MAX);

    if (!client_known_as(client, name, &shown->port, &p))
        return NACRE_HOST_UNCHECKED;
    shown->host = name;
    if (config->known_hosts != NULL)
        return nacre_known_hosts_check(config->known_hosts, shown, sentence, SENTENCE_MAX);
    errbuf_say(&p, "the host key of %s is not known: no known_hosts were given", client->address);
    return NACRE_HOST_UNKNOWN;
}

static enum nacre_answer on_host_key(void *context, const char *algorithm, const uint8_t *key,
                                     size_t len)
{
    struct nacre_client *client = context;
    struct nacre_host_key shown = {.key = key, .len = len};
    char sentence[SENTENCE_MAX], name[HOST_MAX];
    enum nacre_host_verdict verdict = check_key(client, &shown, name, sentence);
    enum nacre_answer answer = verdict == NACRE_HOST_KNOWN ? NACRE_GRANT : NACRE_REFUSE;

    (void)algorithm;
    free(client->question);
    client->question = strdup(sentence);
    if (client->all->config.host_key != NULL)
        answer = client->all->config.host_key(client, &shown, verdict, sentence);
    if (answer == NACRE_REFUSE)
        client_set_sentence(client, sentence);
    return answer;
}

/* ---- all of them ---- */

/* The loop need only wake up. */
static void on_wait_timer(struct timer *timer)
{
    (void)timer;
}

static void on_wakeup(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

static void on_drain_timer(struct timer *timer)
{
    container_of(timer, struct nacre_clients, drain_timer)->drained = true;
}

static const struct growth config_growth = {sizeof(struct nacre_client_config), {{0}}};

/* A program's configuration and what it leads to, with all members. */
static void complete(struct nacre_clients *all, const struct nacre_client_config *given)
{
    struct nacre_client_config *c = &all->config;
    const uint32_t v = given->version;

    growth_copy(&config_growth, c, given, v);
    c->forwarding = growth_keep(&forwarding_growth, &all->forwarding, c->forwarding, v);
    c->observer = growth_keep(&observer_growth, &all->observer, c->observer, v);
    c->memory = growth_keep(&memory_growth, &all->memory, c->memory, v);
    c->secrets = growth_keep(&memory_growth, &all->secrets, c->secrets, v);
    c->limits = growth_keep(&limits_growth, &all->limits, c->limits, v);
}

static void fill_endpoint(struct nacre_endpoint_config *e, const struct nacre_client_config *c)
{
    *e = (struct nacre_endpoint_config){
        .version = NACRE_VERSION_NUMBER,
        .role = NACRE_CLIENT,
        .kex = c->kex,
        .host_key = c->host_key_algorithms,
        .public_key = c->public_key,
        .ciphers = c->ciphers,
        .macs = c->macs,
        .require_strict_kex = c->require_strict_kex,
        .lookup = client_lookup,
        .global_request = c->global_request,
        .global_replied = client_global_replied,
        .user = c->user,
        .password = c->password,
        .keys = c->keys,
        .key_count = c->key_count,
        .ask = c->ask != NULL ? client_on_ask : NULL,
        .banner = on_banner,
        .host_key_accepted = on_host_key,
        .authenticated = on_authenticated,
        .ended = on_ended,
        .freed = on_freed,
        .wake = on_wake,
        .observer = c->observer,
        .channels_max = c->channels_max,
        .packet_max = c->packet_max,
        .login_grace_ms = c->login_grace_ms,
        .limits = c->limits,
        .rekey_bytes = c->rekey_bytes,
        .rekey_ms = c->rekey_ms,
        .memory = c->memory,
        .secrets = c->secrets,
        .budget = c->budget,
        .random = c->random,
        .random_context = c->random_context,
    };
}

static void on_mail(struct source *source, uint32_t events)
{
    (void)events;
    nacre_mailbox_run(container_of(source, struct nacre_clients, mail)->mailbox);
}

static bool start(struct nacre_clients *all)
{
    all->wakeup_source.ready = on_wakeup;
    all->wait_timer.fire = on_wait_timer;
    all->drain_timer.fire = on_drain_timer;
    all->loop.epoll = -1;
    all->wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    all->mail.ready = on_mail;
    if (all->wakeup < 0 || !loop_init(&all->loop))
        return false;
    all->mailbox = nacre_mailbox_new();
    if (all->mailbox == NULL)
        return false;
    all->loop.mailbox = all->mailbox;
    return loop_watch(&all->loop, all->wakeup, &all->wakeup_source, EPOLLIN | EPOLLET) &&
           loop_watch(&all->loop, nacre_mailbox_fd(all->mailbox), &all->mail, EPOLLIN);
}

struct nacre_clients *nacre_clients_new(const struct nacre_client_config *config, char *errbuf,
                                        size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_endpoint_config endpoint;
    struct nacre_clients *all;

    if (!version_check("struct nacre_client_config", config->version, &p))
        return NULL;
    all = calloc(1, sizeof *all);
    if (all == NULL || !start(all)) {
        errbuf_say(&p, "cannot start: %s", strerror(errno));
        nacre_clients_free(all);
        return NULL;
    }
    complete(all, config);
    if (!check_clients(&all->config, &p)) {
        nacre_clients_free(all);
        return NULL;
    }
    fill_endpoint(&endpoint, &all->config);
    all->endpoint = nacre_endpoint_new(&endpoint, errbuf, size);
    if (all->endpoint == NULL) {
        nacre_clients_free(all);
        return NULL;
    }
    endpoint_set_version(all->endpoint, all->config.version);
    endpoint_set_signer(all->endpoint, signing_begin);
    return all;
}

void nacre_clients_free(struct nacre_clients *all)
{
    if (all == NULL || all->freeing)
        return;
    all->freeing = all->stopped = true;
    if (all->busy)
        return; /* run_once continues when the callback has returned */
    clients_end_all(all);
    (void)clients_free_if_unused(all);
}

static void begin_stop(struct nacre_clients *all)
{
    static const char text[] = "the client is shutting down";

    all->stopped = true;
    (void)loop_set_timer(&all->loop, &all->drain_timer, all->loop.now_ms + DRAIN_MS);
    for (struct nacre_client *client = all->first; client != NULL; client = client->next)
        if (client->pump.session != NULL)
            nacre_session_disconnect(client->pump.session, NACRE_SHUTTING_DOWN, text);
        else if (client->pump.loop == NULL)
            client_give_up(client, NACRE_SHUTTING_DOWN, text);
}

/* False: a callback freed the clients. */
static bool run_once(struct nacre_clients *all, uint32_t wait_ms)
{
    all->busy = true;
    loop_update_clock(&all->loop);
    (void)loop_set_timer(&all->loop, &all->wait_timer,
                         wait_ms == UINT32_MAX ? UINT64_MAX : all->loop.now_ms + wait_ms);
    loop_run_once(&all->loop);
    if (all->stopping && !all->stopped)
        begin_stop(all);
    all->busy = false;
    if (!all->freeing)
        return true;
    clients_end_all(all);
    (void)clients_free_if_unused(all);
    return false;
}

size_t nacre_clients_run_once(struct nacre_clients *all, uint32_t wait_ms)
{
    if (all->busy)
        return all->count;
    return run_once(all, wait_ms) ? all->count : 0;
}

void nacre_clients_run(struct nacre_clients *all)
{
    while (!all->busy && all->count > 0 && !all->drained)
        if (!run_once(all, UINT32_MAX))
            return;
}

int nacre_clients_fd(struct nacre_clients *all)
{
    return loop_fd(&all->loop);
}

bool nacre_clients_post(struct nacre_clients *all, void (*call)(void *argument), void *argument)
{
    return nacre_loop_post(&all->loop, call, argument);
}

uint32_t nacre_clients_timeout(const struct nacre_clients *all)
{
    struct nacre_loop loop = all->loop; /* the clock of the loop itself must not move here */
    int wait;

    loop_update_clock(&loop);
    wait = loop_timeout(&loop);
    return wait < 0 ? UINT32_MAX : (uint32_t)wait;
}

void nacre_clients_stop(struct nacre_clients *all)
{
    const uint64_t one = 1;
    int saved = errno;
    ssize_t n;

    all->stopping = true;
    n = write(all->wakeup, &one, sizeof one);
    (void)n; /* fails only when the loop is about to wake up already */
    errno = saved;
}

struct nacre_loop *nacre_clients_loop(struct nacre_clients *all)
{
    return &all->loop;
}

/* ---- one of them ---- */

void nacre_client_close(struct nacre_client *client, const char *text)
{
    if (client->pump.session != NULL)
        nacre_session_disconnect(client->pump.session, NACRE_WE_CLOSED, text);
    else if (client->pump.loop == NULL)
        client_give_up(client, NACRE_WE_CLOSED, "closed before it was connected");
}

/* Without a question there is nothing to say about it. */
void nacre_client_answer_host_key(struct nacre_client *client, bool accepted)
{
    if (!accepted && client->question != NULL)
        client_set_sentence(client, client->question);
    free(client->question);
    client->question = NULL;
    if (client->pump.session != NULL)
        nacre_session_answer_host_key(client->pump.session, accepted);
}

void *nacre_client_context(const struct nacre_client *client)
{
    return client->context;
}

const char *nacre_client_address(const struct nacre_client *client)
{
    return client->address;
}

const char *nacre_client_local_address(struct nacre_client *client)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    int fd = client->pump.fd;

    client->local_address[0] = 0;
    if (client->pump.loop != NULL && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        address_text(client->local_address, &address, fd);
    return client->local_address;
}

struct nacre_loop *nacre_client_loop(const struct nacre_client *client)
{
    return &client->all->loop;
}

struct nacre_session *nacre_client_session(const struct nacre_client *client)
{
    return client->pump.session;
}
