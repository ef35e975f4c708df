/* Inverses in R/q and R/3 in constant time, by Bernstein and Yang's "division steps" (Fast
 * constant-time gcd computation and modular inversion, 2019).
 *
 * f starts as x^761 - x - 1 and g as the polynomial to invert, both with their coefficients in
 * reverse order. When g(0) is not zero and delta is positive, a step swaps the two. Then it makes
 * g(0) zero by adding a multiple of f, and divides g by x. After 1521 steps g is zero and f is a
 * constant, if there is an inverse. v and r undergo the same operations, so that v / f is the
 * inverse at the end, also in reverse order. */
#include <sodium.h>

#include "crypto/sntrup761_poly.h"

enum {
    P = SNTRUP_P,
    Q = SNTRUP_Q,
    STEPS = 2 * SNTRUP_P - 1,
    BLOCK = 16,                 /* coefficients handled at a time */
    WORDS = SNTRUP_PADDED / 64, /* of a bit vector */
    Q_INVERSE = 15631,          /* 1 / q mod 2^16 */
    ONE_THIRD = -1530,          /* 1 / 3 mod q */
};

/* For code that is compiled once per kind of CPU: it must be inlined into its caller. */
#define INLINE __attribute__((always_inline))

/* All ones when a step must swap, else 0: delta > 0 and the constant coefficient is not 0. */
static int swap_mask(int delta, int constant)
{
    return sntrup_negative_mask(-delta) & sntrup_nonzero_mask(constant);
}

/* --- R/q --- */

/* a * b / 2^16 mod q. Each step exists as an instruction for vectors of 16-bit numbers. */
INLINE static inline int16_t montgomery_multiply(int16_t a, int16_t b)
{
    int16_t low = (int16_t)(uint16_t)((uint32_t)a * (uint32_t)b * Q_INVERSE);
    int16_t high = (int16_t)(((int32_t)a * b) >> 16);

    return (int16_t)(high - (int16_t)(((int32_t)low * Q) >> 16));
}

/* For `len` coefficients, a multiple of BLOCK: swap a and b when the mask is all ones, then
 * b = (a0 * b - b0 * a) / 2^16. The factor 2^-16 applies to g and r alike and so cancels at the
 * end. With |a0|, |b0| <= 2295 the results stay below 5100 in every step. */
INLINE static inline void combine(int16_t *restrict a, int16_t *restrict b, size_t len,
                                  int16_t mask, int16_t a0, int16_t b0)
{
    for (size_t at = 0; at < len; at += BLOCK) {
        int16_t *restrict x = a + at, *restrict y = b + at;

        for (size_t i = 0; i < BLOCK; i++) {
            int16_t difference = mask & (x[i] ^ y[i]);
            int16_t first = x[i] ^ difference, second = y[i] ^ difference;

            x[i] = first;
            y[i] = (int16_t)(montgomery_multiply(second, a0) - montgomery_multiply(first, b0));
        }
    }
}

static size_t round_up(size_t len)
{
    size_t most = SNTRUP_PADDED;

    return len >= most ? most : (len + BLOCK - 1) / BLOCK * BLOCK;
}

/* All steps. g moves down and v up by moving their start. In step n only as many coefficients of f
 * and g matter as there are steps left, and v and r have at most n + 2. */
INLINE static inline void divide_body(struct sntrup_inverse *s)
{
    int16_t *g = s->g, *v = s->v + STEPS;
    int delta = 1;

    for (size_t n = 0; n < STEPS; n++, g++) {
        int16_t f0 = sntrup_reduce(s->f[0]), g0 = sntrup_reduce(g[0]);
        int16_t mask = (int16_t)swap_mask(delta, g0);
        int16_t difference = mask & (f0 ^ g0);

        v--;
        delta = (delta ^ (mask & (delta ^ -delta))) + 1;
        f0 ^= difference;
        g0 ^= difference;
        combine(s->f, g, round_up(STEPS - n + 1), mask, f0, g0);
        combine(v, s->r, round_up(n + 2), mask, f0, g0);
    }
}

static void divide_plain(struct sntrup_inverse *s)
{
    divide_body(s);
}

/* --- R/3 --- */

/* dst += sign * src for whole vectors. A coefficient is a bit in the first half for 1 or in the
 * second for -1. `plus` and `minus` are all ones for that sign, else 0. */
INLINE static inline void add_bits(uint64_t dst[2][WORDS + 2], uint64_t src[2][WORDS + 2],
                                   uint64_t plus, uint64_t minus)
{
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t a = dst[0][i], b = dst[1][i];
        uint64_t c = (src[0][i] & plus) | (src[1][i] & minus);
        uint64_t d = (src[1][i] & plus) | (src[0][i] & minus);

        dst[0][i] = (a & ~(c | d)) | (c & ~(a | b)) | (b & d);
        dst[1][i] = (b & ~(c | d)) | (d & ~(a | b)) | (a & c);
    }
}

INLINE static inline void swap_bits(uint64_t a[2][WORDS + 2], uint64_t b[2][WORDS + 2],
                                    uint64_t mask)
{
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = 0; i < WORDS; i++) {
            uint64_t difference = mask & (a[half][i] ^ b[half][i]);

            a[half][i] ^= difference;
            b[half][i] ^= difference;
        }
    }
}

/* Multiply by x. */
INLINE static inline void shift_up(uint64_t a[2][WORDS + 2])
{
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = WORDS - 1; i > 0; i--)
            a[half][i] = a[half][i] << 1 | a[half][i - 1] >> 63;
        a[half][0] <<= 1;
    }
}

/* Divide by x; the word after the last stays 0. */
INLINE static inline void shift_down(uint64_t a[2][WORDS + 2])
{
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 0; i < WORDS; i++)
            a[half][i] = a[half][i] >> 1 | a[half][i + 1] << 63;
}

/* The coefficient at `at`: -1, 0 or 1. */
static int bit_at(uint64_t a[2][WORDS + 2], size_t at)
{
    return (int)(a[0][at / 64] >> at % 64 & 1) - (int)(a[1][at / 64] >> at % 64 & 1);
}

/* Set a coefficient that is 0. */
static void set_bit(uint64_t a[2][WORDS + 2], size_t at, int value)
{
    a[0][at / 64] |= (uint64_t)(value == 1) << at % 64;
    a[1][at / 64] |= (uint64_t)(value == -1) << at % 64;
}

/* Indices into sntrup_inverse.bits. */
enum {
    F,
    G,
    V,
    R,
};

/* All steps; returns the last delta, which is 0 when there is an inverse. */
INLINE static inline int divide_bits_body(struct sntrup_inverse *s)
{
    int delta = 1;

    for (size_t n = 0; n < STEPS; n++) {
        int g0 = bit_at(s->bits[G], 0), sign = -g0 * bit_at(s->bits[F], 0);
        int mask = swap_mask(delta, g0);
        uint64_t plus = (uint64_t)sntrup_negative_mask(-sign);
        uint64_t minus = (uint64_t)sntrup_negative_mask(sign);

        delta = (delta ^ (mask & (delta ^ -delta))) + 1;
        shift_up(s->bits[V]);
        swap_bits(s->bits[F], s->bits[G], (uint64_t)mask);
        swap_bits(s->bits[V], s->bits[R], (uint64_t)mask);
        add_bits(s->bits[G], s->bits[F], plus, minus);
        add_bits(s->bits[R], s->bits[V], plus, minus);
        shift_down(s->bits[G]);
    }
    return delta;
}

static int divide_bits_plain(struct sntrup_inverse *s)
{
    return divide_bits_body(s);
}

/* --- each kind of CPU --- */

#if defined(__x86_64__)

__attribute__((target("avx2"))) static void divide_avx2(struct sntrup_inverse *s)
{
    divide_body(s);
}

static void divide(struct sntrup_inverse *s)
{
    if (sodium_runtime_has_avx2())
        divide_avx2(s);
    else
        divide_plain(s);
}

__attribute__((target("avx2"))) static int divide_bits_avx2(struct sntrup_inverse *s)
{
    return divide_bits_body(s);
}

static int divide_bits(struct sntrup_inverse *s)
{
    return sodium_runtime_has_avx2() ? divide_bits_avx2(s) : divide_bits_plain(s);
}

#else

static void divide(struct sntrup_inverse *s)
{
    divide_plain(s);
}

static int divide_bits(struct sntrup_inverse *s)
{
    return divide_bits_plain(s);
}

#endif

/* a * b mod q; 935519 is 2^32 / q, rounded. */
static int16_t multiply_scalar(int16_t a, int16_t b)
{
    int64_t product = (int64_t)a * b;
    int64_t quotient = (product * 935519 + ((int64_t)1 << 31)) >> 32;

    return sntrup_reduce((int16_t)(product - quotient * Q));
}

/* 1 / a mod q, which is a^(q - 2). The exponent is public. */
static int16_t invert_scalar(int16_t a)
{
    int16_t result = 1;

    for (int bit = 12; bit >= 0; bit--) {
        result = multiply_scalar(result, result);
        if ((Q - 2) >> bit & 1)
            result = multiply_scalar(result, a);
    }
    return result;
}

/* Starting r at 1/3 gives the inverse of 3 f. */
void sntrup_inverse_of_3f(int16_t out[SNTRUP_PADDED], const int8_t f[SNTRUP_PADDED],
                          struct sntrup_inverse *s)
{
    const int16_t *v = s->v; /* its start after the last step */
    int16_t scale;

    memset(s, 0, sizeof *s);
    s->f[0] = 1;
    s->f[P - 1] = s->f[P] = -1;
    for (size_t i = 0; i < P; i++)
        s->g[P - 1 - i] = (int16_t)(int)f[i];
    s->r[0] = ONE_THIRD;
    divide(s);
    scale = invert_scalar(sntrup_reduce(s->f[0]));
    memset(out, 0, SNTRUP_PADDED * sizeof out[0]);
    for (size_t i = 0; i < P; i++)
        out[i] = multiply_scalar(scale, sntrup_reduce(v[P - 1 - i]));
}

int sntrup_inverse_mod3(int8_t out[SNTRUP_PADDED], const int8_t g[SNTRUP_PADDED],
                        struct sntrup_inverse *s)
{
    int delta, sign;

    memset(s, 0, sizeof *s);
    set_bit(s->bits[F], 0, 1);
    set_bit(s->bits[F], P - 1, -1);
    set_bit(s->bits[F], P, -1);
    for (size_t i = 0; i < P; i++)
        set_bit(s->bits[G], P - 1 - i, g[i]);
    set_bit(s->bits[R], 0, 1);
    delta = divide_bits(s);
    sign = bit_at(s->bits[F], 0);
    memset(out, 0, SNTRUP_PADDED);
    for (size_t i = 0; i < P; i++)
        out[i] = (int8_t)(sign * bit_at(s->bits[V], P - 1 - i));
    return 1 + sntrup_nonzero_mask(delta);
}
