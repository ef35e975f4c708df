/* Every public function from inside every callback of a server and of clients, on sockets. See
 * callbacks.h. */
#include "tests/callbacks/sockets.h"
#include "transport/key_pair.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TURNS = 100, TURN_MS = 5, DRAIN_MS = 50 };

static struct nacre_server *take_server(void)
{
    struct nacre_server *server;

    (void)pthread_mutex_lock(&server_lock);
    server = parties[NACRE_SERVER].server;
    parties[NACRE_SERVER].server = NULL;
    (void)pthread_mutex_unlock(&server_lock);
    return server;
}

/* A server that an action has freed is gone when it stops running. */
static void *run_server(void *at)
{
    struct party *p = at;
    struct nacre_server *server;

    on_server_thread = true;
    nacre_server_run(p->server);
    helpers_finish(p);
    server = take_server();
    nacre_server_free(server);
    if (p->pending != NULL)
        nacre_decide(p->pending, true);
    return NULL;
}

static pthread_t start_server(void)
{
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    static const struct nacre_key *keys[2];
    static const struct nacre_limits limits = {.auth_delay_ms = NACRE_UNLIMITED};
    static const struct nacre_admission admission = {
        .max_connections = 1000, .per_source_startups = 1, .no_penalties = true};
    struct rlimit few = {256, 256};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                         .listen = loopback,
                                         .host_keys = keys,
                                         .kex = "curve25519-sha256",
                                         .channels_max = 3,
                                         .drain_ms = DRAIN_MS,
                                         .limits = &limits,
                                         .admission = &admission};
    static char address[64]; /* outlives the server */
    char errbuf[512] = "";
    pthread_t thread;

    (void)setrlimit(RLIMIT_NOFILE, &few); /* trouble: 1000 connections are too many */
    keys[0] = things.key;
    server_script(&config);
    parties[NACRE_SERVER].server = nacre_server_new(&config, errbuf, sizeof errbuf);
    if (parties[NACRE_SERVER].server == NULL)
        fault("no server: %s", errbuf);
    (void)snprintf(address, sizeof address, "%s",
                   nacre_server_address(parties[NACRE_SERVER].server, 0));
    things.address = address;
    nacre_server_report(parties[NACRE_SERVER].server);
    if (pthread_create(&thread, NULL, run_server, &parties[NACRE_SERVER]) != 0)
        fault("no thread");
    return thread;
}

/* A client, and one more that the server refuses. */
static void start_clients(void)
{
    static const struct nacre_key empty = {.type = "ssh-ed25519"}; /* of no use to any server */
    static const struct nacre_key *keys[2] = {&empty};
    struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER,
                                         .user = "alice",
                                         .password = "wrong",
                                         .keys = keys,
                                         .key_count = 2};
    struct party *p = &parties[NACRE_CLIENT];

    keys[1] = things.key;
    client_script(&config);
    p->clients = nacre_clients_new(&config, NULL, 0);
    if (p->clients == NULL)
        fault("no clients");
    helpers_start(p, nacre_clients_loop(p->clients));
    p->client = nacre_client_connect(p->clients, things.address, p, NULL, 0);
    if (p->clients != NULL)
        (void)nacre_client_connect(p->clients, things.address, NULL, NULL, 0);
}

static void tell(void)
{
    struct party *client = &parties[NACRE_CLIENT], *server = &parties[NACRE_SERVER];
    pthread_t thread;

    memset(parties, 0, sizeof parties);
    server->side.role = NACRE_SERVER;
    client->side.role = NACRE_CLIENT;
    thread = start_server();
    start_clients();
    for (int turn = 0; turn < TURNS && client->clients != NULL && client->client != NULL; turn++)
        (void)nacre_clients_run_once(client->clients, TURN_MS);
    helpers_finish(client);
    nacre_clients_free(client->clients);
    (void)pthread_mutex_lock(&server_lock);
    if (server->server != NULL)
        nacre_server_drain(server->server, 0);
    (void)pthread_mutex_unlock(&server_lock);
    (void)pthread_join(thread, NULL);
    (void)close(server->event);
    (void)close(client->event);
    if (client->ended != 1 || server->begun != server->ended)
        fault("clients ended %d times, peers %d of %d", client->ended, server->ended,
              server->begun);
}

void add_tests(struct suite *suite)
{
    static void (*const stories[])(void) = {tell, NULL};

    add_callback_tests(suite, stories, false);
}
