/* Memory of the peer of a nacre-spec connection. */
#include "apps/spec/growth.h"
#include "tests/support/suite.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MUCH = 16 << 20, LONG_US = 30000000 };

static struct conn near, far;

static void open_ends(void)
{
    struct conn listener;
    uint16_t port = 0;

    ck_assert(conn_listen(&listener, &port));
    ck_assert(conn_open_local(&near, port, now_us() + LONG_US));
    ck_assert(conn_accept(&listener, &far, now_us() + LONG_US));
    conn_close(&listener);
}

/* A process of its own has the far end; it takes `size` bytes of memory when it reads a byte, and
 * writes one. */
static pid_t start_peer(size_t size)
{
    pid_t pid;
    char byte = 0;

    open_ends();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        /* Not from malloc, which fills it in tests */
        uint8_t *memory =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        conn_close(&near);
        while (read(far.fd, &byte, 1) < 0)
            continue;
        memset(memory, 1, size);
        if (write(far.fd, (const char *)memory + size - 1, 1) != 1)
            _exit(1);
        while (read(far.fd, &byte, 1) != 0)
            continue;
        _exit(0);
    }
    conn_close(&far);
    return pid;
}

START_TEST(the_peers_process_is_found_and_its_memory_seen)
{
    pid_t pid = start_peer(_i == 0 ? MUCH : 1), pids[GROWTH_PROCESSES];
    uint64_t before;

    ck_assert_uint_eq(growth_find(near.fd, pids), 1);
    ck_assert_int_eq(pids[0], pid);
    ck_assert(growth_reset(pid));
    before = growth_peak(pid);
    ck_assert_uint_gt(before, 0);
    conn_send(&near, bytes_of("x"), now_us() + LONG_US);
    ck_assert_uint_eq(near.sent, 1);
    ck_assert(conn_wait(&near, now_us() + LONG_US));
    if (_i == 0)
        ck_assert_uint_ge(growth_peak(pid), before + MUCH / 2);
    else
        ck_assert_uint_lt(growth_peak(pid), before + MUCH / 2);
    conn_close(&near);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_uint_eq(growth_peak(pid), 0);
}
END_TEST

START_TEST(what_is_no_connection_has_no_process)
{
    pid_t pids[GROWTH_PROCESSES];

    ck_assert_uint_eq(growth_find(-1, pids), 0);
    ck_assert_uint_eq(growth_find(STDIN_FILENO, pids), 0);
    ck_assert(!growth_reset(-1));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, the_peers_process_is_found_and_its_memory_seen, 0, 2);
    add_test(suite, what_is_no_connection_has_no_process);
}
