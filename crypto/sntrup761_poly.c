#include "crypto/sntrup761_poly.h"

#include <sodium.h>

enum {
    P = SNTRUP_P,
    Q = SNTRUP_Q,
    GROUP = SNTRUP_GROUP,
    ROW = SNTRUP_PADDED + 2 * GROUP, /* what one group of g touches: 49 vectors of 16 */
};

/* For what is compiled once for each kind of CPU: it must end up inside of its caller. */
#define INLINE __attribute__((always_inline))

/* Rounding division by multiplying: 14617 is 2^26 / q, rounded. Exact for |x| < 16069, one off the
 * range at most above. Written in steps that exist for vectors of 16-bit numbers. */
INLINE static inline int16_t reduce(int16_t x)
{
    int16_t high = (int16_t)(((int32_t)x * 14617) >> 16);
    int16_t quotient = (int16_t)((high + (1 << 9)) >> 10);

    return (int16_t)(uint16_t)((uint32_t)x - (uint32_t)quotient * Q);
}

int16_t sntrup_reduce(int16_t x)
{
    return reduce(x);
}

/* 10923 is 2^15 / 3, rounded up. */
static inline int8_t mod3(int16_t x)
{
    return (int8_t)(x - 3 * (((int32_t)x * 10923 + (1 << 14)) >> 15));
}

int8_t sntrup_mod3(int16_t x)
{
    return mod3(x);
}

/* h += f times eight coefficients of g. With |f| <= 2295 and |g| <= 1 the sum of eight products and
 * of what was there stays below 2^15. `f` has eight zeros in front of it. */
INLINE static inline void multiply_group(int16_t *restrict h, const int16_t *restrict f,
                                         const int16_t *restrict g)
{
    int16_t g0 = g[0], g1 = g[1], g2 = g[2], g3 = g[3], g4 = g[4], g5 = g[5], g6 = g[6], g7 = g[7];

    for (ptrdiff_t j = 0; j < ROW; j++) {
        int sum = f[j] * g0 + f[j - 1] * g1 + f[j - 2] * g2 + f[j - 3] * g3;

        sum += f[j - 4] * g4 + f[j - 5] * g5 + f[j - 6] * g6 + f[j - 7] * g7;
        h[j] = reduce((int16_t)(sum + h[j]));
    }
}

/* The product in Z[x], each coefficient reduced: inlined below for each kind of CPU. */
INLINE static inline void multiply_body(struct sntrup_product *product)
{
    for (size_t i = 0; i < SNTRUP_PADDED; i += GROUP)
        multiply_group(product->h + i, product->f + GROUP, product->g + i);
}

static void multiply_plain(struct sntrup_product *product)
{
    multiply_body(product);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static void multiply_avx2(struct sntrup_product *product)
{
    multiply_body(product);
}

static void multiply(struct sntrup_product *product)
{
    if (sodium_runtime_has_avx2())
        multiply_avx2(product);
    else
        multiply_plain(product);
}

#else

static void multiply(struct sntrup_product *product)
{
    multiply_plain(product);
}

#endif

/* x^761 is x + 1 in R: the coefficient at 761 + i counts at i and at i + 1. */
void sntrup_multiply(int16_t out[SNTRUP_PADDED], const int16_t f[SNTRUP_PADDED],
                     const int8_t g[SNTRUP_PADDED], struct sntrup_product *product)
{
    const int16_t *h = product->h;

    memset(product, 0, sizeof *product);
    memcpy(product->f + GROUP, f, P * sizeof f[0]);
    for (size_t i = 0; i < P; i++)
        product->g[i] = (int16_t)(int)g[i];
    multiply(product);
    out[0] = reduce((int16_t)(h[0] + h[P]));
    for (size_t i = 1; i < P; i++)
        out[i] = reduce((int16_t)(h[i] + h[i + P] + h[i + P - 1]));
    memset(out + P, 0, (SNTRUP_PADDED - P) * sizeof out[0]);
}
