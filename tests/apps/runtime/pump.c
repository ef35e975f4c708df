/* One session on one socket, and what is left when it is over. */
#include "apps/runtime/pump.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct nacre_loop loop;
static struct pair p;
static struct nacre_endpoint *endpoint;
static int other; /* the other end of the socket */
static unsigned over;
static void (*kept_fire)(struct timer *timer);

static void on_over(struct pump *pump)
{
    over++;
    free(pump);
}

static struct pump *begin(void)
{
    struct nacre_endpoint_config config;
    struct pump *pump = calloc(1, sizeof *pump); /* as its owners have it: freed when it is over */
    char errbuf[256];
    int fds[2];

    pair_init(&p, 1);
    config = (struct nacre_endpoint_config){
        .role = NACRE_SERVER, .host_keys = p.host_keys, .host_key_count = 1, .auth = &p.policy};
    endpoint = nacre_endpoint_new(&config, errbuf, sizeof errbuf);
    over = 0;
    ck_assert(pump != NULL && endpoint != NULL && loop_init(&loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    other = fds[1];
    pump_init(pump, &loop, fds[0], on_over);
    ck_assert(pump_start(pump, nacre_session_new(endpoint, pump, loop.now_ms)));
    return pump;
}

static void do_nothing(struct task *task)
{
    (void)task;
}

static void end(void)
{
    if (other >= 0)
        (void)close(other);
    nacre_endpoint_free(endpoint);
    loop_clear(&loop);
    pair_free(&p);
}

START_TEST(it_speaks_and_is_over_when_the_other_side_has_gone)
{
    const struct pump *pump = begin();
    char said[64] = "";

    ck_assert_ptr_nonnull(pump);
    loop_turn(&loop);
    ck_assert_int_gt(recv(other, said, sizeof said - 1, 0), 0);
    ck_assert_int_eq(strncmp(said, "SSH-2.0-", 8), 0);
    (void)close(other);
    other = -1;
    for (int i = 0; i < 10 && over == 0; i++)
        loop_turn(&loop);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

/* A process that another thread starts has a copy of every descriptor until it runs its program.
 * What comes on the socket meanwhile must not reach a pump that is gone: AddressSanitizer looks. */
START_TEST(a_copy_of_its_socket_brings_nothing_back)
{
    struct pump *pump = begin();
    struct task nothing = {.run = do_nothing};
    int copy = dup(pump->fd);

    loop_turn(&loop);
    pump_close(pump);
    ck_assert_uint_eq(over, 1);
    ck_assert_int_gt(send(other, "late", 4, MSG_NOSIGNAL), 0);
    loop_later(&loop, &nothing); /* so that the turn does not wait */
    loop_turn(&loop);
    ck_assert_uint_eq(over, 1);
    (void)close(copy);
    end();
}
END_TEST

static void keep_time(struct timer *timer)
{
    struct pump *pump = (struct pump *)(void *)((char *)timer - offsetof(struct pump, timer));

    nacre_session_disconnect(pump->session, NACRE_SHUTTING_DOWN, "that is all");
    kept_fire(timer);
}

/* A deadline that comes in the turn in which the session ends is not that of its last words. */
START_TEST(an_end_in_the_turn_of_a_deadline_is_still_said)
{
    struct pump *pump = begin();
    char said[4096];
    ssize_t n = 0, more;

    loop_turn(&loop);
    kept_fire = pump->timer.fire;
    pump->timer.fire = keep_time;
    ck_assert(loop_set_timer(&loop, &pump->timer, loop.now_ms));
    loop_turn(&loop);
    pump->timer.fire = kept_fire;
    for (int i = 0; i < 10; i++) {
        struct task nothing = {.run = do_nothing};

        loop_later(&loop, &nothing);
        loop_turn(&loop);
        while ((more = recv(other, said + n, sizeof said - (size_t)n, 0)) > 0)
            n += more;
    }
    ck_assert_ptr_nonnull(memmem(said, (size_t)n, "that is all", strlen("that is all")));
    (void)close(other);
    other = -1;
    for (int i = 0; i < 10 && over == 0; i++)
        loop_turn(&loop);
    ck_assert_uint_eq(over, 1);
    end();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, it_speaks_and_is_over_when_the_other_side_has_gone);
    add_test(suite, a_copy_of_its_socket_brings_nothing_back);
    add_test(suite, an_end_in_the_turn_of_a_deadline_is_still_said);
}
