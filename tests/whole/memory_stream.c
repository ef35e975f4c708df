/* Every allocation fails in turn while a channel is joined to descriptors, and each of a pump for
 * its timers. */
#include "apps/runtime/loop.h"
#include "apps/runtime/pump.h"
#include "apps/runtime/stream.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/whole/memory_libc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct nacre_channel *server;

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    server = ch;
    return NACRE_GRANT;
}

/* Join the channel to three descriptors, or to two, when one is for both directions. */
static bool joins(struct nacre_loop *loop, int fds[2], bool both, struct scarce *scarce)
{
    const struct nacre_stream_config config = {
        .input = fds[0], .error = fds[1], .output = both ? fds[0] : -1};
    bool good;

    scarce_everywhere(scarce);
    good = nacre_stream_join(server, loop, &config) != NULL;
    scarce_everywhere(NULL);
    return good;
}

START_TEST(a_join_without_memory_closes_the_descriptors)
{
    struct nacre_loop loop;
    struct scarce scarce;
    struct pair p;
    unsigned n = 0;

    ck_assert(loop_init(&loop));
    pair_init(&p, 1);
    p.server_app = (struct nacre_channel_app){.open = on_open};
    pair_start(&p);
    (void)pair_open(&p);
    pair_run(&p);
    do {
        int fds[2];
        bool good;

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        scarce_init(&scarce, ++n, false);
        good = joins(&loop, fds, _i == 1, &scarce);
        ck_assert_int_ne(good, scarce.refused);
        if (!good) {
            ck_assert_int_lt(fcntl(fds[0], F_GETFD), 0);
            ck_assert_int_lt(fcntl(fds[1], F_GETFD), 0);
        }
    } while (scarce.refused);
    ck_assert_uint_gt(n, 1);
    pair_clear(&p);
    loop_clear(&loop);
}
END_TEST

/* ---- without memory for a timer, a session could stay for ever: its socket is closed ---- */

enum { TIMERS = 64 /* that need memory only once */ };

static struct nacre_loop pumps_loop;
static unsigned over;

static void on_over(struct pump *pump)
{
    ck_assert_int_eq(pump->fd, -1);
    over++;
}

static void on_freed(void *pump)
{
    pump_session_freed(pump);
}

static void turn(struct pump *pump)
{
    if (over == 0)
        pump_wake(pump);
    loop_run_once(&pumps_loop);
}

/* Other timers take all the places that there are. */
static void take_places(struct timer timers[TIMERS])
{
    for (unsigned i = 0; i < TIMERS; i++)
        ck_assert(loop_set_timer(&pumps_loop, &timers[i], UINT64_MAX - 1));
    ck_assert_uint_eq(pumps_loop.timers, pumps_loop.timer_room);
}

static void run_out(struct pump *pump)
{
    struct scarce scarce;

    scarce_init(&scarce, 1, true);
    scarce_everywhere(&scarce);
    turn(pump);
    scarce_everywhere(NULL);
    ck_assert(scarce.refused);
}

/* While the session lives, while it sends its last bytes to a peer that does not read, and after.
 */
START_TEST(a_pump_without_memory_for_its_timer_is_over)
{
    static const uint8_t more[4096];
    static struct timer timers[TIMERS];
    struct pump pump;
    struct pair p;
    struct nacre_endpoint *endpoint;
    char errbuf[256], got[4096];
    int fds[2];

    pair_init(&p, 1);
    endpoint = nacre_endpoint_new(&(struct nacre_endpoint_config){.version = NACRE_VERSION_NUMBER,
                                                                  .role = NACRE_SERVER,
                                                                  .host_keys = p.host_keys,
                                                                  .host_key_count = 1,
                                                                  .auth = &p.policy,
                                                                  .freed = on_freed},
                                  errbuf, sizeof errbuf);
    ck_assert(endpoint != NULL && loop_init(&pumps_loop));
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    pump_init(&pump, &pumps_loop, fds[0], on_over);
    over = 0;
    memset(timers, 0, sizeof timers);
    take_places(timers);
    ck_assert(pump_start(&pump, nacre_session_new(endpoint, &pump, pumps_loop.now_ms)));
    if (_i > 0)
        nacre_session_disconnect(pump.session, NACRE_SHUTTING_DOWN, "that is all");
    while (_i == 1 && write(fds[0], more, sizeof more) > 0)
        continue;
    run_out(&pump);
    ck_assert_uint_eq(over, 1);
    while (read(fds[1], got, sizeof got) > 0)
        continue;
    ck_assert_int_eq(read(fds[1], got, 1), 0);
    (void)close(fds[1]);
    nacre_endpoint_free(endpoint);
    loop_clear(&pumps_loop);
    pair_free(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_join_without_memory_closes_the_descriptors, 0, 2);
    add_loop(suite, a_pump_without_memory_for_its_timer_is_over, 0, 3);
}
