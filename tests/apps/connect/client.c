/* The client: commands, many of them on a loop, and what ends them. */
#include "apps/connect/forwarding.h"
#include "apps/connect/parts.h"
#include "apps/session/endpoint.h"
#include "apps/session/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/notes.h"
#include "tests/support/scarce.h"
#include "tests/support/sockets.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a client that sends a line, and reads it back ---- */

START_TEST(a_command_runs)
{
    const struct nacre_client_config config = config_for();
    struct story s = {.accept = true};
    struct served server;

    serve(&server, "127.0.0.1:0");
    live(&config, address(&server), &s);
    assert_told(&s);
    ck_assert_uint_eq(s.asked, 1);
    ck_assert_int_eq(s.verdict, NACRE_HOST_UNKNOWN);
    end_server(&server);
}
END_TEST

START_TEST(a_command_runs_over_ipv6)
{
    const struct nacre_client_config config = config_for();
    struct story s = {.accept = true};
    struct served server;

    serve(&server, "[::1]:0");
    live(&config, address(&server), &s);
    assert_told(&s);
    end_server(&server);
}
END_TEST

START_TEST(many_clients_share_a_loop)
{
    enum { MANY = 60 };
    const struct nacre_client_config config = config_for();
    static struct story stories[MANY];
    struct nacre_clients *clients = clients_with(&config);
    struct served server;

    serve(&server, "127.0.0.1:0");
    for (int i = 0; i < MANY; i++) {
        stories[i] = (struct story){.accept = true};
        join(clients, address(&server), &stories[i]);
    }
    nacre_clients_run(clients);
    for (int i = 0; i < MANY; i++)
        assert_told(&stories[i]);
    nacre_clients_free(clients);
    end_server(&server);
}
END_TEST

START_TEST(a_wrong_password_ends_the_client)
{
    struct nacre_client_config config = config_for();
    struct story s = {.accept = true};
    struct served server;

    serve(&server, "127.0.0.1:0");
    config.password = "wrong";
    live(&config, address(&server), &s);
    ck_assert_uint_eq(s.ready, 0);
    ck_assert_int_eq(s.why.cause, NACRE_AUTH_FAILED);
    end_server(&server);
}
END_TEST

/* ---- what can go wrong below ---- */

START_TEST(freeing_ends_every_client)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story s[2] = {{.accept = true, .stay = true}, {.accept = true}};
    struct served server;

    serve(&server, "127.0.0.1:0");
    join(clients, address(&server), &s[0]);
    while (s[0].ready == 0)
        ck_assert_uint_eq(nacre_clients_run_once(clients, 100), 1);
    join(clients, address(&server), &s[1]); /* has not connected yet */
    nacre_clients_free(clients);
    ck_assert_uint_eq(s[0].ended, 1);
    ck_assert_uint_eq(s[1].ended, 1);
    end_server(&server);
}
END_TEST

static void *stop_soon(void *clients)
{
    (void)usleep(100 * 1000);
    nacre_clients_stop(clients);
    return NULL;
}

START_TEST(clients_can_be_stopped_from_another_thread)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story s = {.accept = true, .stay = true};
    struct served server;
    pthread_t thread;

    serve(&server, "127.0.0.1:0");
    join(clients, address(&server), &s);
    while (s.ready == 0)
        (void)nacre_clients_run_once(clients, 100);
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, clients), 0);
    nacre_clients_run(clients);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(s.ended, 1);
    ck_assert_int_eq(s.why.cause, NACRE_SHUTTING_DOWN);
    nacre_clients_free(clients);
    end_server(&server);
}
END_TEST

START_TEST(a_connection_without_user_is_refused)
{
    const struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER,
                                               .password = "secret"};
    struct nacre_clients *clients = clients_with(&config);
    char errbuf[512];

    ck_assert_ptr_null(nacre_client_connect(clients, "127.0.0.1:22", NULL, errbuf, sizeof errbuf));
    assert_says(errbuf, "no user to log in as");
    nacre_clients_free(clients);
}
END_TEST

/* ---- a login for each connection ---- */

static char logins[256];

static void on_login(struct nacre_peer *peer, const char *user)
{
    size_t len = strlen(logins);

    (void)snprintf(logins + len, sizeof logins - len, "%s by %s;", user,
                   nacre_login_method(nacre_peer_login(peer), 0));
}

static void any_user(void *peer, struct nacre_decision *decision, const char *user,
                     const char *password)
{
    (void)peer;
    (void)user;
    nacre_decide(decision, nacre_password_equals(password, user)); /* bob's is bob */
}

static void any_key(void *peer, struct nacre_decision *decision, const char *user,
                    const struct nacre_key_offer *offer)
{
    (void)peer;
    (void)offer;
    nacre_decide(decision, strcmp(user, "carol") == 0);
}

static void type_dave(struct nacre_client *client, const struct nacre_ask *ask)
{
    static const char *const typed[] = {"dave"};
    struct story *s = nacre_client_context(client);

    s->asked++;
    nacre_session_respond(nacre_client_session(client), typed, ask->count);
}

static void connect_with(struct nacre_clients *clients, struct nacre_connection_config config,
                         const struct served *server, struct story *story)
{
    char errbuf[512];

    *story = (struct story){.accept = true};
    config.address = address(server);
    config.context = story;
    ck_assert_msg(nacre_client_connect_with(clients, &config, errbuf, sizeof errbuf) != NULL, "%s",
                  errbuf);
    nacre_clients_run(clients);
    ck_assert_uint_eq(story->ended, 1);
}

START_TEST(each_connection_may_log_in_as_another_user)
{
    static const struct nacre_server_events events = {.authenticated = on_login};
    static const struct nacre_auth_policy policy = {.password = any_user, .publickey = any_key};
    struct nacre_client_config config = config_for();
    struct nacre_clients *clients;
    struct story s;
    struct served server = {.server = NULL};
    const struct nacre_key *keys[1];
    char bob[] = "bob", password[] = "bob";

    logins[0] = 0;
    config.user = config.password = "erin";
    clients = clients_with(&config);
    serve_config(&server, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .auth = &policy, .events = &events});
    keys[0] = server.key;
    connect_with(clients,
                 (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER, .user = NULL},
                 &server, &s);
    connect_with(clients,
                 (struct nacre_connection_config){
                     .version = NACRE_VERSION_NUMBER, .user = bob, .password = password},
                 &server, &s);
    connect_with(
        clients,
        (struct nacre_connection_config){
            .version = NACRE_VERSION_NUMBER, .user = "carol", .keys = keys, .key_count = 1},
        &server, &s);
    connect_with(clients,
                 (struct nacre_connection_config){
                     .version = NACRE_VERSION_NUMBER, .user = "dave", .ask = type_dave},
                 &server, &s);
    ck_assert_uint_eq(s.asked, 2); /* about the host key, and for the password */
    connect_with(clients,
                 (struct nacre_connection_config){.version = NACRE_VERSION_NUMBER, .user = "frank"},
                 &server, &s);
    ck_assert_int_eq(s.why.cause, NACRE_AUTH_FAILED); /* with no password, and nobody to ask */
    nacre_clients_free(clients);
    end_server(&server);
    ck_assert_str_eq(logins,
                     "erin by password;bob by password;carol by publickey;dave by password;");
}
END_TEST

START_TEST(an_unknown_algorithm_is_named_in_the_error)
{
    struct nacre_client_config config = config_for();
    char errbuf[1024];

    config.ciphers = "aes128-ctr,rot13";
    ck_assert_ptr_null(nacre_clients_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "cipher 'rot13' is not known; known are");
}
END_TEST

START_TEST(a_server_says_what_is_wrong_with_its_configuration)
{
    const struct nacre_server_config nothing = {.version = NACRE_VERSION_NUMBER, .kex = NULL};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                         .listen = (const char *[]){"127.0.0.1:0", NULL},
                                         .host_key_file = scratch_path("host_key"),
                                         .kex = "rot13"};
    char errbuf[1024];

    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "key exchange 'rot13' is not known");
    config.kex = NULL;
    config.listen = (const char *[]){"127.0.0.1", NULL};
    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "ADDR:PORT");
    ck_assert_ptr_null(nacre_server_new(&config, NULL, 0));
    ck_assert_ptr_null(nacre_server_new(&nothing, errbuf, sizeof errbuf));
    assert_says(errbuf, "no host key");
}
END_TEST

static const struct nacre_channel_app *look_up_nothing(void *context, const char *type)
{
    (void)context;
    (void)type;
    return NULL;
}

static enum nacre_answer refuse_request(void *context, const struct nacre_global_request *request,
                                        uint32_t *port)
{
    (void)context;
    (void)request;
    (void)port;
    return NACRE_REFUSE;
}

static void ignore_answer(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)granted;
    (void)data;
    (void)len;
}

static _Atomic unsigned randoms;

/* Not random at all. */
static void count_random(void *context, uint8_t *out, size_t len)
{
    memset(out, (int)++*(_Atomic unsigned *)context, len);
}

/* A session of theirs takes memory from the allocator, and asks for randomness. */
START_TEST(clients_may_bring_memory_and_randomness)
{
    struct nacre_client_config config = config_for();
    struct nacre_clients *clients;
    struct served server;
    struct scarce scarce;
    struct story s = {.accept = true};

    scarce_init(&scarce, 0, false);
    randoms = 0;
    config.memory = &scarce.memory;
    config.random = count_random;
    config.random_context = &randoms;
    serve(&server, "127.0.0.1:0");
    clients = clients_with(&config);
    join(clients, address(&server), &s);
    nacre_clients_run(clients);
    assert_told(&s);
    ck_assert_uint_gt(scarce.count, 0);
    ck_assert_uint_gt(randoms, 0);
    nacre_clients_free(clients);
    ck_assert_uint_eq(scarce.in_use, 0);
    end_server(&server);
}
END_TEST

static uint32_t set_version; /* of an endpoint; there may be only one version yet */

OWN(void, endpoint_set_version, struct nacre_endpoint *e, uint32_t version)
{
    ck_assert_ptr_nonnull(e);
    set_version = version;
}

START_TEST(sessions_have_the_whole_configuration)
{
    static const struct nacre_observer observer = {.packet = NULL};
    struct nacre_client_config c = config_for();
    const struct nacre_client_config *own;
    const struct nacre_endpoint_config *e;
    struct nacre_budget *budget = nacre_budget_new(1 << 20, NULL);
    struct nacre_clients *clients;
    struct scarce scarce;

    scarce_init(&scarce, 0, false);
    c.version = 0x000100; /* of the program's headers */
    c.lookup = look_up_nothing;
    c.global_request = refuse_request;
    c.global_replied = ignore_answer;
    c.observer = &observer;
    c.forwarding = &(struct nacre_forwarding){.connect_ms = 5};
    c.channels_max = 3;
    c.packet_max = 4096;
    c.login_grace_ms = 4000;
    c.limits = &(struct nacre_limits){.handshake_ms = 5000};
    c.rekey_bytes = 1 << 20;
    c.rekey_ms = 60 * 1000;
    c.kex = "curve25519-sha256";
    c.host_key_algorithms = "ssh-ed25519";
    c.public_key = "ssh-ed25519";
    c.ciphers = "aes128-ctr";
    c.macs = "hmac-sha2-256";
    c.require_strict_kex = true;
    c.memory = c.secrets = &scarce.memory;
    c.budget = budget;
    c.random = count_random;
    c.random_context = &randoms;
    clients = clients_with(&c);
    own = &clients->config; /* the structs that the caller's points to are copied */
    ck_assert(own->forwarding == &clients->forwarding && own->observer == &clients->observer);
    ck_assert(own->memory == &clients->memory && own->secrets == &clients->secrets);
    ck_assert(own->limits == &clients->limits && own->forwarding->connect_ms == 5);
    e = &clients->endpoint->config;
    ck_assert_uint_eq(set_version, 0x000100);
    ck_assert(e->lookup == client_lookup && clients->config.lookup == c.lookup);
    ck_assert(e->global_replied == client_global_replied);
    ck_assert(clients->config.global_replied == c.global_replied);
    ck_assert(e->global_request == c.global_request && e->observer->message == observer.message);
    ck_assert(e->channels_max == 3 && e->packet_max == 4096 && e->login_grace_ms == 4000);
    ck_assert(e->limits->handshake_ms == 5000);
    ck_assert(e->rekey_bytes == 1 << 20 && e->rekey_ms == 60 * 1000);
    ck_assert_ptr_eq(e->kex, c.kex);
    ck_assert_ptr_eq(e->host_key, c.host_key_algorithms);
    ck_assert_ptr_eq(e->public_key, c.public_key);
    ck_assert_ptr_eq(e->ciphers, c.ciphers);
    ck_assert_ptr_eq(e->macs, c.macs);
    ck_assert(e->require_strict_kex && e->ask == NULL);
    ck_assert(e->memory->context == c.memory->context &&
              e->secrets->context == c.secrets->context && e->budget == budget);
    ck_assert(e->random == count_random && e->random_context == &randoms);
    nacre_clients_free(clients);
    nacre_budget_free(budget);
}
END_TEST

START_TEST(stopping_keeps_errno_and_the_wait_is_known)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);

    ck_assert_uint_eq(nacre_clients_timeout(clients), UINT32_MAX); /* nothing is due */
    for (int i = 0; i < 3; i++) {
        errno = ENOENT;
        nacre_clients_stop(clients);
        ck_assert_int_eq(errno, ENOENT);
    }
    (void)nacre_clients_run_once(clients, 0);
    ck_assert_uint_gt(nacre_clients_timeout(clients), 4 * 1000); /* it drains for five seconds */
    ck_assert_uint_le(nacre_clients_timeout(clients), 5 * 1000);
    nacre_clients_free(clients);
}
END_TEST

/* The server says nothing, and is not waited for any longer. */
START_TEST(when_the_time_to_drain_is_over_a_run_ends)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story story = {0};
    uint16_t port;
    int silent = listen_at(&port);
    char place[32], errbuf[256] = "";

    (void)snprintf(place, sizeof place, "127.0.0.1:%u", (unsigned)port);
    ck_assert_msg(nacre_client_connect(clients, place, &story, errbuf, sizeof errbuf) != NULL, "%s",
                  errbuf);
    clients->drain_timer.fire(&clients->drain_timer);
    nacre_clients_run(clients);
    ck_assert_uint_eq(nacre_clients_run_once(clients, 0), 1);
    nacre_clients_free(clients);
    (void)close(silent);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, when_the_time_to_drain_is_over_a_run_ends);
    add_test(suite, a_command_runs);
    add_test(suite, a_command_runs_over_ipv6);
    add_test(suite, many_clients_share_a_loop);
    add_test(suite, a_wrong_password_ends_the_client);
    add_test(suite, freeing_ends_every_client);
    add_test(suite, clients_can_be_stopped_from_another_thread);
    add_test(suite, a_connection_without_user_is_refused);
    add_test(suite, each_connection_may_log_in_as_another_user);
    add_test(suite, an_unknown_algorithm_is_named_in_the_error);
    add_test(suite, a_server_says_what_is_wrong_with_its_configuration);
    add_test(suite, clients_may_bring_memory_and_randomness);
    add_test(suite, sessions_have_the_whole_configuration);
    add_test(suite, stopping_keeps_errno_and_the_wait_is_known);
}
