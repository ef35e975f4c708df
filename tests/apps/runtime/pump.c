/* One session on one socket, and how both end. */
#include "apps/runtime/pump.h"
#include "apps/session/container_of.h"
#include "apps/session/parts.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "transport/kex_state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct nacre_loop loop;
static struct pair p;
static struct nacre_endpoint *endpoint;
static int other; /* the other end of the socket */
static unsigned over, ended;
static void (*pumps_own_fire)(struct timer *timer);

static void on_over(struct pump *pump)
{
    over++;
    free(pump);
}

static void on_freed(void *pump)
{
    pump_session_freed(pump);
}

static void on_ended(void *pump, const struct nacre_end *why)
{
    (void)pump;
    (void)why;
    ended++;
}

static bool no_timers; /* out of memory for one */

bool __real_loop_set_timer(struct nacre_loop *at, struct timer *timer, uint64_t at_ms); /* NOLINT */

OWN(bool, loop_set_timer, struct nacre_loop *at, struct timer *timer, uint64_t at_ms)
{
    return !no_timers && __real_loop_set_timer(at, timer, at_ms);
}

static struct pump *begin(void)
{
    struct nacre_endpoint_config config;
    struct pump *pump =
        calloc(1, sizeof *pump); /* its owner, like those of the library, frees it */
    char errbuf[256];
    int fds[2];

    pair_init(&p, 1);
    config = (struct nacre_endpoint_config){.version = NACRE_VERSION_NUMBER,
                                            .role = NACRE_SERVER,
                                            .host_keys = p.host_keys,
                                            .host_key_count = 1,
                                            .auth = &p.policy,
                                            .ended = on_ended,
                                            .freed = on_freed};
    endpoint = nacre_endpoint_new(&config, errbuf, sizeof errbuf);
    over = ended = 0;
    ck_assert(pump != NULL && endpoint != NULL && loop_init(&loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    other = fds[1];
    pump_init(pump, &loop, fds[0], on_over);
    ck_assert(pump_start(pump, nacre_session_new(endpoint, pump, loop.now_ms)));
    return pump;
}

static void do_nothing(struct task *task)
{
    (void)task;
}

/* One iteration of the loop that does not wait. */
static void turn(void)
{
    struct task nothing = {.run = do_nothing};

    loop_later(&loop, &nothing);
    loop_run_once(&loop);
    loop_forget(&loop, &nothing); /* on a busy machine, its turn may not have come */
}

static void turns_until_over(void)
{
    for (int i = 0; i < 10 && over == 0; i++)
        loop_run_once(&loop);
    ck_assert_uint_eq(over, 1);
}

static void end(void)
{
    if (other >= 0)
        (void)close(other);
    nacre_endpoint_free(endpoint);
    loop_clear(&loop);
    pair_free(&p);
}

START_TEST(it_sends_its_version_and_is_over_when_the_other_side_closes)
{
    const struct pump *pump = begin();
    char got[64] = "";

    ck_assert_ptr_nonnull(pump);
    loop_run_once(&loop);
    ck_assert_int_gt(recv(other, got, sizeof got - 1, 0), 0);
    ck_assert_int_eq(strncmp(got, "SSH-2.0-", 8), 0);
    (void)close(other);
    other = -1;
    turns_until_over();
    ck_assert_uint_eq(ended, 1);
    end();
}
END_TEST

/* A child process that another thread forks has a copy of every descriptor until it runs exec.
 * Events on the socket must not reach a pump that is gone: AddressSanitizer checks that. */
START_TEST(a_copy_of_its_socket_causes_no_events_after_the_end)
{
    struct pump *pump = begin();
    int copy = fcntl(pump->fd, F_DUPFD_CLOEXEC, 0);

    loop_run_once(&loop);
    pump_close(pump);
    ck_assert_uint_eq(over, 1);
    ck_assert_int_gt(send(other, "late", 4, MSG_NOSIGNAL), 0);
    turn();
    ck_assert_uint_eq(over, 1);
    (void)close(copy);
    end();
}
END_TEST

static void end_at_deadline(struct timer *timer)
{
    const struct pump *pump = container_of(timer, struct pump, timer);

    nacre_session_disconnect(pump->session, NACRE_SHUTTING_DOWN, "that is all");
    pumps_own_fire(timer);
}

/* The timer that fires belongs to the session that ends, not to the sending of its last bytes. */
START_TEST(a_session_that_ends_at_a_deadline_still_sends_its_last_bytes)
{
    struct pump *pump = begin();
    char got[4096];
    ssize_t n = 0, more;

    loop_run_once(&loop);
    pumps_own_fire = pump->timer.fire;
    pump->timer.fire = end_at_deadline;
    ck_assert(loop_set_timer(&loop, &pump->timer, loop.now_ms));
    loop_run_once(&loop);
    pump->timer.fire = pumps_own_fire;
    for (int i = 0; i < 10; i++) {
        turn();
        while ((more = recv(other, got + n, sizeof got - (size_t)n, 0)) > 0)
            n += more;
    }
    ck_assert_ptr_nonnull(memmem(got, (size_t)n, "that is all", strlen("that is all")));
    (void)close(other);
    other = -1;
    turns_until_over();
    end();
}
END_TEST

START_TEST(a_session_that_the_application_frees_closes_the_socket)
{
    struct pump *pump = begin();
    char got[64];
    ssize_t n;

    loop_run_once(&loop);
    nacre_session_free(pump->session);
    ck_assert_uint_eq(ended, 1);
    ck_assert_uint_eq(over, 0); /* a function of the pump could be using it now */
    turns_until_over();
    do
        n = recv(other, got, sizeof got, 0);
    while (n > 0);
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(ended, 1);
    end();
}
END_TEST

START_TEST(closing_after_the_application_has_freed_the_session)
{
    struct pump *pump = begin();

    loop_run_once(&loop);
    nacre_session_free(pump->session);
    pump_close(pump);
    ck_assert_uint_eq(over, 1);
    turn();
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

/* Whatever makes a session of a later exchange go on: first exchanges go before it. */
START_TEST(a_later_key_exchange_is_deferred)
{
    struct pump *pump = begin();
    struct kex *kex;

    turn();
    kex = pump->session->transport->kex;
    ck_assert(kex != NULL && kex->first);
    for (int later = 0; later < 2; later++) {
        kex->first = later == 0;
        ck_assert(nacre_session_is_rekeying(pump->session) == (later == 1));
        for (int how = 0; how < 3; how++) {
            if (how == 0)
                pump_wake(pump);
            else if (how == 1)
                pump->source.ready(&pump->source, EPOLLIN);
            else if (later == 1)
                pump->timer.fire(&pump->timer);
            else
                continue;
            ck_assert_ptr_eq(later == 1 ? loop.deferred.first : loop.soon.first, &pump->task);
            loop_forget(&loop, &pump->task);
        }
    }
    pump_close(pump);
    end();
}
END_TEST

/* What each event says about the socket, while the pump is to be served soon anyway. */
START_TEST(each_event_says_what_the_socket_can_do)
{
    static const struct {
        uint32_t events;
        bool readable, hung_up, sendable;
    } rows[] = {
        {EPOLLIN, true, false, false},   {EPOLLOUT, false, false, true},
        {EPOLLRDHUP, true, true, false}, {EPOLLHUP, true, true, false},
        {EPOLLERR, true, true, false},   {EPOLLIN | EPOLLOUT, true, false, true},
    };
    struct pump *pump = begin();

    turn();
    pump_wake(pump);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pump->readable = pump->hung_up = pump->sendable = false;
        pump->source.ready(&pump->source, rows[i].events);
        ck_assert_int_eq(pump->readable, rows[i].readable);
        ck_assert_int_eq(pump->hung_up, rows[i].hung_up);
        ck_assert_int_eq(pump->sendable, rows[i].sendable);
    }
    pump_close(pump);
    end();
}
END_TEST

START_TEST(without_a_session_it_does_not_start)
{
    struct pump *pump = calloc(1, sizeof *pump);
    int fds[2];

    over = 0;
    ck_assert(pump != NULL && loop_init(&loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    pump_init(pump, &loop, fds[0], on_over);
    ck_assert(!pump_start(pump, NULL));
    pump_close(pump);
    ck_assert_uint_eq(over, 1);
    close(fds[1]);
    loop_clear(&loop);
}
END_TEST

/* Without a deadline, a session and the end of one could last for ever. */
START_TEST(without_memory_for_a_timer_it_is_over)
{
    struct pump *pump = begin();

    no_timers = _i == 0;
    turn();
    if (_i > 0) {
        ck_assert_uint_eq(over, 0);
        nacre_session_disconnect(pump->session, NACRE_SHUTTING_DOWN, "that is all");
        pump->sendable = _i == 1; /* all of it is sent, or nothing */
        no_timers = true;
        pump_wake(pump);
        turn();
    }
    ck_assert_uint_eq(over, 1);
    no_timers = false;
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_event_says_what_the_socket_can_do);
    add_loop(suite, without_memory_for_a_timer_it_is_over, 0, 3);
    add_test(suite, without_a_session_it_does_not_start);
    add_test(suite, it_sends_its_version_and_is_over_when_the_other_side_closes);
    add_test(suite, a_copy_of_its_socket_causes_no_events_after_the_end);
    add_test(suite, a_session_that_ends_at_a_deadline_still_sends_its_last_bytes);
    add_test(suite, a_session_that_the_application_frees_closes_the_socket);
    add_test(suite, a_later_key_exchange_is_deferred);
    add_test(suite, closing_after_the_application_has_freed_the_session);
}
