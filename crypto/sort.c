/* Batcher's bitonic sorter: ten phases. Phase k merges pairs of sorted runs of length 2^(k - 1)
 * into runs of length 2^k. It first compares each element of a run with its mirror image in the
 * other, which moves the smaller half of all elements to the first run, and continues within each
 * half. Except for the mirrored ones, every comparator connects two elements whose indices differ
 * in one bit.
 *
 * The array is treated as a matrix of 32 rows and 32 columns. Where the bit belongs to the row's
 * index, whole rows are compared, which suits vector instructions; where it belongs to the
 * column's, the matrix is transposed first. */
#include "crypto/sort.h"

#include <sodium.h>

enum {
    SIDE = 32,
    SIDE_BITS = 5,
    SQUARE = 8,
    PHASES = 10,
};

/* For code that is compiled once per kind of CPU: it must be inlined into its caller. */
#define INLINE __attribute__((always_inline))

/* A GNU C vector without alignment, and the elements of two vectors interleaved. */
typedef uint32_t lanes __attribute__((vector_size(4 * SQUARE), aligned(4), may_alias));
#define FIRST_HALVES(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define SECOND_HALVES(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t larger(uint32_t a, uint32_t b)
{
    return a < b ? b : a;
}

/* ---- comparators: the smaller of a pair goes to the row that is named first ---- */

INLINE static inline void compare_rows(uint32_t *restrict low, uint32_t *restrict high)
{
    for (size_t i = 0; i < SIDE; i++) {
        uint32_t a = low[i], b = high[i];

        low[i] = smaller(a, b);
        high[i] = larger(a, b);
    }
}

INLINE static inline void compare_mirrored(uint32_t *restrict low, uint32_t *restrict high)
{
    for (size_t i = 0; i < SIDE; i++) {
        uint32_t a = low[i], b = high[SIDE - 1 - i];

        low[i] = smaller(a, b);
        high[SIDE - 1 - i] = larger(a, b);
    }
}

/* Two distances at once: the first row with the third and the second with the fourth, then the
 * first with the second and the third with the fourth. */
INLINE static inline void compare_four_rows(uint32_t *restrict first, uint32_t *restrict second,
                                            uint32_t *restrict third, uint32_t *restrict fourth)
{
    for (size_t i = 0; i < SIDE; i++) {
        uint32_t a = smaller(first[i], third[i]), b = smaller(second[i], fourth[i]);
        uint32_t c = larger(first[i], third[i]), d = larger(second[i], fourth[i]);

        first[i] = smaller(a, b);
        second[i] = larger(a, b);
        third[i] = smaller(c, d);
        fourth[i] = larger(c, d);
    }
}

/* Comparators between rows `distance` apart, then half of that, down to 1. */
INLINE static inline void merge_rows(uint32_t *m, size_t distance)
{
    for (; distance > 1; distance /= 4) {
        size_t step = SIDE * distance / 2;

        for (size_t first = 0; first < SIDE; first += 2 * distance)
            for (uint32_t *row = m + SIDE * first; row < m + SIDE * first + step; row += SIDE)
                compare_four_rows(row, row + step, row + 2 * step, row + 3 * step);
    }
    for (size_t row = 0; row < SIDE && distance == 1; row += 2)
        compare_rows(m + SIDE * row, m + SIDE * (row + 1));
}

/* ---- transposing ---- */

/* A square of 8 rows and 8 columns, one row per vector: rotates the bits of each element's index
 * (row, then column) by one place. Three rotations exchange row and column. */
INLINE static inline void rotate(lanes *restrict to, const lanes *restrict from)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < SQUARE / 2; i++) {
        to[2 * i] = FIRST_HALVES(from[i], from[i + SQUARE / 2]);
        to[2 * i + 1] = SECOND_HALVES(from[i], from[i + SQUARE / 2]);
    }
}

/* Transpose both squares and exchange them. */
INLINE static inline void exchange_squares(uint32_t *square, uint32_t *other)
{
    lanes a[SQUARE], b[SQUARE], turned[SQUARE];

#pragma GCC unroll 8
    for (size_t row = 0; row < SQUARE; row++) {
        a[row] = *(const lanes *)(square + SIDE * row);
        b[row] = *(const lanes *)(other + SIDE * row);
    }
    rotate(turned, a);
    rotate(a, turned);
    rotate(turned, a);
#pragma GCC unroll 8
    for (size_t row = 0; row < SQUARE; row++)
        *(lanes *)(other + SIDE * row) = turned[row];
    rotate(turned, b);
    rotate(b, turned);
    rotate(turned, b);
#pragma GCC unroll 8
    for (size_t row = 0; row < SQUARE; row++)
        *(lanes *)(square + SIDE * row) = turned[row];
}

INLINE static inline void transpose(uint32_t *m)
{
    for (size_t row = 0; row < SIDE; row += SQUARE)
        for (size_t column = 0; column <= row; column += SQUARE)
            exchange_squares(m + SIDE * row + column, m + SIDE * column + row);
}

/* ---- phases ---- */

/* Starts as if transposed: row and column belong to element 32 column + row. The order of unsorted
 * elements does not matter. */
INLINE static inline void sort_body(uint32_t *m)
{
    for (unsigned phase = 1; phase <= SIDE_BITS; phase++) {
        size_t run = (size_t)1 << phase;

        for (size_t row = 0; row < SIDE; row++)
            if ((row & run / 2) == 0)
                compare_rows(m + SIDE * row, m + SIDE * (row ^ (run - 1)));
        merge_rows(m, run / 4);
    }
    for (unsigned phase = SIDE_BITS + 1; phase <= PHASES; phase++) {
        size_t run = (size_t)1 << (phase - SIDE_BITS); /* in rows */

        transpose(m);
        for (size_t row = 0; row < SIDE; row++)
            if ((row & run / 2) == 0)
                compare_mirrored(m + SIDE * row, m + SIDE * (row ^ (run - 1)));
        merge_rows(m, run / 4);
        transpose(m);
        merge_rows(m, SIDE / 2);
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
