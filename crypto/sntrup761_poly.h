/* Polynomials of Streamlined NTRU Prime 761. Part of crypto/sntrup761.h.
 *
 * R is Z[x]/(x^761 - x - 1). An element of R/q has 761 coefficients from -2295 to 2295 in int16_t;
 * a small element, which is also one of R/3, has coefficients -1, 0 and 1 in int8_t. Arrays are
 * padded with zeros to 768, a multiple of every vector width. Nothing here branches on
 * coefficients or uses them as an index. */
#ifndef NACRE_CRYPTO_SNTRUP761_POLY_H
#define NACRE_CRYPTO_SNTRUP761_POLY_H

#include "crypto/bytes.h"

enum {
    SNTRUP_P = 761,
    SNTRUP_Q = 4591,
    SNTRUP_W = 286,      /* coefficients of a short element that are not zero */
    SNTRUP_PADDED = 768, /* elements of an array */
    SNTRUP_GROUP = 12,   /* coefficients multiplied at a time */
    SNTRUP_ROW = 784,    /* elements that one group touches: a multiple of 16 */
};

/* Memory for one multiplication. */
struct sntrup_product {
    int16_t f[16 + SNTRUP_ROW]; /* zeros before and after */
    int16_t g[SNTRUP_PADDED];
    int16_t h[SNTRUP_PADDED + SNTRUP_ROW]; /* before reduction by x^761 - x - 1 */
};

/* Memory for one inversion: the polynomials f, g, v and r of its steps. In R/q, two of them move by
 * one coefficient in each of the 1521 steps. In R/3, each is two bit vectors: one for the
 * coefficients that are 1 and one for those that are -1. */
struct sntrup_inverse {
    int16_t f[SNTRUP_PADDED + 16], r[SNTRUP_PADDED + 16];
    int16_t g[SNTRUP_PADDED + 16 + 2 * SNTRUP_P], v[SNTRUP_PADDED + 16 + 2 * SNTRUP_P];
    uint64_t bits[4][2][SNTRUP_PADDED / 64 + 2];
};

/* All ones for a negative number, else 0. */
static inline int sntrup_negative_mask(int x)
{
    return opaque(-(int)((unsigned)x >> 31));
}

/* All ones for any number but 0, else 0. */
static inline int sntrup_nonzero_mask(int x)
{
    return sntrup_negative_mask(x | -x);
}

/* x mod q, between -2295 and 2295, for |x| < 16069; for larger ones between -2296 and 2296. Divides
 * by multiplying with 14617, which is 2^26 / q, rounded. Each step exists as an instruction for
 * vectors of 16-bit numbers. */
static inline int16_t sntrup_reduce(int16_t x)
{
    int16_t high = (int16_t)(((int32_t)x * 14617) >> 16);
    int16_t quotient = (int16_t)((high + (1 << 9)) >> 10);

    return (int16_t)(uint16_t)((uint32_t)x - (uint32_t)quotient * SNTRUP_Q);
}

/* x mod 3, which is -1, 0 or 1, for |x| <= 2295. 10923 is 2^15 / 3, rounded up. */
static inline int8_t sntrup_mod3(int16_t x)
{
    return (int8_t)(x - 3 * (((int32_t)x * 10923 + (1 << 14)) >> 15));
}

/* out = f * g in R/q, for small g. `out` may be `f`. */
void sntrup_multiply(int16_t out[SNTRUP_PADDED], const int16_t f[SNTRUP_PADDED],
                     const int8_t g[SNTRUP_PADDED], struct sntrup_product *product);

/* out = 1 / (3 f) in R/q, which is a field; f is small and not zero. */
void sntrup_inverse_of_3f(int16_t out[SNTRUP_PADDED], const int8_t f[SNTRUP_PADDED],
                          struct sntrup_inverse *inverse);

/* out = 1 / g in R/3 for small g. Returns 1 when g has an inverse, else 0 (`out` must not be used
 * then): an int, so that no branch on it is implied. */
int sntrup_inverse_mod3(int8_t out[SNTRUP_PADDED], const int8_t g[SNTRUP_PADDED],
                        struct sntrup_inverse *inverse);

#endif
