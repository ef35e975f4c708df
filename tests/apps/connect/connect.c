/* Connecting, and what can go wrong before there is a session. */
#include "apps/connect/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/notes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static bool no_session, no_watch; /* without memory for it */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct nacre_session *__real_nacre_session_new(struct nacre_endpoint *e, void *context,
                                               uint64_t now_ms);
bool __real_loop_watch(struct nacre_loop *at, int fd, struct source *source, uint32_t events);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

OWN(struct nacre_session *, nacre_session_new, struct nacre_endpoint *e, void *context,
    uint64_t now_ms)
{
    return no_session ? NULL : __real_nacre_session_new(e, context, now_ms);
}

/* That of the session, not the one that connects. */
OWN(bool, loop_watch, struct nacre_loop *at, int fd, struct source *source, uint32_t events)
{
    return !(no_watch && (events & EPOLLRDHUP)) && __real_loop_watch(at, fd, source, events);
}

static int listen_on_loopback(char where[64], int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)sprintf(where, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

START_TEST(a_refused_connection)
{
    const struct nacre_client_config config = config_for();
    struct story s = {0};
    char where[64];
    int fd = listen_on_loopback(where, -1); /* bound, so that nothing else listens there */

    live(&config, where, &s);
    ck_assert_int_eq(s.why.cause, NACRE_CONNECTION_LOST);
    assert_says(s.text, "cannot connect to 127.0.0.1:");
    assert_says(s.text, "refused");
    (void)close(fd);
}
END_TEST

START_TEST(a_connection_that_times_out)
{
    struct nacre_client_config config = config_for();
    struct story s[4] = {{0}};
    struct nacre_clients *clients;
    char where[64];
    int fd = listen_on_loopback(where, 0); /* accepts one or two, the others wait */

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

START_TEST(a_connection_without_memory_for_a_session_ends)
{
    const struct nacre_client_config config = config_for();
    struct story s = {0};
    char where[64];
    int fd = listen_on_loopback(where, 5);

    no_session = _i == 0;
    no_watch = _i == 1;
    live(&config, where, &s);
    no_session = no_watch = false;
    ck_assert_uint_eq(s.ended, 1);
    if (_i == 0) {
        ck_assert_int_eq(s.why.cause, NACRE_OUT_OF_RESOURCES);
        ck_assert_str_eq(s.text, "no memory for another session");
    }
    (void)close(fd);
}
END_TEST

START_TEST(malformed_and_unknown_addresses_are_refused)
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
    nacre_clients_run(clients); /* without clients it returns at once */
    nacre_clients_free(clients);
}
END_TEST

START_TEST(a_client_can_be_closed_before_it_is_connected)
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

/* No iteration of the loop may have run for a long time. */
START_TEST(the_time_to_connect_begins_with_the_call)
{
    struct nacre_client_config config = config_for();
    struct nacre_clients *clients;
    struct story story = {.accept = true};
    char errbuf[512];
    const struct nacre_client *client;
    uint64_t before;

    config.connect_ms = 1000;
    clients = clients_with(&config);
    before = clients->loop.now_ms;
    ck_assert_int_eq(usleep(5000), 0);
    client = nacre_client_connect(clients, "127.0.0.1:1", &story, errbuf, sizeof errbuf);
    ck_assert_ptr_nonnull(client);
    ck_assert_uint_ge(client->give_up_ms, before + 1004);
    nacre_clients_free(clients);
}
END_TEST

START_TEST(a_descriptor_that_is_no_connected_socket_is_refused_and_closed)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    char expected[512], errbuf[512], where[64];

    for (int i = 0; i < 3; i++) {
        int fd = i == 0   ? listen_on_loopback(where, 1)
                 : i == 1 ? open("/dev/null", O_RDWR | O_CLOEXEC)
                          : FD_SETSIZE; /* not open */

        ck_assert_ptr_null(
            nacre_client_adopt(clients, fd, "host:2022", NULL, errbuf, sizeof errbuf));
        (void)snprintf(expected, sizeof expected, "cannot use descriptor %d for host:2022: %s", fd,
                       strerror(i == 0   ? ENOTCONN
                                : i == 1 ? ENOTSOCK
                                         : EBADF));
        ck_assert_str_eq(errbuf, expected);
        ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    }
    nacre_clients_free(clients);
}
END_TEST

START_TEST(a_socket_needs_a_name_that_is_an_address)
{
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    char longest[CLIENT_ADDRESS_MAX + 1] = "unix:", errbuf[512];
    struct nacre_client *client;
    struct story story = {0};
    int ends[2];

    memset(longest + 5, 'x', CLIENT_ADDRESS_MAX - 5);
    for (int i = 0; i < 3; i++) { /* no address, one that is too long, and one that is not */
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        longest[i == 2 ? CLIENT_ADDRESS_MAX - 1 : CLIENT_ADDRESS_MAX] = 0;
        client = nacre_client_adopt(clients, ends[0], i == 0 ? "nowhere" : longest, &story, errbuf,
                                    sizeof errbuf);
        ck_assert_int_eq(client != NULL, i == 2);
        if (i == 0)
            assert_says(errbuf, "nowhere is not an address");
        else if (i == 1)
            assert_says(errbuf, "...: longer than 127 bytes");
        else
            ck_assert_str_eq(nacre_client_address(client), longest);
        (void)close(ends[1]);
    }
    nacre_clients_free(clients);
}
END_TEST

/* Whatever the order, nothing of the others is touched. */
START_TEST(clients_end_in_any_order)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story stories[3] = {{0}};
    struct nacre_client *all[3];
    char where[64], errbuf[512];
    int fd = listen_on_loopback(where, 5), peers[3];

    for (int i = 0; i < 3; i++) {
        all[i] = nacre_client_connect(clients, where, &stories[i], errbuf, sizeof errbuf);
        peers[i] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned count = 0;

        for (const struct nacre_client *c = clients->first; c != NULL; c = c->next)
            count++;
        ck_assert_uint_eq(count, 3 - i);
        ck_assert_uint_eq(clients->count, 3 - i);
        nacre_client_close(all[orders[_i][i]], "done");
        (void)close(peers[orders[_i][i]]);
        while (clients->count > 2 - i)
            (void)nacre_clients_run_once(clients, 1);
        ck_assert_uint_eq(stories[orders[_i][i]].ended, 1);
    }
    ck_assert_ptr_null(clients->first);
    nacre_clients_free(clients);
    (void)close(fd);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_refused_connection);
    add_test(suite, a_connection_that_times_out);
    add_loop(suite, a_connection_without_memory_for_a_session_ends, 0, 2);
    add_test(suite, malformed_and_unknown_addresses_are_refused);
    add_test(suite, a_client_can_be_closed_before_it_is_connected);
    add_test(suite, the_time_to_connect_begins_with_the_call);
    add_test(suite, a_descriptor_that_is_no_connected_socket_is_refused_and_closed);
    add_test(suite, a_socket_needs_a_name_that_is_an_address);
    add_loop(suite, clients_end_in_any_order, 0, 6);
}
