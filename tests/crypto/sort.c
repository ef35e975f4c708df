#include "crypto/sort.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void assert_sorts(const uint32_t numbers[SORT_LEN])
{
    uint32_t ours[SORT_LEN], theirs[SORT_LEN];

    memcpy(ours, numbers, sizeof ours);
    memcpy(theirs, numbers, sizeof theirs);
    sort_1024(ours);
    qsort(theirs, SORT_LEN, sizeof theirs[0], by_value);
    ck_assert_mem_eq(ours, theirs, sizeof ours);
}

START_TEST(random_numbers_are_sorted)
{
    uint32_t numbers[SORT_LEN], x = 1;

    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < SORT_LEN; i++) {
            x = x * 1664525 + 1013904223;
            numbers[i] = x >> round % 32; /* with more and more equal numbers */
        }
        assert_sorts(numbers);
    }
}
END_TEST

START_TEST(ordered_numbers_and_extremes_are_sorted)
{
    uint32_t numbers[SORT_LEN];

    for (uint32_t i = 0; i < SORT_LEN; i++)
        numbers[i] = i * 0x3fffff;
    assert_sorts(numbers);
    for (uint32_t i = 0; i < SORT_LEN; i++)
        numbers[i] = UINT32_MAX - i;
    assert_sorts(numbers);
    for (uint32_t i = 0; i < SORT_LEN; i++)
        numbers[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? UINT32_MAX : 0x80000000;
    assert_sorts(numbers);
}
END_TEST

/* A network of comparators sorts everything if it sorts all sequences of zeros and ones. */
START_TEST(any_number_of_ones_is_sorted)
{
    uint32_t numbers[SORT_LEN];

    for (size_t ones = 0; ones <= SORT_LEN; ones++) {
        for (size_t i = 0; i < SORT_LEN; i++)
            numbers[i] = i < ones;
        assert_sorts(numbers);
        for (size_t i = 0; i < SORT_LEN; i++)
            numbers[i] = i * 389 % SORT_LEN < ones;
        assert_sorts(numbers);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test_any_cpu(suite, random_numbers_are_sorted);
    add_test_any_cpu(suite, ordered_numbers_and_extremes_are_sorted);
    add_test_any_cpu(suite, any_number_of_ones_is_sorted);
}
