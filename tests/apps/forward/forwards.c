/* Forwards of two sessions in memory, with real sockets. */
#include "tests/support/forward_parties.h"
#include "tests/support/scratch.h"
#include "tests/support/sockets.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- direct-tcpip ---- */

/* An address, and a name whose first address may refuse. */
START_TEST(what_connects_to_a_client_is_connected_by_the_server)
{
    struct nacre_forward_listener *l;
    uint16_t port;
    int target, here, there;
    char byte;

    start();
    target = listen_at(&port);
    l = forward("direct-tcpip", _i == 0 ? "127.0.0.1" : "localhost", port);
    here = connect_to(nacre_forward_target(l));
    there = accept_from(target);
    check_joined(here, there);
    ck_assert_str_eq(parties[NACRE_SERVER].events, "connected;");
    ck_assert_str_eq(parties[NACRE_CLIENT].events, "listening;accepted;");
    ck_assert_str_eq(parties[NACRE_SERVER].last.originator, "127.0.0.1");
    ck_assert_uint_ne(parties[NACRE_SERVER].last.originator_port, 0);
    ck_assert_int_eq(parties[NACRE_SERVER].connections, 1);
    nacre_forward_close(l); /* the connection continues */
    check_joined(there, here);
    (void)close(there);
    AWAIT(read(here, &byte, 1) == 0);
    (void)close(here);
    AWAIT(parties[0].connections + parties[1].connections == 0);
    (void)close(target);
    finish();
}
END_TEST

static const struct {
    const char *host;
    uint16_t port;
    bool prohibited, full, no_threads;
    const char *server, *client;
} failures[] = {
    {"127.0.0.1", 1, false, false, false, "failed Connection refused;", "Connection refused;"},
    {"127.0.0.1", 1, true, false, false, "", "forwarding there is not allowed;"},
    {"127.0.0.1", 1, false, true, false, "", "too many connections;"},
    {"localhost", 1, false, false, true, "", "too many connections;"},
};

START_TEST(what_cannot_be_connected_is_refused_with_the_reason)
{
    char expected[200];
    struct nacre_forward_listener *l;
    int here;
    char byte;

    start();
    if (failures[_i].prohibited)
        parties[NACRE_SERVER].policy.may_connect = NULL;
    parties[NACRE_SERVER].full = failures[_i].full;
    thread.refuses = failures[_i].no_threads;
    l = forward("direct-tcpip", failures[_i].host, failures[_i].port);
    here = connect_to(nacre_forward_target(l));
    AWAIT(read(here, &byte, 1) == 0);
    (void)snprintf(expected, sizeof expected, "listening;accepted;failed %s", failures[_i].client);
    AWAIT(strcmp(parties[NACRE_CLIENT].events, expected) == 0);
    ck_assert_str_eq(parties[NACRE_SERVER].events, failures[_i].server);
    (void)close(here);
    finish();
}
END_TEST

/* The session ends while a name is looked up, and while a connection is made. */
START_TEST(a_session_may_end_before_its_connection_is_made)
{
    struct nacre_forward_listener *l;
    uint16_t port;
    int target, here;

    start();
    target = listen_at(&port);
    thread.stays = _i == 0;
    l = forward("direct-tcpip", _i == 0 ? "localhost" : "127.0.0.1", port);
    here = connect_to(nacre_forward_target(l));
    AWAIT(parties[NACRE_SERVER].connections == 1 && (_i == 1 || thread.job != NULL));
    nacre_session_lost(p.server.session);
    ck_assert_int_eq(parties[NACRE_SERVER].connections, 0);
    if (_i == 0) {
        thread.work(thread.job);
        thread.done(thread.job);
    }
    nacre_session_lost(p.client.session);
    (void)close(here);
    (void)close(target);
    finish();
}
END_TEST

START_TEST(a_lookup_that_takes_too_long_is_given_up)
{
    struct nacre_forward_listener *l;
    int here;

    start();
    thread.stays = true;
    parties[NACRE_SERVER].policy.connect_ms = 20;
    l = forward("direct-tcpip", "localhost", 1);
    here = connect_to(nacre_forward_target(l));
    AWAIT(reported(NACRE_SERVER, "failed the name is not found in time;"));
    thread.stays = false;
    look_up_now();
    (void)close(here);
    finish();
}
END_TEST

/* ---- limits ---- */

/* The third one waits in the kernel. */
START_TEST(connections_past_the_limit_wait)
{
    struct nacre_forward_listener *l;
    uint16_t port;
    int target, here[3], there[3];

    start();
    target = listen_at(&port);
    parties[NACRE_CLIENT].policy.connections_max = 2;
    l = forward("direct-tcpip", "127.0.0.1", port);
    for (int i = 0; i < 3; i++)
        here[i] = connect_to(nacre_forward_target(l));
    there[0] = accept_from(target);
    there[1] = accept_from(target);
    for (int i = 0; i < 20; i++)
        turn();
    ck_assert_int_lt(accept4(target, NULL, NULL, SOCK_CLOEXEC), 0);
    (void)close(here[0]);
    (void)close(there[0]);
    there[2] = accept_from(target);
    check_joined(here[2], there[2]);
    ck_assert_int_eq(parties[NACRE_CLIENT].most, 2);
    for (int i = 1; i < 3; i++) {
        (void)close(here[i]);
        (void)close(there[i]);
    }
    (void)close(target);
    finish();
}
END_TEST

/* ---- what an application does in an event ---- */

static struct nacre_forward_listener *listener;

static void end_server(void)
{
    nacre_session_lost(p.server.session);
}

static void end_client(void)
{
    nacre_session_lost(p.client.session);
}

static void close_listener(void)
{
    nacre_forward_close(listener);
}

static const struct {
    enum nacre_role role;
    const char *event;
    void (*act)(void);
    uint16_t port;
} acts[] = {
    {NACRE_SERVER, "connected", end_server, 0},  {NACRE_SERVER, "failed", end_server, 1},
    {NACRE_CLIENT, "accepted", end_client, 0},   {NACRE_CLIENT, "accepted", close_listener, 0},
    {NACRE_CLIENT, "stopped", end_client, 0},    {NACRE_CLIENT, "failed", end_client, 1},
    {NACRE_CLIENT, "failed", close_listener, 1},
};

START_TEST(a_session_or_listener_may_end_in_an_event)
{
    struct party *party = &parties[acts[_i].role];
    uint16_t port;
    int target, here;

    start();
    target = listen_at(&port);
    listener = forward("direct-tcpip", "127.0.0.1", acts[_i].port != 0 ? acts[_i].port : port);
    party->act = acts[_i].act;
    party->act_at = acts[_i].event;
    here = connect_to(nacre_forward_target(listener));
    if (strcmp(acts[_i].event, "stopped") == 0)
        nacre_forward_close(listener);
    AWAIT(reported(acts[_i].role, acts[_i].event));
    for (int i = 0; i < 5; i++)
        turn();
    (void)close(here);
    (void)close(target);
    finish();
}
END_TEST

/* ---- tcpip-forward, streamlocal-forward ---- */

static void ask(const char *place, const char *target, bool cancel)
{
    ck_assert_int_eq(nacre_forward_remote(parties[NACRE_CLIENT].forwards, place, target, cancel),
                     NACRE_SEND_DONE);
}

START_TEST(what_connects_to_a_server_is_connected_by_the_client)
{
    struct nacre_target at;
    char place[300], to[64];
    uint16_t port;
    int target, here, there;

    start();
    target = listen_at(&port);
    (void)snprintf(to, sizeof to, "127.0.0.1:%u", port);
    if (_i == 0)
        (void)snprintf(place, sizeof place, "localhost:0");
    else
        (void)snprintf(place, sizeof place, "%s", scratch_path("forwarded"));
    /* other requests of the program, before and after */
    ck_assert_int_eq(nacre_session_global_request(p.client.session, "x@nacre", true, "", 0),
                     NACRE_SEND_DONE);
    ask(place, to, false);
    ck_assert_int_eq(nacre_session_global_request(p.client.session, "x@nacre", true, "", 0),
                     NACRE_SEND_DONE);
    AWAIT(reported(NACRE_CLIENT, "listening;") && others_replied == 2);
    at = parties[NACRE_CLIENT].last;
    ck_assert_uint_eq(at.port, parties[NACRE_SERVER].last.port);
    ck_assert_int_eq(at.port != 0, _i == 0);
    here = connect_to(&at);
    there = accept_from(target);
    check_joined(here, there);
    if (_i == 0)
        (void)snprintf(place, sizeof place, "localhost:%u", at.port);
    ask(place, NULL, true);
    AWAIT(reported(NACRE_CLIENT, "stopped;"));
    ck_assert(reported(NACRE_SERVER, "stopped;"));
    ck_assert_int_eq(access(place, F_OK), -1);
    ask(place, NULL, true); /* nothing is there any more */
    AWAIT(reported(NACRE_CLIENT, "failed the server refused the request;"));
    (void)close(here);
    (void)close(there);
    (void)close(target);
    finish();
}
END_TEST

START_TEST(listeners_are_limited_and_end_with_the_session)
{
    struct stat is;
    char path[300];

    start();
    parties[NACRE_SERVER].policy.listeners_max = 2;
    (void)snprintf(path, sizeof path, "%s", scratch_path("listener"));
    ask("localhost:0", "127.0.0.1:1", false);
    ask(path, "127.0.0.1:1", false);
    ask("localhost:0", "127.0.0.1:1", false);
    AWAIT(reported(NACRE_CLIENT, "listening;listening;failed the server refused the request;"));
    ck_assert_str_eq(parties[NACRE_SERVER].events,
                     "listening;listening;failed too many listeners;");
    ck_assert_int_eq(stat(path, &is), 0);
    ck_assert_uint_eq(is.st_mode & 0777, 0600);
    nacre_session_lost(p.server.session);
    ck_assert_int_eq(stat(path, &is), -1);
    finish();
}
END_TEST

START_TEST(a_client_that_may_not_have_us_listen_is_refused)
{
    start();
    parties[NACRE_SERVER].policy.may_listen = NULL;
    ask("localhost:0", "127.0.0.1:1", false);
    AWAIT(reported(NACRE_CLIENT, "failed the server refused the request;"));
    ck_assert_str_eq(parties[NACRE_SERVER].events, "");
    ck_assert_int_eq(nacre_forward_remote(parties[NACRE_CLIENT].forwards, "no port", "1", false),
                     NACRE_SEND_NEVER);
    finish();
}
END_TEST

/* A server opens a channel that nobody asked for. */
START_TEST(a_client_connects_only_what_it_asked_for)
{
    struct nacre_forward_listener *l;
    int here;
    char byte;

    start();
    l = nacre_forward_listen(parties[NACRE_SERVER].forwards, "127.0.0.1:0", "forwarded-tcpip", NULL,
                             NULL, 0);
    ck_assert_ptr_nonnull(l);
    here = connect_to(nacre_forward_target(l));
    AWAIT(read(here, &byte, 1) == 0);
    ck_assert(reported(NACRE_SERVER, "failed forwarding there is not allowed;"));
    (void)close(here);
    finish();
}
END_TEST

/* ---- x11, auth-agent@openssh.com ---- */

START_TEST(an_agent_and_a_display_are_connected_through_the_client)
{
    static const char *const types[] = {"auth-agent@openssh.com", "x11"};
    struct nacre_forward_listener *l;
    int target, here, there;
    char path[300];

    start();
    (void)snprintf(agent, sizeof agent, "%s", scratch_path("agent"));
    target = listen_at_path(agent);
    (void)snprintf(path, sizeof path, "%s", scratch_path("offered"));
    l = nacre_forward_listen(parties[NACRE_SERVER].forwards, _i == 0 ? path : "127.0.0.1:0",
                             types[_i], NULL, NULL, 0);
    ck_assert_ptr_nonnull(l);
    here = connect_to(nacre_forward_target(l));
    there = accept_from(target);
    check_joined(here, there);
    ck_assert_str_eq(parties[NACRE_CLIENT].events, "connected;");
    (void)close(here);
    (void)close(there);
    (void)close(target);
    (void)unlink(agent);
    finish();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, what_connects_to_a_client_is_connected_by_the_server, 0, 2);
    add_loop(suite, what_cannot_be_connected_is_refused_with_the_reason, 0,
             sizeof failures / sizeof failures[0]);
    add_loop(suite, a_session_may_end_before_its_connection_is_made, 0, 2);
    add_test(suite, a_lookup_that_takes_too_long_is_given_up);
    add_test(suite, connections_past_the_limit_wait);
    add_loop(suite, a_session_or_listener_may_end_in_an_event, 0, sizeof acts / sizeof acts[0]);
    add_loop(suite, what_connects_to_a_server_is_connected_by_the_client, 0, 2);
    add_test(suite, listeners_are_limited_and_end_with_the_session);
    add_test(suite, a_client_that_may_not_have_us_listen_is_refused);
    add_test(suite, a_client_connects_only_what_it_asked_for);
    add_loop(suite, an_agent_and_a_display_are_connected_through_the_client, 0, 2);
}
