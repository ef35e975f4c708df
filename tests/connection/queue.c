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

enum { LONGEST = QUEUE_ADD_MAX, MESSAGES = 4096 };

static void add(size_t len, uint8_t *next)
{
    static uint8_t message[LONGEST];

    for (size_t i = 0; i < len; i++)
        message[i] = (*next)++;
    ck_assert_msg(queue_add(&q, &pool, (struct bytes){message, len}), "not added");
}

/* Some of the first message, of which `left` bytes are in the queue. */
static size_t drop_some(size_t left, size_t n, uint8_t *next)
{
    struct bytes front = queue_front(&q);

    ck_assert_msg(front.len == left, "another length");
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(front.at[i] == (*next)++, "a byte is out of order");
    queue_drop(&q, &pool, n);
    return left - n;
}

START_TEST(messages_come_out_as_they_went_in)
{
    static uint32_t sizes[MESSAGES]; /* a ring */
    uint32_t in = 0, out = 0;
    uint8_t next_in = 0, next_out = 0;
    size_t len = 0, left = 0;
    unsigned seed = (unsigned)_i;

    for (int i = 0; i < 40000; i++) {
        if (len < (size_t)256 * 1024 && in - out < MESSAGES && rand_r(&seed) % 2 == 0) {
            uint32_t size = 1 + (uint32_t)rand_r(&seed) % (1U << rand_r(&seed) % 16);

            add(size, &next_in);
            sizes[in++ % MESSAGES] = size;
            len += size;
        } else if (len > 0) {
            left = left == 0 ? sizes[out++ % MESSAGES] : left;
            len -= left;
            left = drop_some(left, rand_r(&seed) % 4 == 0 ? (left + 1) / 2 : left, &next_out);
            len += left;
        }
        ck_assert_msg(q.len == len, "another number of bytes");
    }
}
END_TEST

START_TEST(every_length_is_remembered)
{
    uint8_t next_in = 0, next_out = 0;

    for (size_t len = 1; len <= LONGEST; len += len < 300 ? 1 : 97) {
        add(len, &next_in);
        add(1, &next_in);
        ck_assert_uint_eq(drop_some(len, len, &next_out), 0);
        ck_assert_uint_eq(drop_some(1, 1, &next_out), 0);
    }
    add(LONGEST, &next_in);
    ck_assert_uint_eq(drop_some(LONGEST, LONGEST, &next_out), 0);
}
END_TEST

/* Blocks that end with the last byte of a message and with that of its length: no byte is used
 * twice, which AddressSanitizer would not see. */
START_TEST(messages_and_their_lengths_do_not_overlap)
{
    uint8_t next_in = 0, next_out = 0;
    size_t each = (size_t)_i;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++)
            add(each, &next_in);
        for (int i = 0; i < 2000; i++)
            ck_assert_uint_eq(drop_some(each, each, &next_out), 0);
        ck_assert_uint_eq(pool.in_use, 0);
    }
}
END_TEST

/* One message about the size of a block, alone and after others. */
START_TEST(a_message_about_the_size_of_a_block_is_unharmed)
{
    uint8_t next_in = 0, next_out = 0;

    for (size_t len = BLOCK_SMALL - 80; len <= BLOCK_SMALL + 8; len++) {
        for (size_t before = 0; before <= 2; before++) {
            if (before > 0)
                add(before * 40, &next_in);
            add(len, &next_in);
            if (before > 0)
                ck_assert_uint_eq(drop_some(before * 40, before * 40, &next_out), 0);
            ck_assert_uint_eq(drop_some(len, len, &next_out), 0);
        }
    }
}
END_TEST

/* The bytes and where they end; a block is left when the next message does not fit. */
START_TEST(small_messages_take_a_fifth_more_than_their_bytes)
{
    const size_t bytes = (size_t)1 << 20, each = (size_t)_i;
    uint8_t next_in = 0;

    for (size_t len = 0; len < bytes; len += each)
        add(each, &next_in);
    ck_assert_uint_le(pool.in_use, bytes + bytes / 5 + 2 * (size_t)BLOCK_LARGE);
}
END_TEST

START_TEST(the_longest_messages_leave_no_space_unused)
{
    uint8_t next_in = 0;

    for (int i = 0; i < 32; i++)
        add(LONGEST, &next_in);
    ck_assert_uint_eq(pool.in_use, (size_t)8 * BLOCK_LARGE);
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
    queue_drop(&q, &pool, 100);
    queue_drop(&q, &pool, 100);
    fails = true; /* the pool keeps its blocks and lends them again */
    ck_assert(queue_add(&q, &pool, (struct bytes){block, sizeof block}));
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, setup, teardown);
    add_loop(suite, messages_come_out_as_they_went_in, 1, 5);
    add_test(suite, every_length_is_remembered);
    add_loop(suite, messages_and_their_lengths_do_not_overlap, 1, 80);
    add_loop(suite, small_messages_take_a_fifth_more_than_their_bytes, 1, 20);
    add_test(suite, the_longest_messages_leave_no_space_unused);
    add_test(suite, an_empty_queue_holds_no_memory);
    add_test(suite, a_trickle_through_a_queue_does_not_make_it_grow);
    add_test(suite, without_memory_nothing_is_added_and_nothing_is_lost);
    add_test(suite, a_message_about_the_size_of_a_block_is_unharmed);
}
