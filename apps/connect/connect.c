/* A client from its address to its session. */
#include "apps/connect/connect.h"

#include "apps/connect/check.h"
#include "apps/connect/connect_unix.h"
#include "apps/connect/end.h"
#include "apps/session/algorithm_list.h"
#include "apps/session/number.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    CONNECT_MS = 20 * 1000,
    SSH_PORT = 22,
};

static const struct growth config_growth = {sizeof(struct nacre_connection_config), {{0}}};

/* ---- addresses ---- */

/* The host and port of HOST:PORT; *port points into address. False: *p has a sentence. */
static bool read_address(const char *address, char host[HOST_MAX], const char **port,
                         const struct errbuf *p)
{
    if (address_split(address, host, HOST_MAX, port) && host[0] != 0)
        return true;
    return errbuf_say(p, "%s is not an address: write HOST:PORT, or [HOST]:PORT for IPv6", address);
}

static bool look_up(struct nacre_client *client, const char *address, const struct errbuf *p)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    const char *port;
    int failure;

    if (!read_address(address, client->host, &port, p))
        return false;
    (void)number_port(port, &client->port);
    failure = getaddrinfo(client->host, port, &hints, &client->found);
    if (failure != 0)
        return errbuf_say(p, "cannot connect to %s: %s", address, gai_strerror(failure));
    client->trying = client->found;
    return true;
}

bool client_known_as(const struct nacre_client *client, char host[HOST_MAX], uint16_t *port,
                     const struct errbuf *p)
{
    const char *digits;

    if (client->known_as == NULL) {
        memcpy(host, client->host, HOST_MAX);
        *port = client->port;
        return true;
    }
    return read_address(client->known_as, host, &digits, p) && number_port(digits, port);
}

/* ---- the session ---- */

/* A server with several host keys should show one whose type is known, unless the program has its
 * own list. */
static void prefer_known_keys(struct nacre_client *client)
{
    const struct nacre_client_config *config = &client->all->config;
    const struct errbuf unused = errbuf_in(NULL, 0);
    char host[HOST_MAX], list[NACRE_ALGORITHM_LIST_MAX];
    uint16_t port;

    if (config->known_hosts == NULL || config->host_key_algorithms != NULL ||
        !client_known_as(client, host, &port, &unused) ||
        !nacre_known_hosts_prefer(config->known_hosts, host, port, NULL, list, sizeof list))
        return;
    client->host_keys = strdup(list);
    nacre_session_set_host_key_algorithms(client->pump.session, client->host_keys);
}

static void begin_session(struct nacre_client *client)
{
    const struct nacre_end no_memory = {.cause = NACRE_OUT_OF_RESOURCES,
                                        .text = "no memory for another session"};
    struct nacre_clients *all = client->all;
    struct nacre_session *session;
    int fd = client->fd;

    client->fd = -1;
    (void)loop_set_timer(&all->loop, &client->connect_timer, UINT64_MAX);
    if (client->found != NULL)
        freeaddrinfo(client->found);
    client->found = NULL;
    pump_set_options(fd);
    pump_init(&client->pump, &all->loop, fd, client_on_over);
    loop_unwatch(&all->loop, fd, &client->connecting);
    session = nacre_session_new(all->endpoint, client, all->loop.now_ms);
    if (session != NULL && client->login.user != NULL)
        nacre_session_set_login(session, &client->login);
    if (pump_start(&client->pump, session)) {
        prefer_known_keys(client);
        return;
    }
    if (client->pump.session == NULL)
        client_report_end(client, &no_memory);
    pump_close(&client->pump);
}

/* ---- connecting ---- */

/* Start with the address at `trying`, or with the first one after it that does not fail at once.
 * failure: errno of the attempt before. */
static void try_address(struct nacre_client *client, int failure)
{
    struct nacre_clients *all = client->all;
    char text[SENTENCE_MAX];

    for (; client->trying != NULL; client->trying = client->trying->ai_next) {
        const struct addrinfo *at = client->trying;
        struct sockaddr_storage storage = {0};

        memcpy(&storage, at->ai_addr, at->ai_addrlen);
        client->fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        address_text(client->address, &storage, client->fd);
        if (client->fd >= 0 &&
            (connect(client->fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS) &&
            loop_watch(&all->loop, client->fd, &client->connecting, EPOLLOUT))
            return;
        failure = errno;
        client_drop_socket(client);
    }
    (void)snprintf(text, sizeof text, "cannot connect to %s: %s", client->address,
                   strerror(failure));
    client_set_sentence(client, text);
    client_give_up(client, NACRE_CONNECTION_LOST, "cannot connect");
}

/* Each address gets the same share of the time that remains, so that one which does not answer
 * leaves some for the others. */
static void set_connect_timer(struct nacre_client *client)
{
    struct nacre_loop *loop = &client->all->loop;
    uint64_t left = client->give_up_ms > loop->now_ms ? client->give_up_ms - loop->now_ms : 0;
    uint64_t addresses = 0;

    for (const struct addrinfo *at = client->trying; at != NULL; at = at->ai_next)
        addresses++;
    (void)loop_set_timer(loop, &client->connect_timer,
                         loop->now_ms + left / (addresses == 0 ? 1 : addresses));
}

static void try_next_address(struct nacre_client *client, int failure)
{
    client_drop_socket(client);
    if (client->trying != NULL) /* otherwise it was adopted */
        client->trying = client->trying->ai_next;
    set_connect_timer(client);
    try_address(client, failure);
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
    if (failure == 0)
        begin_session(client);
    else
        try_next_address(client, failure);
}

static void on_connect_timer(struct timer *timer)
{
    struct nacre_client *client = container_of(timer, struct nacre_client, connect_timer);
    char text[SENTENCE_MAX];

    if (client->fd >= 0 && client->trying->ai_next != NULL) {
        try_next_address(client, ETIMEDOUT);
        return;
    }
    (void)snprintf(text, sizeof text, "cannot connect to %s: %s", client->address,
                   strerror(ETIMEDOUT));
    client_set_sentence(client, text);
    client_give_up(client, NACRE_TIMED_OUT, "cannot connect");
}

static void add(struct nacre_clients *all, struct nacre_client *client)
{
    client->all = all;
    client->link = &all->first;
    client->next = all->first;
    if (client->next != NULL)
        client->next->link = &client->next;
    all->first = client;
    all->count++;
}

/* ---- a new client ---- */

void client_on_ask(void *context, const struct nacre_ask *ask)
{
    struct nacre_client *client = context;

    client->ask(client, ask);
}

static bool copy_text(char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *copy != NULL;
}

/* What it logs in with: the connection's own, or the configuration's. False: out of memory. */
static bool take_login(struct nacre_client *client, const struct nacre_connection_config *c)
{
    const struct nacre_client_config *all = &client->all->config;
    char *user = NULL, *password = NULL;

    client->ask = c->user != NULL ? c->ask : all->ask;
    if (!copy_text(&client->known_as, c->known_as != NULL ? c->known_as : all->known_as))
        return false;
    if (c->user == NULL)
        return true;
    client->login = (struct nacre_client_login){
        .keys = c->keys, .key_count = c->key_count, .ask = c->ask != NULL ? client_on_ask : NULL};
    if (copy_text(&user, c->user) && copy_text(&password, c->password)) {
        client->login.user = user;
        client->login.password = password;
        return true;
    }
    free(user);
    return false;
}

/* A client that is not connected yet. NULL: *p has a sentence. */
static struct nacre_client *new_client(struct nacre_clients *all,
                                       const struct nacre_connection_config *config,
                                       const struct errbuf *p)
{
    struct nacre_client *client;

    if (!check_connection(&all->config, config, p))
        return NULL;
    client = all->stopped ? NULL : calloc(1, sizeof *client);
    if (client != NULL)
        client->all = all;
    if (client == NULL || !take_login(client, config)) {
        errbuf_say(p, "cannot connect to %s: %s", config->address,
                   all->stopped ? "the client is shutting down" : strerror(ENOMEM));
        client_release(client);
        return NULL;
    }
    client->context = config->context;
    client->fd = client->pump.fd = -1;
    client->connecting.ready = on_connecting;
    client->connect_timer.fire = on_connect_timer;
    client->failure.run = client_on_failure;
    return client;
}

/* ---- a socket that is connected ---- */

/* False: with errno. */
static bool prepare_socket(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static bool name_client(struct nacre_client *client, const char *address, const struct errbuf *p)
{
    const char *port;

    if (strlen(address) >= CLIENT_ADDRESS_MAX)
        return errbuf_say(p, "%.40s...: longer than %d bytes", address, CLIENT_ADDRESS_MAX - 1);
    memcpy(client->address, address, strlen(address) + 1);
    if (connect_is_unix(address)) { /* known_hosts has it by that name */
        memcpy(client->host, address, strlen(address) + 1);
        client->port = SSH_PORT;
        return true;
    }
    if (!read_address(address, client->host, &port, p))
        return false;
    (void)number_port(port, &client->port);
    return true;
}

/* The session begins as when connect has succeeded: in the loop. fd and client (NULL: *p has a
 * sentence) belong to the result, and are gone if that is NULL. */
static struct nacre_client *use_socket(struct nacre_client *client, int fd, const char *address,
                                       const struct errbuf *p)
{
    bool good = client != NULL && name_client(client, address, p);

    if (good &&
        !(prepare_socket(fd) && loop_watch(&client->all->loop, fd, &client->connecting, EPOLLOUT)))
        good = errbuf_say(p, "cannot use descriptor %d for %s: %s", fd, address, strerror(errno));
    if (!good) {
        (void)close(fd);
        client_release(client);
        return NULL;
    }
    client->fd = fd;
    add(client->all, client);
    return client;
}

static struct nacre_client *use_unix(struct nacre_client *client, const char *address,
                                     const struct errbuf *p)
{
    int fd = connect_unix(address, p);

    if (fd >= 0)
        return use_socket(client, fd, address, p);
    client_release(client);
    return NULL;
}

/* ---- the calls ---- */

struct nacre_client *nacre_client_connect_with(struct nacre_clients *all,
                                               const struct nacre_connection_config *config,
                                               char *errbuf, size_t size)
{
    uint32_t connect_ms = all->config.connect_ms != 0 ? all->config.connect_ms : CONNECT_MS;
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_connection_config c;
    struct nacre_client *client;

    if (!version_check("struct nacre_connection_config", config->version, &p))
        return NULL;
    growth_copy(&config_growth, &c, config, config->version);
    client = new_client(all, &c, &p);
    if (client != NULL && connect_is_unix(c.address))
        return use_unix(client, c.address, &p);
    if (client == NULL || !look_up(client, c.address, &p)) {
        client_release(client);
        return NULL;
    }
    add(all, client);
    loop_update_clock(&all->loop);
    client->give_up_ms = all->loop.now_ms + connect_ms;
    set_connect_timer(client);
    try_address(client, 0);
    return client;
}

struct nacre_client *nacre_client_connect(struct nacre_clients *all, const char *address,
                                          void *context, char *errbuf, size_t size)
{
    const struct nacre_connection_config config = {
        .version = NACRE_VERSION_NUMBER, .address = address, .context = context};

    return nacre_client_connect_with(all, &config, errbuf, size);
}

struct nacre_client *nacre_client_adopt(struct nacre_clients *all, int fd, const char *address,
                                        void *context, char *errbuf, size_t size)
{
    const struct nacre_connection_config config = {
        .version = NACRE_VERSION_NUMBER, .address = address, .context = context};
    const struct errbuf p = errbuf_in(errbuf, size);

    return use_socket(new_client(all, &config, &p), fd, address, &p);
}
