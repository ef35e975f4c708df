/* Forwards of a client and a server with their own loops and threads. */
#include "apps/forward/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/sockets.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct served served;
static struct nacre_clients *clients;
static struct nacre_client *client;
static struct nacre_forwards *forwards;
static char told[256];           /* the events of the client's forwards */
static struct nacre_target last; /* of the latest one */
static unsigned granted, refused, ended;
static atomic_uint asked_to_forward, asked_otherwise, looked_up; /* of the server's program */
static _Atomic(const struct nacre_channel_app *) servers_own;

/* Until it is true; fails after half a minute. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        time_t until = time(NULL) + 30;                                                            \
        while (!(condition)) {                                                                     \
            ck_assert_msg(time(NULL) < until, "%s; %s", #condition, told);                         \
            (void)nacre_clients_run_once(clients, 5);                                              \
        }                                                                                          \
    } while (0)

/* ---- the server ---- */

static bool yes(void *context, const struct nacre_target *target)
{
    return context != NULL && target != NULL;
}

static enum nacre_answer
on_global_request(void *context, const struct nacre_global_request *request, uint32_t *port)
{
    static const struct nacre_channel_app plain = {.open = NULL};

    (void)port;
    if (request->kind == NACRE_GLOBAL_OTHER)
        asked_otherwise++;
    else
        asked_to_forward++;
    (void)nacre_session_open_channel(nacre_peer_session(context), "yours@nacre", &plain, NULL, NULL,
                                     0);
    return request->kind == NACRE_GLOBAL_OTHER ? NACRE_GRANT : NACRE_REFUSE;
}

static const struct nacre_channel_app *servers_lookup(void *context, const char *type)
{
    (void)context;
    looked_up++;
    return strcmp(type, "mine@nacre") == 0 ? servers_own : NULL;
}

/* ---- the client ---- */

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    static const char *const words[] = {"connected", "failed", "listening", "stopped", "accepted"};
    size_t n = strlen(told);

    ck_assert_ptr_eq(context, client);
    last = *target;
    (void)snprintf(told + n, sizeof told - n, "%s%s%s;", words[event], text[0] != 0 ? " " : "",
                   text);
}

static void on_replied(void *context, bool good, const uint8_t *data, size_t len)
{
    (void)data;
    ck_assert_ptr_eq(context, client);
    ck_assert_uint_eq(len, 0);
    granted += good;
    refused += !good;
}

static unsigned opened_here;

static enum nacre_answer on_open_here(struct nacre_channel *ch)
{
    (void)ch;
    opened_here++;
    return NACRE_GRANT;
}

static const struct nacre_channel_app *clients_lookup(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.open = on_open_here};

    ck_assert_ptr_eq(context, client);
    return strcmp(type, "yours@nacre") == 0 ? &app : NULL;
}

/* Once the session has ended there are no forwards. */
static void on_ended(struct nacre_client *at, const struct nacre_end *why)
{
    (void)why;
    ck_assert_ptr_null(nacre_client_forwards(at));
    ended++;
}

static void on_ready(struct nacre_client *at)
{
    forwards = nacre_client_forwards(at);
    ck_assert_ptr_nonnull(forwards);
    ck_assert_ptr_eq(nacre_client_forwards(at), forwards);
}

static void begin(struct nacre_server_config server)
{
    static const struct nacre_forwarding policy = {.event = on_event};
    struct nacre_client_config config = config_for();
    char errbuf[512];

    server.version = NACRE_VERSION_NUMBER;
    server.global_request = on_global_request;
    serve_config(&served, server);
    config.forwarding = &policy;
    config.global_replied = on_replied;
    config.lookup = clients_lookup;
    config.host_key = on_host_key;
    config.ready = on_ready;
    config.ended = on_ended;
    clients = clients_with(&config);
    client = nacre_client_connect(clients, address(&served), &(struct story){.accept = true},
                                  errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(client);
    ck_assert_ptr_null(nacre_client_forwards(client)); /* it is not connected */
    AWAIT(forwards != NULL);
}

static void end(void)
{
    nacre_client_close(client, "done");
    AWAIT(ended == 1);
    nacre_clients_free(clients);
    end_server(&served);
}

static void ask_otherwise(void)
{
    ck_assert_int_eq(
        nacre_session_global_request(nacre_client_session(client), "x@nacre", true, "", 0),
        NACRE_SEND_DONE);
}

static void check_joined(const struct nacre_target *at, int listener)
{
    int here = connect_to(at), there = -1;
    char byte = 0;

    AWAIT((there = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
    ck_assert_int_eq(write(here, "x", 1), 1);
    AWAIT(read(there, &byte, 1) == 1);
    ck_assert_int_eq(byte, 'x');
    (void)close(there);
    AWAIT(read(here, &byte, 1) == 0);
    (void)close(here);
}

/* Both ends look up a name, on other threads. Other requests are the program's. */
START_TEST(connections_go_through_the_server_and_through_the_client)
{
    struct nacre_forward_listener *l;
    char target[64], errbuf[256];
    uint16_t port;
    int listener = listen_at(&port);

    begin((struct nacre_server_config){
        .forwarding = &(struct nacre_forwarding){.may_connect = yes, .may_listen = yes}});
    (void)snprintf(target, sizeof target, "localhost:%u", port);
    ask_otherwise();
    ck_assert_int_eq(nacre_forward_remote(forwards, "localhost:0", target, false), NACRE_SEND_DONE);
    ask_otherwise();
    AWAIT(strcmp(told, "listening;") == 0 && granted == 2);
    check_joined(&last, listener);
    ck_assert_str_eq(told, "listening;connected;");
    l = nacre_forward_listen(forwards, "127.0.0.1:0", "direct-tcpip", target, errbuf,
                             sizeof errbuf);
    ck_assert_msg(l != NULL, "%s", errbuf);
    check_joined(nacre_forward_target(l), listener);
    ck_assert_uint_eq(asked_to_forward, 0);
    ck_assert_uint_eq(asked_otherwise, 2);
    ck_assert_uint_eq(opened_here, 2); /* of the client's own type */
    ck_assert(granted == 2 && refused == 0);
    (void)close(listener);
    end();
}
END_TEST

START_TEST(a_server_without_forwarding_asks_its_program)
{
    begin((struct nacre_server_config){.forwarding = NULL});
    ck_assert_int_eq(nacre_forward_remote(forwards, "localhost:0", "127.0.0.1:1", false),
                     NACRE_SEND_DONE);
    AWAIT(strcmp(told, "failed the server refused the request;") == 0);
    ck_assert_uint_eq(asked_to_forward, 1);
    ck_assert(granted == 0 && refused == 0);
    end();
}
END_TEST

static unsigned opened, not_opened;

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    (void)ch;
    opened++;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    not_opened += why->cause == NACRE_OPEN_REFUSED;
}

static void open_channel(const char *type)
{
    static const struct nacre_channel_app app = {.open = on_open, .closed = on_closed};

    ck_assert_ptr_nonnull(
        nacre_session_open_channel(nacre_client_session(client), type, &app, NULL, NULL, 0));
}

/* The program's own types come first, and `session` is in place of its lookup. */
START_TEST(forwarding_leaves_the_programs_channels_to_it)
{
    static const struct nacre_channel_app app = {.open = NULL};

    servers_own = &app;
    begin((struct nacre_server_config){.lookup = _i == 0 ? servers_lookup : NULL,
                                       .forwarding = &(struct nacre_forwarding){.event = NULL}});
    open_channel("mine@nacre");
    open_channel("session");
    AWAIT(opened + not_opened == 2);
    ck_assert_uint_eq(opened, 1); /* the first one, or the second */
    ck_assert_uint_eq(looked_up, _i == 0 ? 2 : 0);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, connections_go_through_the_server_and_through_the_client);
    add_test(suite, a_server_without_forwarding_asks_its_program);
    add_loop(suite, forwarding_leaves_the_programs_channels_to_it, 0, 2);
}
