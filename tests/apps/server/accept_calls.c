/* How a listener accepts, with a system that does what the test says. The server runs in the thread
 * of the test. */
#include "apps/server/accept.h"

#include "apps/server/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EACH = 50 * 1000 /* microseconds: 1200 in a minute */ };

static struct served served;
static struct nacre_target where = {.host = "127.0.0.1"};
static int fail_accept, fail_once; /* errno of every accept4, and of the first */
static unsigned accepts;
static int fail_watch; /* errno of the next EPOLL_CTL_ADD */
static struct {
    int op, fd;
} watched[8]; /* calls of epoll_ctl */
static unsigned watches, refusals;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    int failure = fail_once != 0 ? fail_once : fail_accept;

    accepts++;
    fail_once = 0;
    errno = failure != 0 ? failure : EAGAIN; /* after a call that succeeds, it says nothing */
    return failure != 0 ? -1 : __real_accept4(fd, address, len, flags);
}

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    if (watches < sizeof watched / sizeof watched[0]) {
        watched[watches].op = op;
        watched[watches++].fd = fd;
    }
    if (op == EPOLL_CTL_ADD && fail_watch != 0) {
        errno = fail_watch;
        fail_watch = 0;
        return -1;
    }
    return __real_epoll_ctl(epoll, op, fd, event);
}

static void on_refused(void *context, const char *from, enum nacre_limit limit, uint64_t unlogged)
{
    (void)context;
    (void)from;
    (void)limit;
    (void)unlogged;
    refusals++;
}

static struct worker *worker(void)
{
    return &served.server->workers[0];
}

static void turn(void)
{
    ck_assert(nacre_server_run_once(served.server, 0));
}

/* The listener's socket is readable. Time stands still; a source is a listener's first member. */
static void accept_now(void)
{
    struct source *source = (struct source *)(void *)worker()->listeners;

    accepts = watches = 0;
    source->ready(source, EPOLLIN);
}

static void begin(unsigned workers)
{
    static const struct nacre_server_events events = {.refused = on_refused};
    static const struct nacre_admission admission = {.startups_begin = 1, .startups_full = 1};

    fail_accept = fail_once = fail_watch = 0;
    refusals = 0;
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

static uint64_t limited(void)
{
    return nacre_server_limited(served.server, NACRE_LIMIT_DESCRIPTORS);
}

static const struct {
    int failure;
    unsigned accepts;
    bool out_of_descriptors; /* once more, with the spare one */
} failures[] = {
    {ECONNABORTED, 64, false}, {EINTR, 64, false}, {EAGAIN, 1, false}, {EPROTO, 1, false},
    {EMFILE, 2, true},         {ENFILE, 2, true},  {ENOMEM, 2, true},  {ENOBUFS, 2, true},
};

/* A client has gone before it was accepted, or a signal has come: the next one is accepted. */
START_TEST(an_accept_that_fails_is_repeated_or_not)
{
    const bool out = failures[_i].out_of_descriptors;

    begin(1);
    fail_accept = failures[_i].failure;
    accept_now();
    ck_assert_uint_eq(accepts, failures[_i].accepts);
    ck_assert_uint_eq(limited(), out);
    ck_assert_uint_eq(worker()->loop.timers, out);
    if (out)
        ck_assert_uint_eq(worker()->loop.heap[0]->at_ms, worker()->loop.now_ms + 200);
    end();
}
END_TEST

START_TEST(without_another_connection_none_is_shed)
{
    begin(1);
    fail_once = EMFILE;
    fail_accept = EAGAIN;
    accept_now();
    ck_assert_uint_eq(accepts, 2);
    ck_assert_uint_eq(limited(), 0);
    ck_assert_uint_eq(worker()->loop.timers, 0);
    end();
}
END_TEST

START_TEST(a_connection_that_is_shed_may_have_descriptor_0)
{
    int client;

    begin(1);
    ck_assert_int_eq(dup2(worker()->spare, 0), 0);
    (void)close(worker()->spare);
    worker()->spare = 0;
    client = connect_to(&where);
    fail_once = EMFILE;
    accept_now();
    ck_assert_uint_eq(accepts, 3); /* the last one finds no other connection */
    ck_assert_uint_eq(limited(), 1);
    (void)close(client);
    end();
}
END_TEST

START_TEST(one_of_several_workers_accepts_once)
{
    begin(2);
    fail_accept = ECONNABORTED;
    accept_now();
    ck_assert_uint_eq(accepts, 1);
    end();
}
END_TEST

/* 64 times 64, as many as Linux queues; not from sockets that the program has, and which another
 * server may continue to use. */
START_TEST(the_last_connections_are_accepted_when_listening_ends)
{
    begin(1);
    fail_accept = ECONNABORTED;
    accepts = 0;
    if (_i == 1)
        served.server->config.socket_count = 1;
    if (_i == 2)
        accept_close(worker());
    accept_queued(worker());
    ck_assert_uint_eq(accepts, _i == 0 ? 4096 : 0);
    fail_accept = EAGAIN;
    accept_queued(worker());
    ck_assert_uint_eq(accepts, _i == 0 ? 4097 : 0);
    end();
}
END_TEST

/* Before it serves a connection, one of several workers goes to the end of the socket's queue. If
 * that fails, it tries again after a pause, and again. */
START_TEST(a_worker_that_has_accepted_lets_others)
{
    int client, listener;

    begin(1 + (unsigned)(_i > 0));
    client = connect_to(&where);
    fail_watch = _i == 2 ? ENOMEM : 0;
    accept_now();
    ck_assert_int_eq(watched[0].op == EPOLL_CTL_DEL, _i > 0);
    ck_assert_int_eq(watched[1].op == EPOLL_CTL_ADD && watched[1].fd == watched[0].fd, _i > 0);
    ck_assert_uint_eq(watches, _i > 0 ? 3 : 1); /* the connection's own is the last */
    ck_assert_uint_eq(worker()->loop.timers, _i == 2);
    listener = watched[0].fd;
    for (unsigned tries = 0; _i == 2 && tries < 2; tries++) {
        struct timer *pause = worker()->loop.heap[0];

        ck_assert_uint_eq(pause->at_ms, worker()->loop.now_ms + 200);
        (void)loop_set_timer(&worker()->loop, pause, UINT64_MAX);
        watches = 0;
        fail_watch = tries == 0 ? ENOMEM : 0;
        pause->fire(pause);
        ck_assert_uint_eq(watches, 1);
        ck_assert_int_eq(watched[0].fd, listener);
        ck_assert_uint_eq(worker()->loop.timers, tries == 0);
    }
    (void)close(client);
    end();
}
END_TEST

/* A hundred at once, then one in 50 ms. */
START_TEST(refusals_are_events_at_a_certain_rate)
{
    int clients[4];
    uint64_t now;

    begin(1);
    clients[0] = connect_to(&where);
    turn();
    turn();
    now = worker()->loop.now_ms * 1000;
    for (unsigned i = 1; i < 4; i++) {
        clients[i] = connect_to(&where);
        accept_now();
        ck_assert_uint_eq(refusals, i < 3 ? i : 2);
        ck_assert_uint_eq(worker()->unlogged, i < 3 ? 0 : 1);
        ck_assert_uint_eq(worker()->refusals, now + (i == 1 ? EACH : 100 * EACH));
        if (i == 1)
            worker()->refusals = now + 99 * EACH;
    }
    for (int i = 0; i < 4; i++)
        (void)close(clients[i]);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, an_accept_that_fails_is_repeated_or_not, 0, 8);
    add_test(suite, without_another_connection_none_is_shed);
    add_test(suite, a_connection_that_is_shed_may_have_descriptor_0);
    add_test(suite, one_of_several_workers_accepts_once);
    add_loop(suite, the_last_connections_are_accepted_when_listening_ends, 0, 3);
    add_loop(suite, a_worker_that_has_accepted_lets_others, 0, 3);
    add_test(suite, refusals_are_events_at_a_certain_rate);
}
