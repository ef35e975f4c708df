/* nacre-spec's connections: who ended one. */
#include "apps/spec/conn.h"
#include "tests/support/suite.h"

#include <stdlib.h>

enum { MUCH = 64 << 20, SHORT_US = 100000, LONG_US = 30000000 };

struct ends {
    struct conn near, far;
};

static void open_ends(struct ends *e)
{
    struct conn listener;
    uint16_t port = 0;

    ck_assert(conn_listen(&listener, &port));
    ck_assert(conn_open_local(&e->near, port, now_us() + LONG_US));
    ck_assert(conn_accept(&listener, &e->far, now_us() + LONG_US));
    conn_close(&listener);
}

static void close_ends(struct ends *e)
{
    conn_close(&e->near);
    conn_close(&e->far);
}

START_TEST(a_peer_that_reads_nothing_has_not_ended_the_connection)
{
    struct ends e;
    uint8_t *bytes = calloc(1, MUCH);

    open_ends(&e);
    conn_send(&e.near, (struct bytes){bytes, MUCH}, now_us() + SHORT_US);
    ck_assert(e.near.ended && e.near.stalled);
    close_ends(&e);
    free(bytes);
}
END_TEST

START_TEST(a_peer_that_closes_has)
{
    struct ends e;

    open_ends(&e);
    conn_finish(&e.far);
    ck_assert(!conn_wait(&e.near, now_us() + LONG_US));
    ck_assert(e.near.ended && !e.near.stalled);
    close_ends(&e);
}
END_TEST

/* What is not consumed moves to the front of the buffer, as more comes. */
START_TEST(bytes_arrive_in_order_whenever_they_are_consumed)
{
    struct ends e;
    uint8_t next = 0;
    size_t sent = 0;

    open_ends(&e);
    for (int round = 0; round < 2000; round++) {
        uint8_t piece[251];

        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = (uint8_t)(sent++ % 256);
        conn_send(&e.far, (struct bytes){piece, sizeof piece}, now_us() + LONG_US);
        ck_assert(conn_wait(&e.near, now_us() + LONG_US));
        while (conn_received(&e.near).len > 100) { /* a rest always stays */
            ck_assert_uint_eq(conn_received(&e.near).at[0], next++);
            conn_consume(&e.near, 1);
        }
    }
    close_ends(&e);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_peer_that_reads_nothing_has_not_ended_the_connection);
    add_test(suite, a_peer_that_closes_has);
    add_test(suite, bytes_arrive_in_order_whenever_they_are_consumed);
}
