/* Buffers: blocks grow and move with their contents, and are returned. */
#include "crypto/random.h"
#include "tests/support/counted_pool.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

START_TEST(an_empty_buffer_has_no_block)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};

    ck_assert_uint_eq(buffer_len(&b), 0);
    ck_assert_uint_eq(buffer_contents(&b).len, 0);
    ck_assert_uint_eq(buffer_room(&b), 0);
    buffer_release_idle(&b, &pool);
    buffer_clear(&b, &pool);
    ck_assert_uint_eq(account.calls, 0);
}
END_TEST

START_TEST(an_emptied_buffer_returns_its_block_when_released)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};

    append(&b, &pool, "hello", 5);
    buffer_release_idle(&b, &pool);
    ck_assert_uint_eq(pool.in_use, BLOCK_SMALL); /* not empty: it stays */
    buffer_consumed(&b, 5);
    buffer_release_idle(&b, &pool);
    ck_assert_uint_eq(pool.in_use, 0);
    ck_assert_ptr_null(b.block);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(a_buffer_moves_to_a_large_block_with_its_contents)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};
    static uint8_t more[BLOCK_SMALL];

    append(&b, &pool, "xhello", 6);
    buffer_consumed(&b, 1);
    append(&b, &pool, more, sizeof more);
    ck_assert_uint_eq(pool.in_use, BLOCK_LARGE);
    ck_assert_uint_eq(buffer_len(&b), 5 + sizeof more);
    ck_assert_mem_eq(buffer_contents(&b).at, "hello", 5);
    buffer_clear(&b, &pool);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(space_is_made_by_moving_the_contents_to_the_front)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};
    static uint8_t fill[BLOCK_SMALL - 2];

    append(&b, &pool, fill, sizeof fill);
    append(&b, &pool, "ab", 2);
    buffer_consumed(&b, sizeof fill);
    append(&b, &pool, "cd", 2);
    ck_assert_mem_eq(buffer_contents(&b).at, "abcd", 4);
    ck_assert_uint_eq(account.calls, 1);
    buffer_clear(&b, &pool);
    pool_clear(&pool);
}
END_TEST

START_TEST(a_buffer_holds_no_more_than_a_large_block)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};
    static uint8_t fill[BLOCK_LARGE];

    ck_assert_ptr_null(buffer_make_room(&b, &pool, BLOCK_LARGE + 1));
    ck_assert_ptr_null(buffer_make_room(&b, &pool, SIZE_MAX));
    append(&b, &pool, fill, sizeof fill);
    ck_assert_ptr_null(buffer_make_room(&b, &pool, 1));
    ck_assert_ptr_null(buffer_make_room(&b, &pool, SIZE_MAX));
    buffer_consumed(&b, 1);
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, 1));
    ck_assert_uint_eq(buffer_len(&b), BLOCK_LARGE - 1);
    buffer_clear(&b, &pool);
    pool_clear(&pool);
}
END_TEST

/* A large packet beside a bulk transfer; then the huge block goes back. */
START_TEST(a_huge_block_stays_only_while_it_is_needed)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};
    static uint8_t fill[BLOCK_LARGE];

    ck_assert_ptr_null(buffer_make_huge_room(&b, &pool, BLOCK_HUGE + 1));
    append(&b, &pool, "head", 4);
    ck_assert_uint_eq(buffer_limit(&b), BLOCK_LARGE);
    ck_assert_ptr_nonnull(buffer_make_huge_room(&b, &pool, BLOCK_LARGE - 4));
    ck_assert_uint_eq(buffer_limit(&b), BLOCK_LARGE); /* it fits */
    ck_assert_ptr_nonnull(buffer_make_huge_room(&b, &pool, BLOCK_LARGE - 3));
    ck_assert_uint_eq(buffer_limit(&b), BLOCK_HUGE);
    append(&b, &pool, fill, sizeof fill);
    append(&b, &pool, fill, sizeof fill); /* more than a large block holds */
    ck_assert_ptr_null(buffer_make_room(&b, &pool, BLOCK_HUGE - 2 * BLOCK_LARGE - 3));
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, BLOCK_HUGE - 2 * BLOCK_LARGE - 4));
    buffer_consumed(&b, BLOCK_LARGE + BLOCK_LARGE / 2 + 3);
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, 0)); /* half a block and a byte */
    ck_assert_uint_eq(buffer_limit(&b), BLOCK_HUGE);
    buffer_consumed(&b, 1);
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, 0));
    ck_assert_uint_eq(buffer_limit(&b), BLOCK_LARGE);
    ck_assert_uint_eq(buffer_len(&b), BLOCK_LARGE / 2);
    assert_bytes(buffer_contents(&b), (struct bytes){fill, BLOCK_LARGE / 2});
    buffer_clear(&b, &pool);
    pool_clear(&pool);
}
END_TEST

START_TEST(without_memory_the_contents_stay)
{
    struct account account = {.fail_at = 2};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};

    append(&b, &pool, "hello", 5);
    ck_assert_ptr_null(buffer_make_room(&b, &pool, BLOCK_SMALL));
    assert_bytes(buffer_contents(&b), bytes_of("hello"));
    append(&b, &pool, "!", 1);
    assert_bytes(buffer_contents(&b), bytes_of("hello!"));
    buffer_clear(&b, &pool);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

/* A queue of numbered bytes, checked against two counters: all bytes come out, in order. */
START_TEST(bytes_come_out_as_they_went_in)
{
    const uint8_t seed[32] = {7};
    struct random_seeded state;
    struct random_source random = random_from_seed(&state, seed);
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};
    uint8_t in = 0, out = 0;
    size_t wrong = 0; /* counted, because each ck_assert makes a system call */

    for (int round = 0; round < 20000; round++) {
        uint16_t dice[2];
        size_t n;

        random_fill(&random, (uint8_t *)dice, sizeof dice);
        n = dice[1] % (dice[0] & 0x100 ? 20000U : 200U);
        if (dice[0] & 1) {
            uint8_t *at = buffer_make_room(&b, &pool, n);

            ck_assert((at == NULL) == (buffer_len(&b) + n > BLOCK_LARGE));
            for (size_t i = 0; at != NULL && i < n; i++)
                at[i] = in++;
            buffer_added(&b, at == NULL ? 0 : n);
        } else {
            struct bytes contents = buffer_contents(&b);

            n = n < contents.len ? n : contents.len;
            for (size_t i = 0; i < n; i++)
                wrong += contents.at[i] != out++;
            buffer_consumed(&b, n);
            buffer_release_idle(&b, &pool);
        }
    }
    buffer_clear(&b, &pool);
    pool_clear(&pool);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

START_TEST(a_block_is_wiped_when_its_contents_move_on)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {0};

    append(&b, &pool, "a secret", 8);
    buffer_consumed(&b, 2);
    wiped_record();
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, BLOCK_SMALL));
    assert_wiped(8, 1);
    wiped_record();
    buffer_clear(&b, &pool); /* it held what is on the wire */
    assert_wiped(8, 0);
    pool_clear(&pool);
}
END_TEST

/* All that it held since it was taken from the pool, also where something shorter is now. */
START_TEST(a_private_block_is_wiped_up_to_what_it_held)
{
    struct account account = {0};
    struct pool pool = pool_of(&account);
    struct buffer b = {.private = true};

    append(&b, &pool, "a long secret", 13);
    buffer_consumed(&b, 13);
    append(&b, &pool, "short", 5);
    wiped_record();
    ck_assert_ptr_nonnull(buffer_make_room(&b, &pool, BLOCK_SMALL));
    assert_wiped(13, 1);
    wiped_record();
    buffer_consumed(&b, 5);
    buffer_release_idle(&b, &pool);
    assert_wiped(5, 1);
    ck_assert_uint_eq(pool.in_use, 0);
    pool_clear(&pool);
    ck_assert_uint_eq(account.lent, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, an_empty_buffer_has_no_block);
    add_test(suite, an_emptied_buffer_returns_its_block_when_released);
    add_test(suite, a_buffer_moves_to_a_large_block_with_its_contents);
    add_test(suite, space_is_made_by_moving_the_contents_to_the_front);
    add_test(suite, a_buffer_holds_no_more_than_a_large_block);
    add_test(suite, a_huge_block_stays_only_while_it_is_needed);
    add_test(suite, without_memory_the_contents_stay);
    add_test(suite, bytes_come_out_as_they_went_in);
    add_test(suite, a_block_is_wiped_when_its_contents_move_on);
    add_test(suite, a_private_block_is_wiped_up_to_what_it_held);
}
