/* A client, from the address to its session, and its end. */
#include "apps/connect/parts.h"
#include "apps/session/algorithm_list.h"
#include "apps/session/number.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CONNECT_MS = 20 * 1000 };

/* ---- the end ---- */

/* Give up the socket that connects, if there is one. As in pump_close, closing would not be enough.
 */
static void drop_socket(struct nacre_client *client)
{
    if (client->fd < 0)
        return;
    loop_unwatch(&client->all->loop, client->fd, &client->connecting);
    (void)close(client->fd);
    client->fd = -1;
}

static void forget(struct nacre_client *client)
{
    struct nacre_clients *all = client->all;

    if (client->next != NULL)
        client->next->link = client->link;
    *client->link = client->next;
    all->count--;
    (void)loop_set_timer(&all->loop, &client->patience, UINT64_MAX);
    loop_forget(&all->loop, &client->failure);
    drop_socket(client);
    if (client->found != NULL)
        freeaddrinfo(client->found);
    free(client->host_keys);
    free(client->sentence);
    free(client);
}

/* Its session and socket are gone. */
static void on_over(struct pump *pump)
{
    forget(container_of(pump, struct nacre_client, pump));
}

void client_tell_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct nacre_end told = *why;

    if (client->sentence != NULL)
        told.text = client->sentence;
    if (client->all->config.ended != NULL)
        client->all->config.ended(client, &told);
}

void client_end_unconnected(struct nacre_client *client)
{
    client_tell_ended(client, &client->why);
    forget(client);
}

static void on_failure(struct task *task)
{
    client_end_unconnected(container_of(task, struct nacre_client, failure));
}

void client_give_up(struct nacre_client *client, enum nacre_cause cause, const char *text)
{
    if (client->why.cause != NACRE_OPEN)
        return;
    client->why = (struct nacre_end){.cause = cause, .text = text};
    (void)loop_set_timer(&client->all->loop, &client->patience, UINT64_MAX);
    drop_socket(client);
    loop_later(&client->all->loop, &client->failure);
}

/* ---- connecting ---- */

void client_say(struct nacre_client *client, const char *sentence)
{
    free(client->sentence);
    client->sentence = strdup(sentence);
}

bool client_known_as(const struct nacre_client *client, char host[CLIENT_HOST_MAX], uint16_t *port,
                     const struct errbuf *p)
{
    const char *known_as = client->all->config.known_as, *digits;

    if (known_as == NULL) {
        memcpy(host, client->host, CLIENT_HOST_MAX);
        *port = client->port;
        return true;
    }
    if (!client_read_address(known_as, host, &digits, p))
        return false;
    return number_port(digits, port);
}

/* A server with several keys shows one of a type that is known, unless the program has a list of
 * its own. */
static void prefer_known_keys(struct nacre_client *client)
{
    const struct nacre_client_config *config = &client->all->config;
    const struct errbuf nobody = errbuf_in(NULL, 0);
    char host[CLIENT_HOST_MAX], list[NACRE_ALGORITHM_LIST_MAX];
    uint16_t port;

    if (config->known_hosts == NULL || config->host_key_algorithms != NULL ||
        !client_known_as(client, host, &port, &nobody) ||
        !nacre_known_hosts_prefer(config->known_hosts, host, port, NULL, list, sizeof list))
        return;
    client->host_keys = strdup(list);
    nacre_session_set_host_key_algorithms(client->pump.session, client->host_keys);
}

static void begin_session(struct nacre_client *client)
{
    struct nacre_clients *all = client->all;
    int fd = client->fd;

    client->fd = -1;
    (void)loop_set_timer(&all->loop, &client->patience, UINT64_MAX);
    freeaddrinfo(client->found);
    client->found = NULL;
    pump_set_options(fd);
    pump_init(&client->pump, &all->loop, fd, on_over);
    loop_unwatch(&all->loop, fd, &client->connecting);
    if (!pump_start(&client->pump, nacre_session_new(all->endpoint, client, all->loop.now_ms))) {
        const struct nacre_end why = {.cause = NACRE_OUT_OF_RESOURCES,
                                      .text = "no memory for another session"};

        if (client->pump.session == NULL)
            client_tell_ended(client, &why);
        pump_close(&client->pump);
        return;
    }
    prefer_known_keys(client);
}

/* Begin with the address at `trying`, or one behind it. */
static void try_address(struct nacre_client *client, int failure)
{
    struct nacre_clients *all = client->all;
    char text[CLIENT_SENTENCE_MAX];

    for (; client->trying != NULL; client->trying = client->trying->ai_next) {
        const struct addrinfo *at = client->trying;
        struct sockaddr_storage storage = {0};

        memcpy(&storage, at->ai_addr, at->ai_addrlen);
        address_text(client->address, &storage);
        client->fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client->fd >= 0 &&
            (connect(client->fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS) &&
            loop_watch(&all->loop, client->fd, &client->connecting, EPOLLOUT))
            return;
        failure = errno;
        drop_socket(client);
    }
    (void)snprintf(text, sizeof text, "cannot connect to %s: %s", client->address,
                   strerror(failure));
    client_say(client, text);
    client_give_up(client, NACRE_CONNECTION_LOST, "cannot connect");
}

/* Of the time that is left each address gets the same share: one that does not answer leaves some
 * for the others. */
static void set_patience(struct nacre_client *client)
{
    struct nacre_loop *loop = &client->all->loop;
    uint64_t left = client->give_up_ms > loop->now_ms ? client->give_up_ms - loop->now_ms : 0;
    uint64_t addresses = 0;

    for (const struct addrinfo *at = client->trying; at != NULL; at = at->ai_next)
        addresses++;
    (void)loop_set_timer(loop, &client->patience,
                         loop->now_ms + left / (addresses == 0 ? 1 : addresses));
}

static void on_connecting(struct source *source, uint32_t events)
{
    struct nacre_client *client = container_of(source, struct nacre_client, connecting);
    socklen_t len = sizeof(int);
    int failure = 0;

    (void)events;
    if (client->fd < 0)
        return;
    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        failure = errno;
    if (failure == 0) {
        begin_session(client);
        return;
    }
    drop_socket(client);
    client->trying = client->trying->ai_next;
    set_patience(client);
    try_address(client, failure);
}

static void on_patience(struct timer *timer)
{
    struct nacre_client *client = container_of(timer, struct nacre_client, patience);
    char text[CLIENT_SENTENCE_MAX];

    if (client->fd >= 0 && client->trying->ai_next != NULL) {
        drop_socket(client);
        client->trying = client->trying->ai_next;
        set_patience(client);
        try_address(client, ETIMEDOUT);
        return;
    }
    (void)snprintf(text, sizeof text, "cannot connect to %s: no answer in time", client->address);
    client_say(client, text);
    client_give_up(client, NACRE_TIMED_OUT, "no answer in time");
}

bool client_read_address(const char *address, char host[CLIENT_HOST_MAX], const char **port,
                         const struct errbuf *p)
{
    if (address_split(address, host, CLIENT_HOST_MAX, port) && host[0] != 0)
        return true;
    return errbuf_say(p, "%s is not an address: write HOST:PORT, or [HOST]:PORT for IPv6", address);
}

static bool look_up(struct nacre_client *client, const char *address, const struct errbuf *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    const char *port;
    int failure;

    if (!client_read_address(address, client->host, &port, p))
        return false;
    (void)number_port(port, &client->port);
    failure = getaddrinfo(client->host, port, &hints, &client->found);
    if (failure != 0)
        return errbuf_say(p, "cannot connect to %s: %s", address, gai_strerror(failure));
    client->trying = client->found;
    return true;
}

struct nacre_client *nacre_client_connect(struct nacre_clients *all, const char *address,
                                          void *context, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_client *client = calloc(1, sizeof *client);
    uint32_t patience = all->config.connect_ms != 0 ? all->config.connect_ms : CONNECT_MS;

    if (client == NULL || !look_up(client, address, &p)) {
        if (client == NULL)
            errbuf_say(&p, "there is not enough memory to connect to %s", address);
        free(client);
        return NULL;
    }
    client->all = all;
    client->context = context;
    client->fd = client->pump.fd = -1;
    client->connecting.ready = on_connecting;
    client->patience.fire = on_patience;
    client->failure.run = on_failure;
    client->link = &all->first;
    client->next = all->first;
    if (client->next != NULL)
        client->next->link = &client->next;
    all->first = client;
    all->count++;
    loop_look_at_clock(&all->loop);
    client->give_up_ms = all->loop.now_ms + patience;
    set_patience(client);
    try_address(client, 0);
    return client;
}
