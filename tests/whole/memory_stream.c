/* Every allocation fails in turn while a channel is joined to descriptors. */
#include "apps/runtime/loop.h"
#include "apps/runtime/stream.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/whole/memory_libc.h"

#include <fcntl.h>
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

void add_tests(struct suite *suite)
{
    add_loop(suite, a_join_without_memory_closes_the_descriptors, 0, 2);
}
