#include "crypto/sntrup761_poly.h"

#include <sodium.h>

enum {
    P = SNTRUP_P,
};

/* For code that is compiled once per kind of CPU: it must be inlined into its caller. */
#define INLINE __attribute__((always_inline))

/* h += f times twelve coefficients of g. With |f| <= 2295 and |g| <= 1, the sum of twelve products
 * and the old h, at most 2296, stays below 2^15. There are zeros before `f`. */
INLINE static inline void multiply_group(int16_t *restrict h, const int16_t *restrict f,
                                         const int16_t *restrict g)
{
    int16_t g0 = g[0], g1 = g[1], g2 = g[2], g3 = g[3], g4 = g[4], g5 = g[5];
    int16_t g6 = g[6], g7 = g[7], g8 = g[8], g9 = g[9], g10 = g[10], g11 = g[11];

    for (ptrdiff_t j = 0; j < SNTRUP_ROW; j++) {
        int sum = f[j] * g0 + f[j - 1] * g1 + f[j - 2] * g2 + f[j - 3] * g3;

        sum += f[j - 4] * g4 + f[j - 5] * g5 + f[j - 6] * g6 + f[j - 7] * g7;
        sum += f[j - 8] * g8 + f[j - 9] * g9 + f[j - 10] * g10 + f[j - 11] * g11;
        h[j] = sntrup_reduce((int16_t)(sum + h[j]));
    }
}

/* The product in Z[x], each coefficient reduced, and then in R/q: x^761 is x + 1, so the
 * coefficient at 761 + i is added at i and at i + 1. Inlined below for each kind of CPU. */
INLINE static inline void multiply_body(int16_t *restrict out, struct sntrup_product *product)
{
    int16_t *restrict h = product->h;

    for (size_t i = 0; i < SNTRUP_PADDED; i += SNTRUP_GROUP)
        multiply_group(h + i, product->f + 16, product->g + i);
    out[0] = sntrup_reduce((int16_t)(h[0] + h[P]));
    for (size_t i = 1; i < P; i++)
        out[i] = sntrup_reduce((int16_t)(h[i] + h[i + P] + h[i + P - 1]));
}

static void multiply_plain(int16_t *out, struct sntrup_product *product)
{
    multiply_body(out, product);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static void multiply_avx2(int16_t *out,
                                                          struct sntrup_product *product)
{
    multiply_body(out, product);
}

static void multiply(int16_t *out, struct sntrup_product *product)
{
    if (sodium_runtime_has_avx2())
        multiply_avx2(out, product);
    else
        multiply_plain(out, product);
}

#else

static void multiply(int16_t *out, struct sntrup_product *product)
{
    multiply_plain(out, product);
}

#endif

void sntrup_multiply(int16_t out[SNTRUP_PADDED], const int16_t f[SNTRUP_PADDED],
                     const int8_t g[SNTRUP_PADDED], struct sntrup_product *product)
{
    memset(product, 0, sizeof *product);
    memcpy(product->f + 16, f, P * sizeof f[0]);
    for (size_t i = 0; i < P; i++)
        product->g[i] = (int16_t)(int)g[i];
    multiply(out, product);
    memset(out + P, 0, (SNTRUP_PADDED - P) * sizeof out[0]);
}
