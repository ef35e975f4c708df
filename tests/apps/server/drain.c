/* How a server ends: at once, or when its sessions have ended. It runs in the thread of the test,
 * which sees each step. */
#include "apps/server/parts.h"
#include "apps/server/worker.h"
#include "tests/support/client_story.h"
#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct served served;
static struct nacre_target where = {.host = "127.0.0.1"};
static char drained[256]; /* how many were left each time */
static unsigned shut_down;

static void on_draining(void *context, uint32_t connections)
{
    size_t n = strlen(drained);

    (void)context;
    (void)snprintf(drained + n, sizeof drained - n, "%u;", connections);
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    (void)peer;
    shut_down += why->cause == NACRE_SHUTTING_DOWN;
}

static bool turn(void)
{
    return nacre_server_run_once(served.server, 0);
}

static struct worker *worker(void)
{
    return &served.server->workers[0];
}

static uint64_t now(void)
{
    return worker()->loop.now_ms;
}

static void begin(uint32_t drain_ms)
{
    static const struct nacre_server_events events = {.draining = on_draining, .ended = on_ended};

    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .drain_ms = drain_ms,
                                                      .events = &events});
    where.port = (uint32_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10);
    ck_assert(turn());
}

static void end(void)
{
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}

/* A connection that the server has greeted. */
static int connection(void)
{
    int fd = connect_to(&where);
    char got[8];

    for (int i = 0; i < 3; i++)
        ck_assert(turn());
    ck_assert_int_eq(read(fd, got, sizeof got), sizeof got);
    return fd;
}

static void expect_no_listener(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)},
                             .sin_port = htons((uint16_t)where.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), -1);
    (void)close(fd);
}

static bool is_awake(void)
{
    struct pollfd at = {.fd = nacre_server_fd(served.server), .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

START_TEST(an_idle_server_that_drains_ends_at_once)
{
    begin(0);
    nacre_server_drain(served.server, 60 * 1000);
    ck_assert(!turn());
    ck_assert_str_eq(drained, "0;");
    end();
}
END_TEST

START_TEST(a_server_that_drains_waits_for_its_connections)
{
    int first, queued;

    begin(0);
    first = connection();
    queued = connect_to(&where); /* before the drain, but not accepted yet */
    nacre_server_drain(served.server, 60 * 1000);
    ck_assert(turn());
    ck_assert_str_eq(drained, "2;");
    ck_assert_uint_eq(worker()->drain_until_ms, now() + 60 * 1000);
    ck_assert_uint_eq(worker()->drain_note_ms, now() + 10 * 1000);
    ck_assert_uint_eq(worker()->drain_timer.at_ms, now() + 10 * 1000); /* the earlier one */
    expect_no_listener();
    worker()->drain_note_ms = now(); /* ten seconds later */
    ck_assert(turn());
    ck_assert_str_eq(drained, "2;2;");
    (void)close(first);
    for (int i = 0; i < 3; i++)
        ck_assert(turn());
    ck_assert_str_eq(drained, "2;2;");
    (void)close(queued);
    while (turn())
        ;
    ck_assert_uint_eq(shut_down, 0);
    end();
}
END_TEST

START_TEST(a_drain_may_have_no_end)
{
    int fd;

    begin(0);
    fd = connection();
    nacre_server_drain(served.server, NACRE_UNLIMITED);
    ck_assert(turn());
    ck_assert_uint_eq(worker()->drain_until_ms, UINT64_MAX);
    ck_assert(!served.server->stopping);
    (void)close(fd);
    while (turn())
        ;
    ck_assert_uint_eq(shut_down, 0);
    end();
}
END_TEST

START_TEST(a_drain_that_takes_too_long_is_a_stop)
{
    uint64_t until;
    int fd;

    begin(0);
    fd = connection();
    nacre_server_drain(served.server, 20);
    ck_assert(turn());
    until = worker()->drain_until_ms;
    ck_assert_uint_eq(until, now() + 20);
    ck_assert_uint_eq(worker()->drain_timer.at_ms, until);
    while (nacre_server_run_once(served.server, 1000))
        if (now() < until)
            ck_assert(!served.server->stopping);
    ck_assert(served.server->stopping);
    ck_assert_uint_ge(now(), until);
    ck_assert_uint_eq(shut_down, 1);
    (void)close(fd);
    end();
}
END_TEST

/* By default it has five seconds for the output that is left. */
START_TEST(a_server_that_stops_ends_its_sessions)
{
    const uint32_t drain_ms = _i == 0 ? 0 : 300;
    int fd;

    begin(drain_ms);
    fd = connection();
    for (int i = 0; i < 3; i++)
        ck_assert(turn());
    ck_assert(!is_awake());
    nacre_server_stop(served.server);
    ck_assert(is_awake());
    ck_assert_uint_eq(worker()->stop_at_ms, 0);
    (void)turn();
    ck_assert_uint_eq(worker()->stop_at_ms, now() + (drain_ms != 0 ? drain_ms : 5000));
    ck_assert_uint_eq(worker()->drained.at_ms, worker()->stop_at_ms);
    ck_assert_uint_eq(shut_down, 1);
    expect_no_listener();
    (void)close(fd);
    while (turn())
        ;
    ck_assert_str_eq(drained, "");
    end();
}
END_TEST

/* Each of these may be called from another thread or a signal handler: the loop must notice. */
START_TEST(each_call_wakes_the_server)
{
    begin(0);
    (void)close(connection());
    for (int i = 0; i < 5; i++)
        ck_assert(turn());
    ck_assert(!is_awake());
    nacre_server_report(served.server);
    ck_assert(is_awake());
    ck_assert(turn());
    ck_assert(!is_awake());
    nacre_server_drain(served.server, 1000);
    ck_assert(is_awake());
    ck_assert(!turn());
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_idle_server_that_drains_ends_at_once);
    add_test(suite, a_server_that_drains_waits_for_its_connections);
    add_test(suite, a_drain_may_have_no_end);
    add_test(suite, a_drain_that_takes_too_long_is_a_stop);
    add_loop(suite, a_server_that_stops_ends_its_sessions, 0, 2);
    add_test(suite, each_call_wakes_the_server);
}
