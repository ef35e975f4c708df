/* The workers of a server, which run in the thread of the test, one iteration at a time. */
#include "apps/server/worker.h"

#include "apps/session/endpoint.h"
#include "apps/session/errbuf.h"
#include "tests/support/client_story.h"
#include "tests/support/leftovers.h"
#include "tests/support/sockets.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "transport/growth.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

static struct served served;
static struct nacre_target where = {.host = "127.0.0.1"};
static unsigned reports, shut_down;

static void on_counters(void *context, const struct nacre_server *server)
{
    (void)context;
    ck_assert_ptr_eq(server, served.server);
    reports++;
}

static int adopt_next = -1; /* when a connection ends */
static unsigned no_memory;  /* connections that ended for that */

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    (void)peer;
    if (adopt_next >= 0)
        ck_assert(nacre_server_adopt(served.server, adopt_next));
    adopt_next = -1;
    shut_down += why->cause == NACRE_SHUTTING_DOWN;
    no_memory += why->cause == NACRE_OUT_OF_RESOURCES &&
                 strcmp(why->text, "no memory for another session") == 0;
}

static uint32_t set_version; /* of an endpoint; there may be only one version yet */

OWN(void, endpoint_set_version, struct nacre_endpoint *e, uint32_t version)
{
    ck_assert_ptr_nonnull(e);
    set_version = version;
}

static const struct nacre_server_events events = {.counters = on_counters, .ended = on_ended};

static void begin(unsigned workers, const char *proxy_from)
{
    const struct nacre_admission admission = {.no_penalties = true, .proxy_from = proxy_from};

    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .admission = &admission,
                                                      .workers = workers,
                                                      .events = &events});
    where.port = (uint32_t)strtoul(strrchr(address(&served), ':') + 1, NULL, 10);
}

static void end(void)
{
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}

static struct worker *worker(unsigned i)
{
    return &served.server->workers[i];
}

static unsigned peers(unsigned i)
{
    unsigned n = 0;

    for (const struct nacre_peer *peer = worker(i)->peers; peer != NULL; peer = peer->next)
        n++;
    return n;
}

/* As its thread does, without waiting. */
static void turns(unsigned i, int n)
{
    while (n-- > 0)
        ck_assert(worker_run_once(worker(i), 0));
}

static bool is_awake(unsigned i)
{
    struct pollfd at = {.fd = worker(i)->loop.epoll, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

/* ---- the beginning ---- */

/* However many descriptors are left, the server starts or says why not, and closes no descriptor
 * but its own; descriptor 0 is the program's. */
START_TEST(without_descriptors_no_server_starts)
{
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = loopback};
    struct nacre_server *server = NULL;
    struct rlimit before, now;
    int first = dup(0), starts = 0;
    char errbuf[512];

    begin(1, NULL);
    config.host_keys = served.keys;
    nacre_server_free(served.server);
    (void)close(first);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    for (now.rlim_cur = (rlim_t)first; server == NULL; now.rlim_cur++) {
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
        errbuf[0] = 0;
        server = nacre_server_new(&config, errbuf, sizeof errbuf);
        ck_assert(server != NULL || strstr(errbuf, "cannot listen ") == errbuf ||
                  strstr(errbuf, "cannot start: ") == errbuf);
        starts += strstr(errbuf, "cannot start: ") == errbuf;
        ck_assert_int_ge(fcntl(0, F_GETFD), 0);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(starts, 3); /* the wakeup of all, a mailbox and a loop */
    nacre_server_free(server);
    nacre_key_free(served.key);
}
END_TEST

START_TEST(workers_know_their_number_and_settings)
{
    begin(3, NULL);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(worker(i)->number, i);
        ck_assert_ptr_eq(worker(i)->settings, served.server->latest);
        ck_assert_ptr_eq(worker(i)->loop.mailbox, worker(i)->mailbox);
    }
    ck_assert_uint_eq(served.server->latest->users, 1 + 3);
    end();
}
END_TEST

/* What the program passes later, for a channel for example, is as old as its configuration. */
START_TEST(sessions_have_the_programs_version)
{
    set_version = 0;
    make_server(&served, (struct nacre_server_config){.version = FIRST_VERSION});
    ck_assert_uint_eq(set_version, FIRST_VERSION);
    end();
}
END_TEST

/* ---- iterations ---- */

START_TEST(an_iteration_waits_as_long_as_told)
{
    uint64_t before;

    begin(1, NULL);
    turns(0, 1);
    before = worker(0)->loop.now_ms;
    ck_assert(worker_run_once(worker(0), 30));
    ck_assert_uint_ge(worker(0)->loop.now_ms, before + 30);
    ck_assert_uint_eq(worker(0)->waited.place, 0);
    nacre_server_report(served.server);
    ck_assert(worker_run_once(worker(0), 60000)); /* until something wakes it */
    ck_assert_uint_eq(worker(0)->waited.place, 0);
    nacre_server_report(served.server);
    ck_assert(worker_run_once(worker(0), UINT32_MAX));
    ck_assert_uint_eq(worker(0)->loop.timers, 0);
    end();
}
END_TEST

static unsigned wakeups;

static void on_wakeup(struct source *source, uint32_t seen)
{
    (void)source;
    ck_assert_uint_eq(seen, EPOLLIN);
    wakeups++;
}

/* Without a call of nacre_server_fd: an iteration itself watches what wakes the server, the first
 * time. */
START_TEST(a_call_wakes_each_worker)
{
    begin(2, NULL);
    for (unsigned i = 0; i < 2; i++) {
        turns(i, 2);
        ck_assert(worker(i)->begun);
        ck_assert(!is_awake(i));
        worker(i)->wakeup.ready = on_wakeup;
    }
    wakeups = 0;
    nacre_server_report(served.server);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(is_awake(i));
        turns(i, 1);
        ck_assert(!is_awake(i));
        ck_assert_uint_eq(wakeups, 1 + i);
    }
    end();
}
END_TEST

START_TEST(the_first_worker_reports_once)
{
    begin(2, NULL);
    reports = 0;
    nacre_server_report(served.server);
    turns(1, 1);
    ck_assert_uint_eq(reports, 0);
    turns(0, 2);
    ck_assert_uint_eq(reports, 1);
    end();
}
END_TEST

START_TEST(each_worker_takes_new_settings_and_leaves_the_old_ones)
{
    struct nacre_server_config config;
    struct settings *before;

    begin(2, NULL);
    before = served.server->latest;
    settings_keep(before);
    config = served.server->config;
    ck_assert(nacre_server_reconfigure(served.server, &config, NULL, 0));
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_ptr_eq(worker(i)->settings, before);
        turns(i, 2);
        ck_assert_ptr_eq(worker(i)->settings, served.server->latest);
        ck_assert_uint_eq(served.server->latest->users, 1 + 1 + i);
        ck_assert_uint_eq(before->users, 2 - i);
    }
    settings_release(before);
    end();
}
END_TEST

/* One of several leaves the other connections to the others; the only one accepts all of them. */
START_TEST(one_of_several_workers_accepts_one_connection_at_a_time)
{
    enum { CLIENTS = 3 };
    int clients[CLIENTS];

    begin(1 + (unsigned)_i, NULL);
    turns(0, 1);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&where);
    turns(0, 1);
    ck_assert_uint_eq(peers(0), _i == 0 ? CLIENTS : 1);
    turns(0, 1);
    ck_assert_uint_eq(peers(0), _i == 0 ? CLIENTS : 2);
    for (int i = 0; i < CLIENTS; i++)
        (void)close(clients[i]);
    end();
}
END_TEST

/* ---- the end ---- */

/* All connections: those of sessions, and those whose header from a balancer is still to come. */
/* Whichever allocation fails, the connection is over, and its end has a reason if it began. */
START_TEST(a_connection_that_has_no_memory_for_a_session_ends)
{
    unsigned begun = 0, refused;

    begin(1, NULL);
    turns(0, 1);
    for (refused = 1; begun == 0; refused++) {
        int client = connect_to(&where);
        bool running;

        leftovers_refuse(refused);
        running = worker_run_once(worker(0), 0);
        leftovers_refuse(0);
        ck_assert(running);
        begun = peers(0);
        (void)close(client);
        turns(0, 2);
    }
    ck_assert_uint_ge(no_memory, 2);               /* for its source's account, for the session */
    ck_assert_uint_eq(no_memory, refused - 1 - 2); /* not: for the connection, or when it began */
    end();
}
END_TEST

START_TEST(a_stop_ends_every_connection)
{
    int clients[3];

    begin(1, _i == 0 ? NULL : "127.0.0.1");
    turns(0, 1);
    for (int i = 0; i < 3; i++)
        clients[i] = connect_to(&where);
    turns(0, 2);
    ck_assert_uint_eq(peers(0) + worker(0)->proxied_count, 3);
    shut_down = 0;
    nacre_server_stop(served.server);
    ck_assert_int_eq(worker_run_once(worker(0), 0), _i == 0);
    ck_assert_uint_eq(shut_down, _i == 0 ? 3 : 0);
    ck_assert_uint_eq(worker(0)->proxied_count, 0);
    for (int i = 0; i < 3; i++)
        (void)close(clients[i]);
    end();
}
END_TEST

/* Also one that the program adds while others end. */
START_TEST(nothing_is_left_of_connections_when_the_server_is_freed)
{
    int clients[2], ends[2];

    begin(1, _i == 0 ? NULL : "127.0.0.1");
    turns(0, 1);
    for (int i = 0; i < 2; i++)
        clients[i] = connect_to(&where);
    turns(0, 2);
    ck_assert_uint_eq(peers(0) + worker(0)->proxied_count, 2);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    adopt_next = _i == 0 ? ends[0] : -1;
    end();
    ck_assert_int_eq(adopt_next, -1);
    for (int i = 0; i < 2; i++) {
        (void)close(clients[i]);
        (void)close(ends[_i == 0 ? 1 : i]);
    }
}
END_TEST

/* A client that does not close is left behind. */
START_TEST(a_worker_that_stops_waits_until_its_time_is_over)
{
    int client;

    begin(1, NULL);
    turns(0, 1);
    client = connect_to(&where);
    turns(0, 2);
    nacre_server_stop(served.server);
    turns(0, 3);
    ck_assert_uint_gt(worker(0)->stop_at_ms, worker(0)->loop.now_ms);
    worker(0)->stop_at_ms = worker(0)->loop.now_ms;
    ck_assert(!worker_run_once(worker(0), 0));
    ck_assert_uint_eq(peers(0), 0);
    (void)close(client);
    end();
}
END_TEST

/* It watches nothing any more that would wake it. */
START_TEST(a_worker_that_has_ended_sleeps)
{
    begin(1, NULL);
    turns(0, 1);
    if (_i == 0)
        nacre_server_stop(served.server);
    else
        nacre_server_drain(served.server, 60 * 1000);
    ck_assert(!worker_run_once(worker(0), 1000));
    ck_assert(!worker(0)->begun);
    ck_assert_uint_eq(worker(0)->loop.timers, 0);
    server_wake(served.server);
    ck_assert(!is_awake(0));
    end();
}
END_TEST

START_TEST(the_end_of_a_drain_wakes_every_worker)
{
    int clients[2];

    begin(2, NULL);
    turns(0, 1);
    turns(1, 1);
    for (unsigned i = 0; i < 2; i++) {
        clients[i] = connect_to(&where);
        turns(i, 3);
        ck_assert_uint_eq(peers(i), 1);
    }
    nacre_server_drain(served.server, 60 * 1000);
    turns(0, 3);
    turns(1, 3);
    ck_assert(!is_awake(1));
    worker(0)->drain_until_ms = worker(0)->loop.now_ms;
    turns(0, 1);
    ck_assert(served.server->stopping);
    ck_assert(is_awake(1));
    shut_down = 0;
    turns(1, 1);
    ck_assert_uint_eq(shut_down, 1);
    for (int i = 0; i < 2; i++)
        (void)close(clients[i]);
    end();
}
END_TEST

/* Its thread has only just started. */
START_TEST(a_worker_of_a_server_that_is_freed_does_not_run)
{
    begin(1, NULL);
    reports = 0;
    nacre_server_report(served.server);
    served.server->state = SERVER_ABANDONED;
    ck_assert_ptr_null(worker_run(worker(0)));
    ck_assert_uint_eq(reports, 0);
    served.server->state = SERVER_IDLE;
    end();
}
END_TEST

/* The first one waits for the connections of the others. */
START_TEST(the_last_of_several_workers_to_drain_wakes_the_first)
{
    int client;

    begin(2, NULL);
    turns(0, 1);
    turns(1, 1);
    client = connect_to(&where);
    turns(1, 3);
    ck_assert_uint_eq(peers(1), 1);
    nacre_server_drain(served.server, 60 * 1000);
    turns(0, 3);
    turns(1, 3);
    ck_assert(!is_awake(0));
    (void)close(client);
    while (worker_run_once(worker(1), 1000))
        ck_assert(!is_awake(0));
    ck_assert(is_awake(0));
    ck_assert(!worker_run_once(worker(0), 0));
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    standard_input(suite);
    add_test(suite, without_descriptors_no_server_starts);
    add_test(suite, workers_know_their_number_and_settings);
    add_test(suite, sessions_have_the_programs_version);
    add_test(suite, an_iteration_waits_as_long_as_told);
    add_test(suite, a_call_wakes_each_worker);
    add_test(suite, the_first_worker_reports_once);
    add_test(suite, each_worker_takes_new_settings_and_leaves_the_old_ones);
    add_loop(suite, one_of_several_workers_accepts_one_connection_at_a_time, 0, 2);
    add_test(suite, a_connection_that_has_no_memory_for_a_session_ends);
    add_loop(suite, a_stop_ends_every_connection, 0, 2);
    add_loop(suite, nothing_is_left_of_connections_when_the_server_is_freed, 0, 2);
    add_test(suite, a_worker_that_stops_waits_until_its_time_is_over);
    add_loop(suite, a_worker_that_has_ended_sleeps, 0, 2);
    add_test(suite, the_end_of_a_drain_wakes_every_worker);
    add_test(suite, a_worker_of_a_server_that_is_freed_does_not_run);
    add_test(suite, the_last_of_several_workers_to_drain_wakes_the_first);
}
