/* Connections that are refused, and those that come when descriptors have run out. The server runs
 * in the thread of the test. */
#include "apps/server/parts.h"
#include "apps/server/worker.h"
#include "apps/session/parts.h"
#include "connection/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/sockets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CLIENTS = 4, BURST = 100 };

static struct served served;
static struct nacre_target where = {.host = "127.0.0.1"};
static unsigned refusals, troubles;
static enum nacre_limit last_limit;
static uint64_t last_unlogged, all_unlogged;
static char last_address[128], last_trouble[256];

static void on_refused(void *context, const char *from, enum nacre_limit limit, uint64_t unlogged)
{
    (void)context;
    refusals++;
    last_limit = limit;
    last_unlogged = unlogged;
    all_unlogged += unlogged;
    (void)snprintf(last_address, sizeof last_address, "%s", from);
}

static void on_trouble(void *context, const char *text)
{
    (void)context;
    troubles++;
    (void)snprintf(last_trouble, sizeof last_trouble, "%s", text);
}

static void turns(int n)
{
    while (n-- > 0)
        ck_assert(nacre_server_run_once(served.server, 0));
}

static void begin(struct nacre_admission admission)
{
    static const struct nacre_server_events events = {.refused = on_refused, .trouble = on_trouble};

    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .admission = &admission,
                                                      .events = &events});
    where.port = (uint32_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10);
    turns(1);
}

static void end(void)
{
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}

static struct worker *worker(void)
{
    return &served.server->workers[0];
}

static uint64_t limited(enum nacre_limit limit)
{
    return nacre_server_limited(served.server, limit);
}

/* What the server has sent is this text, and then it has closed. */
static void expect_farewell(int fd, const char *text)
{
    char got[256] = "";
    ssize_t n;
    size_t len = 0;

    turns(3);
    while ((n = read(fd, got + len, sizeof got - 1 - len)) > 0)
        len += (size_t)n;
    ck_assert_int_eq(n, 0);
    ck_assert_str_eq(got, text);
    (void)close(fd);
}

static void expect_greeting(int fd)
{
    char got[9] = "";

    turns(3);
    ck_assert_int_eq(read(fd, got, 8), 8);
    ck_assert_str_eq(got, "SSH-2.0-");
}

START_TEST(a_refused_connection_is_told_and_counted)
{
    int first;

    begin((struct nacre_admission){.startups_begin = 1, .startups_full = 1});
    first = connect_to(&where);
    expect_greeting(first);
    expect_farewell(connect_to(&where), "Exceeded MaxStartups\r\n");
    ck_assert_uint_eq(refusals, 1);
    ck_assert_int_eq(last_limit, NACRE_LIMIT_STARTUPS);
    ck_assert_uint_eq(last_unlogged, 0);
    ck_assert_mem_eq(last_address, "127.0.0.1:", 10);
    ck_assert_uint_eq(limited(NACRE_LIMIT_STARTUPS), 1);
    ck_assert_uint_eq(limited(NACRE_LIMIT_PENALTY), 0);
    (void)close(first);
    end();
}
END_TEST

START_TEST(a_source_with_a_penalty_is_told)
{
    begin((struct nacre_admission){.penalty_noauth_ms = 60 * 1000, .penalty_min_ms = 1});
    (void)close(connect_to(&where));
    turns(3);
    expect_farewell(connect_to(&where), "Not allowed at this time\r\n");
    ck_assert_int_eq(last_limit, NACRE_LIMIT_PENALTY);
    ck_assert_uint_eq(limited(NACRE_LIMIT_PENALTY), 1);
    end();
}
END_TEST

/* A hundred events at once, and twenty a second; the others are only counted. */
START_TEST(many_refusals_are_few_events)
{
    int first;

    begin((struct nacre_admission){.startups_begin = 1, .startups_full = 1});
    first = connect_to(&where);
    expect_greeting(first);
    for (unsigned i = 0; i < 2 * BURST; i++)
        expect_farewell(connect_to(&where), "Exceeded MaxStartups\r\n");
    ck_assert_uint_eq(limited(NACRE_LIMIT_STARTUPS), 2 * BURST);
    ck_assert_uint_ge(refusals, BURST);
    ck_assert_uint_lt(refusals, 2 * BURST);
    ck_assert_uint_eq(refusals + all_unlogged + worker()->unlogged, 2 * BURST);
    ck_assert_int_eq(usleep(60 * 1000), 0);
    expect_farewell(connect_to(&where), "Exceeded MaxStartups\r\n");
    ck_assert_uint_gt(last_unlogged, 0);
    ck_assert_uint_eq(worker()->unlogged, 0);
    (void)close(first);
    end();
}
END_TEST

static void allow_no_more_descriptors(struct rlimit *before)
{
    struct rlimit limit;
    int next = dup(STDERR_FILENO);

    (void)close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, before), 0);
    limit = *before;
    limit.rlim_cur = (rlim_t)next;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The spare descriptor serves to close them, also if its number is 0; the program hears of it once
 * in ten seconds. */
START_TEST(without_descriptors_new_connections_are_closed)
{
    struct rlimit before;
    int clients[CLIENTS], later;
    uint64_t begun_ms;

    begin((struct nacre_admission){0});
    if (_i == 1) {
        ck_assert_int_lt(fcntl(0, F_GETFD), 0);
        ck_assert_int_eq(dup2(worker()->spare, 0), 0);
        (void)close(worker()->spare);
        worker()->spare = 0;
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&where);
    begun_ms = worker()->loop.now_ms;
    allow_no_more_descriptors(&before);
    for (int i = 0; i < CLIENTS; i++)
        expect_farewell(clients[i], "");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_eq(limited(NACRE_LIMIT_DESCRIPTORS), CLIENTS);
    ck_assert_uint_eq(troubles, 1);
    ck_assert_str_eq(last_trouble, "out of file descriptors or memory: new connections are refused "
                                   "until existing ones end");
    ck_assert_int_ge(worker()->spare, 0);
    ck_assert_uint_ge(worker()->shedding_until_ms, begun_ms + 10 * 1000);
    ck_assert_uint_le(worker()->shedding_until_ms, worker()->loop.now_ms + 10 * 1000);
    later = connect_to(&where);
    expect_greeting(later);
    (void)close(later);
    end();
}
END_TEST

/* Another thread has the spare descriptor: the connections wait a moment in the kernel's queue. */
START_TEST(without_a_spare_descriptor_the_listener_pauses)
{
    struct rlimit before;
    int client;

    begin((struct nacre_admission){0});
    client = connect_to(&where);
    (void)close(worker()->spare);
    worker()->spare = -1;
    allow_no_more_descriptors(&before);
    turns(3);
    ck_assert_uint_eq(limited(NACRE_LIMIT_DESCRIPTORS), 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_gt(loop_timeout(&worker()->loop), 0);
    ck_assert_int_le(loop_timeout(&worker()->loop), 200);
    ck_assert_int_eq(usleep(210 * 1000), 0);
    turns(1);
    expect_greeting(client);
    (void)close(client);
    end();
}
END_TEST

/* Outside an iteration the loop's clock may be old. */
START_TEST(an_adopted_connection_begins_now)
{
    uint64_t before;
    int ends[2];

    begin((struct nacre_admission){0});
    before = worker()->loop.now_ms;
    ck_assert_int_eq(usleep(20 * 1000), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert(nacre_server_adopt(served.server, ends[0]));
    ck_assert_uint_ge(worker()->loop.now_ms, before + 20);
    ck_assert_int_ne(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(ends[0], F_GETFD) & FD_CLOEXEC, 0);
    expect_greeting(ends[1]);
    (void)close(ends[1]);
    end();
}
END_TEST

static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static uint64_t connections(void)
{
    return nacre_server_counter(served.server, NACRE_COUNT_CONNECTIONS);
}

START_TEST(connections_end_in_any_order)
{
    int clients[3];

    begin((struct nacre_admission){.no_penalties = true});
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_to(&where);
        expect_greeting(clients[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        const struct nacre_peer *peer = worker()->peers;
        unsigned count = 0;

        ck_assert_uint_eq(connections(), 3 - i);
        for (; peer != NULL; peer = peer->next) {
            ck_assert_ptr_eq(peer->pump.session->connection->account,
                             account_budget(peer->account));
            count++;
        }
        ck_assert_uint_eq(count, 3 - i);
        (void)close(clients[orders[_i][i]]);
        turns(3);
    }
    ck_assert_uint_eq(connections(), 0);
    ck_assert_ptr_null(worker()->peers);
    end();
}
END_TEST

/* ... and those that wait for the header of a balancer. */
START_TEST(connections_without_a_header_end_in_any_order)
{
    int clients[3];

    begin((struct nacre_admission){.proxy_from = "127.0.0.1"});
    for (int i = 0; i < 3; i++)
        clients[i] = connect_to(&where);
    turns(2);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(worker()->proxied_count, 3 - i);
        (void)close(clients[orders[_i][i]]);
        turns(3);
    }
    ck_assert_uint_eq(worker()->proxied_count, 0);
    ck_assert_ptr_null(worker()->proxied);
    end();
}
END_TEST

START_TEST(connections_without_a_header_end_with_the_server)
{
    int client;

    begin((struct nacre_admission){.proxy_from = "127.0.0.1"});
    client = connect_to(&where);
    turns(2);
    ck_assert_uint_eq(worker()->proxied_count, 1);
    end();
    (void)close(client);
}
END_TEST

/* In place of addresses. */
START_TEST(the_program_may_bring_its_sockets)
{
    static const char *const list[] = {"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", NULL};
    const size_t count = _i == 0 ? 3 : 1; /* more than default addresses, or fewer than `listen` */
    int sockets[3], client;
    char errbuf[512];

    ck_assert_uint_eq(nacre_server_listen_all(list, sockets, 3, errbuf, sizeof errbuf), 3);
    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .listen = _i == 0 ? NULL : list,
                                                      .sockets = sockets,
                                                      .socket_count = count});
    turns(1);
    for (size_t i = 0; i < count; i++) {

        ck_assert_ptr_nonnull(nacre_server_address(served.server, i));
        where.port =
            (uint32_t)strtoul(strrchr(nacre_server_address(served.server, i), ':') + 1, NULL, 10);
        client = connect_to(&where);
        expect_greeting(client);
        (void)close(client);
    }
    ck_assert_ptr_null(nacre_server_address(served.server, count));
    for (size_t i = 0; i < 3; i++)
        (void)close(sockets[i]);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_refused_connection_is_told_and_counted);
    add_test(suite, a_source_with_a_penalty_is_told);
    add_test(suite, many_refusals_are_few_events);
    add_loop(suite, without_descriptors_new_connections_are_closed, 0, 2);
    add_test(suite, without_a_spare_descriptor_the_listener_pauses);
    add_test(suite, an_adopted_connection_begins_now);
    add_loop(suite, connections_end_in_any_order, 0, 6);
    add_loop(suite, connections_without_a_header_end_in_any_order, 0, 6);
    add_test(suite, connections_without_a_header_end_with_the_server);
    add_loop(suite, the_program_may_bring_its_sockets, 0, 2);
}
