#include "apps/connect/client.h"
#include "apps/files/key_file.h"
#include "apps/server/server.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server to talk to ---- */

struct served {
    struct nacre_server *server;
    struct nacre_key *key, *other;
    const struct nacre_key *keys[3]; /* both */
    pthread_t thread;
};

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    (void)peer;
    nacre_decide(decision, nacre_password_equals(given, "secret") && strcmp(user, "alice") == 0);
}

static enum nacre_answer grant_exec(struct nacre_channel *ch, const struct nacre_request *asked)
{
    (void)ch;
    return asked->kind == NACRE_REQUEST_EXEC ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t send_back(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static void close_at_eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 3);
    nacre_channel_close(ch);
}

static const struct nacre_auth_policy policy = {.password = login};
static const struct nacre_channel_app cat = {
    .request = grant_exec, .data = send_back, .eof = close_at_eof};

static void *run_server(void *at)
{
    nacre_server_run(at);
    return NULL;
}

/* With an Ed25519 key, and, if it has another, with that one too. */
static void serve_with(struct served *s, const char *listen, const char *other)
{
    const char *const addresses[] = {listen, NULL};
    char errbuf[512];
    struct nacre_server_config config = {.listen = addresses, .auth = &policy, .session = &cat};

    *s = (struct served){.server = NULL};
    if (other != NULL) {
        s->other = nacre_key_read(scratch_write("other_key", other, 0600), errbuf, sizeof errbuf);
        ck_assert_msg(s->other != NULL, "%s", errbuf);
    }
    s->key = nacre_key_make(scratch_path("host_key"), errbuf, sizeof errbuf);
    ck_assert_msg(s->key != NULL, "%s", errbuf);
    s->keys[0] = s->key;
    s->keys[1] = s->other;
    config.host_keys = s->keys;
    s->server = nacre_server_new(&config, errbuf, sizeof errbuf);
    ck_assert_msg(s->server != NULL, "%s", errbuf);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run_server, s->server), 0);
}

static void serve(struct served *s, const char *listen)
{
    serve_with(s, listen, NULL);
}

static void end_server(struct served *s)
{
    nacre_server_stop(s->server);
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
    nacre_server_free(s->server);
    nacre_key_free(s->key);
    nacre_key_free(s->other);
}

static const char *address(const struct served *s)
{
    return nacre_server_address(s->server, 0);
}

/* ---- a client that sends a line, and reads it back ---- */

struct story {
    unsigned ready, ended, closed, asked;
    size_t got;
    uint32_t exit_status;
    struct nacre_end why;
    char text[1024];
    enum nacre_host_verdict verdict;
    bool accept; /* any host key */
    bool stay;   /* open no channel */
};

static struct story *story_of(const struct nacre_channel *ch)
{
    return nacre_client_context(nacre_channel_context(ch));
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    ck_assert(nacre_channel_exec(ch, "cat"));
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    ck_assert(granted);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello\n", 6), 6);
    nacre_channel_eof(ch);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    story_of(ch)->got += len;
    return len;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    if (request->kind == NACRE_REQUEST_EXIT_STATUS)
        story_of(ch)->exit_status = request->exit_status;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    story_of(ch)->closed++;
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app app = {.open = on_open,
                                             .replied = on_replied,
                                             .data = on_data,
                                             .request = on_request,
                                             .closed = on_closed};

static void on_ready(struct nacre_client *client)
{
    struct story *s = nacre_client_context(client);

    s->ready++;
    if (!s->stay)
        ck_assert_ptr_nonnull(
            nacre_session_open(nacre_client_session(client), "session", &app, NULL, NULL, 0));
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct story *s = nacre_client_context(client);

    s->ended++;
    s->why = *why;
    (void)snprintf(s->text, sizeof s->text, "%s", why->text);
}

static bool on_host_key(struct nacre_client *client, const struct nacre_host_key *shown,
                        enum nacre_host_verdict verdict, const char *sentence)
{
    struct story *s = nacre_client_context(client);

    ck_assert_uint_gt(shown->len, 0);
    ck_assert_str_ne(sentence, "");
    s->asked++;
    s->verdict = verdict;
    return s->accept;
}

static struct nacre_client_config config_for(void)
{
    return (struct nacre_client_config){.user = "alice",
                                        .password = "secret",
                                        .host_key = on_host_key,
                                        .ready = on_ready,
                                        .ended = on_ended};
}

static struct nacre_clients *clients_with(const struct nacre_client_config *config)
{
    char errbuf[512];
    struct nacre_clients *clients = nacre_clients_new(config, errbuf, sizeof errbuf);

    ck_assert_msg(clients != NULL, "%s", errbuf);
    return clients;
}

static void join(struct nacre_clients *clients, const char *where, struct story *s)
{
    char errbuf[512];

    ck_assert_msg(nacre_client_connect(clients, where, s, errbuf, sizeof errbuf) != NULL, "%s",
                  errbuf);
}

/* One client from its beginning to its end. */
static void live(const struct nacre_client_config *config, const char *where, struct story *s)
{
    struct nacre_clients *clients = clients_with(config);

    join(clients, where, s);
    ck_assert_uint_eq(s->ended, 0);
    nacre_clients_run(clients);
    ck_assert_uint_eq(s->ended, 1);
    nacre_clients_free(clients);
    ck_assert_uint_eq(s->ended, 1);
}

static void assert_told(const struct story *s)
{
    ck_assert_msg(s->why.cause == NACRE_WE_CLOSED, "%s: %s", nacre_cause_text(s->why.cause),
                  s->text);
    ck_assert_uint_eq(s->ready, 1);
    ck_assert_uint_eq(s->closed, 1);
    ck_assert_uint_eq(s->got, 6);
    ck_assert_uint_eq(s->exit_status, 3);
}

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

START_TEST(over_ipv6_too)
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

START_TEST(a_wrong_password_ends_it)
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

/* ---- whether it is the right server ---- */

static void remember(const struct nacre_key *key, const char *file, const char *where)
{
    const struct nacre_known_hosts hosts = {.file = file};
    struct nacre_host_key shown = {.host = "127.0.0.1"};
    char errbuf[512];

    shown.port = (uint16_t)atoi(strrchr(where, ':') + 1);
    shown.key = nacre_key_blob(key, &shown.len);
    ck_assert_msg(nacre_known_hosts_add(&hosts, &shown, true, errbuf, sizeof errbuf), "%s", errbuf);
}

START_TEST(a_known_host_is_accepted_without_a_question)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve(&server, "127.0.0.1:0");
    remember(server.key, hosts.file, address(&server));
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    end_server(&server);
}
END_TEST

/* Ed25519 comes first by itself; the server has a key of another type too, which is the known one.
 */
START_TEST(of_several_keys_a_known_one_is_asked_for)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve_with(&server, "127.0.0.1:0", openssh_nistp256);
    remember(server.other, hosts.file, address(&server));
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    config.host_key_algorithms = "ssh-ed25519"; /* the program's own list stays as it is */
    s = (struct story){0};
    live(&config, address(&server), &s);
    assert_says(s.text, "HAS CHANGED");
    end_server(&server);
}
END_TEST

START_TEST(known_under_another_name)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;

    serve(&server, "127.0.0.1:0");
    remember(server.key, hosts.file, "127.0.0.1:1");
    config.known_hosts = &hosts;
    config.known_as = "127.0.0.1:1";
    config.host_key = NULL;
    live(&config, address(&server), &s);
    assert_told(&s);
    end_server(&server);
}
END_TEST

/* Refused: no login is tried, and the end tells a person why. */
static void assert_refused(const char *line, const char *says)
{
    struct nacre_known_hosts hosts = {.file = scratch_path("known_hosts")};
    struct nacre_client_config config = config_for();
    struct story s = {0};
    struct served server;
    char command[1024];

    serve(&server, "127.0.0.1:0");
    (void)snprintf(command, sizeof command,
                   "k=$(cut -d' ' -f1,2 '%s.pub'); o='ssh-ed25519 "
                   "AAAAC3NzaC1lZDI1NTE5AAAAIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVn';"
                   " h='[127.0.0.1]:%s'; printf '%s\\n' >'%s'",
                   scratch_path("host_key"), strrchr(address(&server), ':') + 1, line, hosts.file);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): names that we made */
    config.known_hosts = &hosts;
    config.host_key = NULL;
    live(&config, address(&server), &s);
    ck_assert_uint_eq(s.ready, 0);
    assert_says(s.text, says);
    end_server(&server);
}

START_TEST(a_changed_host_key_is_refused)
{
    assert_refused("'\"$h $o\"'", "HAS CHANGED");
}
END_TEST

START_TEST(a_revoked_host_key_is_refused)
{
    assert_refused("'\"$h $k\"'\\n@revoked * '\"$k\"'", "REVOKED");
}
END_TEST

START_TEST(an_unknown_host_is_refused)
{
    assert_refused("", "is not known");
}
END_TEST

/* ---- what can go wrong below ---- */

static int listen_on_loopback(char where[64], int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)sprintf(where, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

START_TEST(nobody_listens)
{
    const struct nacre_client_config config = config_for();
    struct story s = {0};
    char where[64];
    int fd = listen_on_loopback(where, -1); /* bound, so that it is nobody else's */

    live(&config, where, &s);
    ck_assert_int_eq(s.why.cause, NACRE_CONNECTION_LOST);
    assert_says(s.text, "cannot connect to 127.0.0.1:");
    assert_says(s.text, "refused");
    (void)close(fd);
}
END_TEST

START_TEST(nobody_accepts)
{
    struct nacre_client_config config = config_for();
    struct story s[4] = {{0}};
    struct nacre_clients *clients;
    char where[64];
    int fd = listen_on_loopback(where, 0); /* takes one or two, and lets the others wait */

    config.connect_ms = 300;
    config.login_grace_ms = 300;
    clients = clients_with(&config);
    for (int i = 0; i < 4; i++)
        join(clients, where, &s[i]);
    nacre_clients_run(clients);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(s[i].ended, 1);
        ck_assert_int_eq(s[i].why.cause, NACRE_TIMED_OUT);
    }
    nacre_clients_free(clients);
    (void)close(fd);
}
END_TEST

START_TEST(addresses_that_are_none)
{
    static const char *const bad[] = {"",
                                      "localhost",
                                      "localhost:",
                                      ":22",
                                      "::1:22",
                                      "[::1]",
                                      "localhost:65536",
                                      "localhost:ssh",
                                      "no.such.host.invalid:22"};
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    char errbuf[512];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(nacre_client_connect(clients, bad[i], NULL, errbuf, sizeof errbuf) == NULL,
                      "%s", bad[i]);
        ck_assert_str_ne(errbuf, "");
    }
    nacre_clients_run(clients); /* nobody is there: returns */
    nacre_clients_free(clients);
}
END_TEST

START_TEST(closed_before_it_was_connected)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story s = {0};
    char where[64], errbuf[512];
    int fd = listen_on_loopback(where, 5);
    struct nacre_client *client = nacre_client_connect(clients, where, &s, errbuf, sizeof errbuf);

    nacre_client_close(client, "never mind");
    nacre_client_close(client, "never mind");
    ck_assert_uint_eq(s.ended, 0);
    nacre_clients_run(clients);
    ck_assert_uint_eq(s.ended, 1);
    ck_assert_int_eq(s.why.cause, NACRE_WE_CLOSED);
    nacre_clients_free(clients);
    (void)close(fd);
}
END_TEST

START_TEST(freeing_ends_what_still_runs)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story s[2] = {{.accept = true, .stay = true}, {.accept = true}};
    struct served server;

    serve(&server, "127.0.0.1:0");
    join(clients, address(&server), &s[0]);
    while (s[0].ready == 0)
        ck_assert_uint_eq(nacre_clients_turn(clients, 100), 1);
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

START_TEST(stopped_from_another_thread)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story s = {.accept = true, .stay = true};
    struct served server;
    pthread_t thread;

    serve(&server, "127.0.0.1:0");
    join(clients, address(&server), &s);
    while (s.ready == 0)
        (void)nacre_clients_turn(clients, 100);
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, clients), 0);
    nacre_clients_run(clients);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(s.ended, 1);
    ck_assert_int_eq(s.why.cause, NACRE_SHUTTING_DOWN);
    nacre_clients_free(clients);
    end_server(&server);
}
END_TEST

START_TEST(nobody_logs_in_without_a_user)
{
    const struct nacre_client_config config = {.password = "secret"};
    char errbuf[512];

    ck_assert_ptr_null(nacre_clients_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "user");
}
END_TEST

START_TEST(an_algorithm_that_is_not_known_is_named)
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
    const struct nacre_server_config nothing = {.kex = NULL};
    struct nacre_server_config config = {.listen = (const char *[]){"127.0.0.1:0", NULL},
                                         .host_key_file = scratch_path("host_key"),
                                         .kex = "rot13"};
    char errbuf[1024];

    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "key exchange 'rot13' is not known");
    config.kex = NULL;
    config.listen = (const char *[]){"127.0.0.1", NULL};
    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "HOST:PORT");
    ck_assert_ptr_null(nacre_server_new(&config, NULL, 0));
    ck_assert_ptr_null(nacre_server_new(&nothing, errbuf, sizeof errbuf));
    assert_says(errbuf, "no host key");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_command_runs);
    add_test(suite, over_ipv6_too);
    add_test(suite, many_clients_share_a_loop);
    add_test(suite, a_wrong_password_ends_it);
    add_test(suite, a_known_host_is_accepted_without_a_question);
    add_test(suite, of_several_keys_a_known_one_is_asked_for);
    add_test(suite, known_under_another_name);
    add_test(suite, a_changed_host_key_is_refused);
    add_test(suite, a_revoked_host_key_is_refused);
    add_test(suite, an_unknown_host_is_refused);
    add_test(suite, nobody_listens);
    add_test(suite, nobody_accepts);
    add_test(suite, addresses_that_are_none);
    add_test(suite, closed_before_it_was_connected);
    add_test(suite, freeing_ends_what_still_runs);
    add_test(suite, stopped_from_another_thread);
    add_test(suite, nobody_logs_in_without_a_user);
    add_test(suite, an_algorithm_that_is_not_known_is_named);
    add_test(suite, a_server_says_what_is_wrong_with_its_configuration);
}
