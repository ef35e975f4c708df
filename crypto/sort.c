/* Batcher's bitonic sorter: ten phases, each of which merges sorted runs, two of the length 2^k to
 * one of 2^(k + 1). Every comparator connects two elements whose numbers differ in one bit.
 *
 * The array is seen as a matrix of 32 rows and 32 columns. Where the bit belongs to the number of
 * the row, whole rows are compared, which suits vector instructions; where it belongs to the
 * column, the matrix is transposed first. */
#include "crypto/sort.h"

#include <sodium.h>

enum {
    SIDE = 32,
    SIDE_BITS = 5,
    PHASES = 10,
};

/* For what is compiled once for each kind of CPU: it must end up inside of its caller. */
#define INLINE __attribute__((always_inline))

/* Put the smaller of each pair into the row `low`. */
INLINE static inline void compare_rows(uint32_t *restrict low, uint32_t *restrict high)
{
    for (size_t i = 0; i < SIDE; i++) {
        uint32_t a = low[i], b = high[i];

        low[i] = a < b ? a : b;
        high[i] = a < b ? b : a;
    }
}

/* Comparators between rows that are `distance` apart, then half of that, down to 1. */
INLINE static inline void merge_rows(uint32_t *m, size_t distance)
{
    for (; distance > 0; distance /= 2)
        for (size_t row = 0; row < SIDE; row++)
            if ((row & distance) == 0)
                compare_rows(m + SIDE * row, m + SIDE * (row + distance));
}

INLINE static inline void transpose(uint32_t *m)
{
    for (size_t row = 0; row < SIDE; row++) {
        for (size_t column = 0; column < row; column++) {
            uint32_t above = m[SIDE * column + row];

            m[SIDE * column + row] = m[SIDE * row + column];
            m[SIDE * row + column] = above;
        }
    }
}

/* Runs must be sorted upwards and downwards by turns for the next phase to merge them. Elements of
 * those that go down are complemented, so that all comparators are alike: in a phase these are the
 * elements whose number has the bit `phase` set. This takes back one phase's complements and makes
 * the next one's. Row and column of the transposed matrix belong to element 32 column + row. */
INLINE static inline void turn(uint32_t *m, unsigned last_phase, unsigned phase)
{
    for (uint32_t row = 0; row < SIDE; row++) {
        for (uint32_t column = 0; column < SIDE; column++) {
            uint32_t number = SIDE * column + row;

            m[SIDE * row + column] ^= -((number >> last_phase ^ number >> phase) & 1);
        }
    }
}

/* Starts transposed: it does not matter in which order the unsorted elements are. In the last phase
 * nothing goes down, as no number has its bit 10 set; so it also serves as the one before the
 * first. */
INLINE static inline void sort_body(uint32_t *m)
{
    for (unsigned phase = 1, last_phase = PHASES; phase <= PHASES; last_phase = phase++) {
        turn(m, last_phase, phase);
        if (phase > SIDE_BITS) {
            transpose(m);
            merge_rows(m, (size_t)1 << (phase - SIDE_BITS - 1));
            transpose(m);
        }
        merge_rows(m, phase > SIDE_BITS ? SIDE / 2 : (size_t)1 << (phase - 1));
    }
    transpose(m);
}

static void sort_plain(uint32_t *m)
{
    sort_body(m);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static void sort_avx2(uint32_t *m)
{
    sort_body(m);
}

void sort_1024(uint32_t numbers[SORT_LEN])
{
    if (sodium_runtime_has_avx2())
        sort_avx2(numbers);
    else
        sort_plain(numbers);
}

#else

void sort_1024(uint32_t numbers[SORT_LEN])
{
    sort_plain(numbers);
}

#endif
