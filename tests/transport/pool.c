/* The pool: reused blocks, allocations of any size. */
#include "tests/support/counted_pool.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

START_TEST(blocks_are_reused)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);

    for (int i = 0; i < 10; i++) {
        struct buffer b = {0};

        append(&b, &pool, "hello", 5);
        buffer_clear(&b, &pool);
    }
    ck_assert_uint_eq(account.calls, 1);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(a_pool_keeps_a_bounded_number_of_free_blocks)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b[2 * BLOCKS_KEPT] = {{0}};

    for (size_t i = 0; i < 2 * BLOCKS_KEPT; i++)
        append(&b[i], &pool, "hello", 5);
    ck_assert_uint_eq(pool.in_use, 2 * BLOCKS_KEPT * BLOCK_SMALL);
    for (size_t i = 0; i < 2 * BLOCKS_KEPT; i++)
        buffer_clear(&b[i], &pool);
    ck_assert_uint_eq(pool.in_use, 0);
    ck_assert_uint_eq(account.lent, BLOCKS_KEPT * BLOCK_SMALL);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(a_block_is_of_the_smallest_class_that_fits)
{
    static const struct {
        size_t need, size;
    } cases[] = {
        {1, BLOCK_SMALL},           {BLOCK_SMALL, BLOCK_SMALL},    {BLOCK_SMALL + 1, BLOCK_LARGE},
        {BLOCK_LARGE, BLOCK_LARGE}, {BLOCK_LARGE + 1, BLOCK_HUGE}, {BLOCK_HUGE, BLOCK_HUGE}};
    struct account account = {0};
    struct pool pool = pool_of(&account);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = 0;
        uint8_t *block = pool_take_block(&pool, cases[i].need, &size);

        ck_assert_uint_eq(size, cases[i].size);
        ck_assert_uint_eq(pool.in_use, cases[i].size);
        block[size - 1] = 1;
        pool_give_block(&pool, block, size);
        ck_assert_uint_eq(pool.in_use, 0);
    }
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

/* One idle server must not hold megabytes because some clients once sent long commands. */
START_TEST(a_pool_keeps_few_of_the_largest_blocks)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    void *blocks[2 * BLOCKS_KEPT_HUGE];
    size_t size;

    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        blocks[i] = pool_take_block(&pool, BLOCK_HUGE, &size);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        pool_give_block(&pool, blocks[i], BLOCK_HUGE);
    ck_assert_uint_eq(account.lent, BLOCKS_KEPT_HUGE * BLOCK_HUGE);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(allocations_are_zeroed_counted_and_wiped_on_release)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    uint8_t *p = pool_allocate(&pool, 100);

    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(p[i], 0);
    ck_assert_uint_eq(pool.in_use, 100);
    memset(p, 's', 100);
    pool_release(&pool, p, 100);
    ck_assert(account.wiped);
    ck_assert_uint_eq(pool.in_use, 0);
    ck_assert_uint_eq(account.lent, 0);
    pool_release(&pool, NULL, 100); /* harmless */
}
END_TEST

START_TEST(an_allocation_may_fail)
{
    struct account account = {.fail_at = 1};
    struct pool pool = pool_of(&account);

    ck_assert_ptr_null(pool_allocate(&pool, 100));
    ck_assert_uint_eq(pool.in_use, 0);
}
END_TEST

START_TEST(the_default_memory_is_malloc)
{
    struct pool pool;
    struct buffer b = {0};
    void *p;

    pool_init(&pool, NULL);
    p = pool_allocate(&pool, 10);
    ck_assert_ptr_nonnull(p);
    append(&b, &pool, "hello", 5);
    buffer_clear(&b, &pool);
    pool_release(&pool, p, 10);
    pool_clear(&pool);
}
END_TEST

START_TEST(an_allocation_is_wiped_and_nothing_else)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    uint8_t *p = pool_allocate(&pool, 100);

    wiped_record();
    pool_release(&pool, p, 100);
    assert_wiped(100, 1);
}
END_TEST

START_TEST(a_private_block_with_few_bytes_is_wiped_at_once)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    size_t size, used;

    for (int large = 0; large < 2; large++) {
        void *p = pool_take_private(&pool, large ? BLOCK_LARGE : 1, &size, &used);

        ck_assert_uint_eq(size, large ? BLOCK_LARGE : BLOCK_SMALL);
        ck_assert_uint_eq(used, 0);
        wiped_record();
        pool_give_private(&pool, p, size, BLOCK_SMALL);
        assert_wiped(BLOCK_SMALL, 1);
        ck_assert_ptr_eq(pool_take_block(&pool, size, &size), p);
        pool_give_block(&pool, p, size);
    }
    ck_assert_uint_eq(pool.in_use, 0);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

/* The newest is taken again first, with a note of how much of it is not wiped yet. When there are
 * too many, the oldest is wiped. */
START_TEST(private_blocks_with_many_bytes_stay_warm)
{
    enum { MANY = BLOCK_SMALL + 1 };
    struct account account = {0};
    struct pool pool = pool_of(&account);
    void *blocks[WARM_KEPT + 1], *p;
    size_t size, used;

    for (size_t i = 0; i <= WARM_KEPT; i++)
        blocks[i] = pool_take_private(&pool, BLOCK_LARGE, &size, &used);
    wiped_record();
    for (size_t i = 0; i < WARM_KEPT; i++)
        pool_give_private(&pool, blocks[i], size, MANY + i);
    ck_assert_uint_eq(wiped_times(MANY), 0);
    pool_give_private(&pool, blocks[WARM_KEPT], size, MANY + WARM_KEPT);
    assert_wiped(MANY, 1);
    ck_assert_ptr_eq(pool_take_block(&pool, BLOCK_LARGE, &size), blocks[0]);
    p = pool_take_private(&pool, BLOCK_LARGE, &size, &used);
    ck_assert_ptr_eq(p, blocks[WARM_KEPT]);
    ck_assert_uint_eq(used, MANY + WARM_KEPT);
    pool_give_private(&pool, p, size, used);
    pool_give_block(&pool, blocks[0], size);
    ck_assert_uint_eq(pool.in_use, 0);
    if (_i == 0)
        pool_wipe(&pool);
    pool_clear(&pool);
    for (size_t i = 0; i <= WARM_KEPT; i++)
        assert_wiped(MANY + i, 1);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, blocks_are_reused);
    add_test(suite, a_pool_keeps_a_bounded_number_of_free_blocks);
    add_test(suite, a_block_is_of_the_smallest_class_that_fits);
    add_test(suite, a_pool_keeps_few_of_the_largest_blocks);
    add_test(suite, allocations_are_zeroed_counted_and_wiped_on_release);
    add_test(suite, an_allocation_may_fail);
    add_test(suite, the_default_memory_is_malloc);
    add_test(suite, an_allocation_is_wiped_and_nothing_else);
    add_test(suite, a_private_block_with_few_bytes_is_wiped_at_once);
    add_loop(suite, private_blocks_with_many_bytes_stay_warm, 0, 2);
}
