/* The bytes of a channel that its application has not accepted. */
#include "connection/queue.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

static struct pool pool;
static struct queue q;

static void setup(void)
{
    pool_init(&pool, NULL);
    memset(&q, 0, sizeof q);
}

static void teardown(void)
{
    queue_clear(&q, &pool);
    ck_assert_uint_eq(pool.in_use, 0);
    pool_clear(&pool);
}

START_TEST(bytes_come_out_in_the_order_they_went_in)
{
    uint8_t block[5000];
    uint8_t next_in = 0, next_out = 0;
    size_t len = 0, most = 0;
    unsigned seed = (unsigned)_i;

    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)rand_r(&seed) % sizeof block;

        if (len < 64 * 1024 && rand_r(&seed) % 2 == 0) {
            for (size_t k = 0; k < n; k++)
                block[k] = next_in++;
            ck_assert(queue_add(&q, &pool, (struct bytes){block, n}));
            len += n;
            n = 0;
        }
        while (n > 0 && len > 0) { /* all of it, or a part */
            struct bytes front = queue_front(&q);
            size_t piece = n < front.len ? n : front.len;

            ck_assert_uint_gt(front.len, 0);
            for (size_t k = 0; k < piece; k++)
                if (front.at[k] != next_out++)
                    ck_abort_msg("a byte is out of order");
            queue_drop(&q, &pool, piece);
            n -= piece;
            len -= piece;
        }
        ck_assert_uint_eq(q.len, len);
        most = pool.in_use > most ? pool.in_use : most;
    }
    ck_assert_uint_le(most, 2 * BLOCK_LARGE + BLOCK_SMALL); /* its contents and one block */
}
END_TEST

START_TEST(an_empty_queue_holds_no_memory)
{
    struct bytes front = queue_front(&q);

    ck_assert_uint_eq(front.len, 0);
    ck_assert(queue_add(&q, &pool, (struct bytes){NULL, 0}));
    ck_assert_uint_eq(pool.in_use, 0);
    ck_assert(queue_add(&q, &pool, (struct bytes){(const uint8_t *)"abc", 3}));
    ck_assert_uint_gt(pool.in_use, 0);
    queue_drop(&q, &pool, 3);
    ck_assert_uint_eq(pool.in_use, 0);
}
END_TEST

START_TEST(a_trickle_through_a_queue_does_not_make_it_grow)
{
    static const uint8_t block[1000];

    ck_assert(queue_add(&q, &pool, (struct bytes){block, sizeof block}));
    for (int i = 0; i < 10000; i++) {
        ck_assert(queue_add(&q, &pool, (struct bytes){block, sizeof block}));
        for (size_t n = sizeof block, piece; n > 0; n -= piece) {
            piece = queue_front(&q).len < n ? queue_front(&q).len : n;
            queue_drop(&q, &pool, piece);
        }
        ck_assert_uint_le(pool.in_use, 2 * BLOCK_SMALL);
    }
}
END_TEST

static bool fails;

static void *allocate(void *context, size_t size)
{
    (void)context;
    return fails ? NULL : malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

START_TEST(without_memory_nothing_is_added_and_nothing_is_lost)
{
    static const struct nacre_memory memory = {allocate, release, NULL};
    uint8_t block[5000];

    fails = false;
    memset(block, 'b', sizeof block);
    pool_init(&pool, &memory);
    ck_assert(queue_add(&q, &pool, (struct bytes){block, 100}));
    fails = true;
    ck_assert(!queue_add(&q, &pool, (struct bytes){block, sizeof block}));
    ck_assert_uint_eq(q.len, 100);
    ck_assert_mem_eq(queue_front(&q).at, block, 100);
    ck_assert(queue_add(&q, &pool, (struct bytes){block, 100})); /* there was space */
    fails = false;
    ck_assert(queue_add(&q, &pool, (struct bytes){block, sizeof block}));
    ck_assert_uint_eq(q.len, 5200);
    ck_assert(
        !queue_add(&q, &pool, (struct bytes){block, QUEUE_ADD_MAX + 1})); /* too much at once */
    queue_drop(&q, &pool, 200);
    fails = true; /* the pool keeps its blocks and lends them again */
    ck_assert(queue_add(&q, &pool, (struct bytes){block, sizeof block}));
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, setup, teardown);
    add_loop(suite, bytes_come_out_in_the_order_they_went_in, 1, 5);
    add_test(suite, an_empty_queue_holds_no_memory);
    add_test(suite, a_trickle_through_a_queue_does_not_make_it_grow);
    add_test(suite, without_memory_nothing_is_added_and_nothing_is_lost);
}
