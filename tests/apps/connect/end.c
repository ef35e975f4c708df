/* The end of clients: in every phase of a connection, and from inside their own last callback. What
 * every other callback may do is tested in tests/callbacks. */
#include "tests/support/client_story.h"
#include "tests/support/wiped.h"

#include <string.h>

static struct nacre_clients *clients;

/* From the first SYN to the closed socket: an iteration handles one event or few. */
START_TEST(clients_can_be_freed_in_every_phase)
{
    const struct nacre_client_config config = config_for();
    struct story s = {.accept = true};
    struct served server;

    serve(&server, "127.0.0.1:0");
    clients = clients_with(&config);
    join(clients, address(&server), &s);
    for (int i = 0; i < _i; i++)
        (void)nacre_clients_run_once(clients, 10);
    nacre_clients_free(clients);
    ck_assert_uint_eq(s.ended, 1);
    end_server(&server);
}
END_TEST

static unsigned ended;

static void free_in_ended(struct nacre_client *client, const struct nacre_end *why)
{
    char errbuf[256] = "";

    (void)client;
    (void)why;
    if (ended++ > 0)
        return;
    nacre_clients_free(clients);
    nacre_clients_free(clients); /* it is not carried out yet: nothing happens */
    nacre_clients_run(clients);
    ck_assert_uint_eq(nacre_clients_run_once(clients, 10), 2);
    ck_assert_ptr_null(nacre_client_connect(clients, "127.0.0.1:1", NULL, errbuf, sizeof errbuf));
    assert_says(errbuf, "shutting down");
}

/* Nothing listens there: both clients end without a session. */
START_TEST(clients_can_be_freed_inside_ended)
{
    struct nacre_client_config config = config_for();
    struct story s;

    config.ended = free_in_ended;
    clients = clients_with(&config);
    join(clients, "127.0.0.1:1", &s);
    join(clients, "127.0.0.1:1", &s);
    nacre_clients_run(clients);
    ck_assert_uint_eq(ended, 2);
}
END_TEST

static void connect_in_ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)client;
    (void)why;
    ended++;
    ck_assert_ptr_null(nacre_client_connect(clients, "127.0.0.1:1", NULL, NULL, 0));
}

START_TEST(a_client_that_is_freed_cannot_reconnect)
{
    struct nacre_client_config config = config_for();
    struct story s;

    config.ended = connect_in_ended;
    clients = clients_with(&config);
    join(clients, "127.0.0.1:1", &s);
    nacre_clients_free(clients);
    ck_assert_uint_eq(ended, 1);
}
END_TEST

START_TEST(a_connections_own_login_is_wiped)
{
    const struct nacre_client_config config = config_for();
    struct story s = {0};
    const struct nacre_connection_config own = {.version = NACRE_VERSION_NUMBER,
                                                .address = "127.0.0.1:1",
                                                .context = &s,
                                                .user = "bob",
                                                .password = "a password"};

    clients = clients_with(&config);
    ck_assert_ptr_nonnull(nacre_client_connect_with(clients, &own, NULL, 0));
    wiped_record();
    nacre_clients_free(clients);
    ck_assert(wiped_exactly(bytes_of("bob")));
    ck_assert(wiped_exactly(bytes_of("a password")));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, clients_can_be_freed_in_every_phase, 0, 24);
    add_test(suite, clients_can_be_freed_inside_ended);
    add_test(suite, a_client_that_is_freed_cannot_reconnect);
    add_test(suite, a_connections_own_login_is_wiped);
}
