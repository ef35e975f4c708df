#include "crypto/mlkem768_poly.h"

enum {
    Q = MLKEM_Q,
    Q_INVERSE = -3327,      /* 1 / q mod 2^16 */
    R_SQUARED = 1353,       /* 2^32 mod q */
    R_SQUARED_BY_128 = 1441 /* 2^32 / 128 mod q */
};

/* zeta^BitRev7(i) * 2^16 mod q for zeta = 17, between -q/2 and q/2: FIPS 203 appendix A, in
 * Montgomery form. */
static const int16_t zetas[128] = {
    -1044, -758,  -359,  -1517, 1493,  1422,  287,   202,   -171,  622,   1577,  182,   962,
    -1202, -1474, 1468,  573,   -1325, 264,   383,   -829,  1458,  -1602, -130,  -681,  1017,
    732,   608,   -1542, 411,   -205,  -1571, 1223,  652,   -552,  1015,  -1293, 1491,  -282,
    -1544, 516,   -8,    -320,  -666,  -1618, -1162, 126,   1469,  -853,  -90,   -271,  830,
    107,   -1421, -247,  -951,  -398,  961,   -1508, -725,  448,   -1065, 677,   -1275, -1103,
    430,   555,   843,   -1251, 871,   1550,  105,   422,   587,   177,   -235,  -291,  -460,
    1574,  1653,  -246,  778,   1159,  -147,  -777,  1483,  -602,  1119,  -1590, 644,   -872,
    349,   418,   329,   -156,  -75,   817,   1097,  603,   610,   1322,  -1285, -1465, 384,
    -1215, -136,  1218,  -1335, -874,  220,   -1187, -1659, -1185, -1530, -1278, 794,   -1510,
    -854,  -870,  478,   -108,  -308,  996,   991,   958,   -1460, 1522,  1628,
};

/* The upper half of a product: one instruction for a vector. */
static inline int16_t multiply_high(int16_t a, int16_t b)
{
    return (int16_t)(((int32_t)a * b) >> 16);
}

static inline int16_t multiply_low(int16_t a, int16_t b)
{
    return (int16_t)(uint16_t)((uint32_t)a * (uint32_t)b);
}

/* a * b / 2^16 mod q, between -q and q, for |a| < 2^15 and |b| <= q (Montgomery): the number
 * subtracted is a multiple of q with the same lower half as a * b. */
static inline int16_t montgomery_multiply(int16_t a, int16_t b)
{
    int16_t low = multiply_low(multiply_low(a, b), Q_INVERSE);

    return (int16_t)(multiply_high(a, b) - multiply_high(low, Q));
}

/* a / 2^16 mod q, between -q and q, for |a| < q * 2^15. */
static inline int16_t montgomery_reduce(int32_t a)
{
    int16_t low = multiply_low((int16_t)(uint16_t)(uint32_t)a, Q_INVERSE);

    return (int16_t)((a >> 16) - multiply_high(low, Q));
}

/* a mod q, between -q/2 and q/2 (Barrett: 20159 is 2^26 / q, rounded). */
static inline int16_t reduce(int16_t a)
{
    int16_t quotient = (int16_t)((multiply_high(a, 20159) + (1 << 9)) >> 10);

    return (int16_t)(a - multiply_low(quotient, Q));
}

/* a mod q, between 0 and q - 1, for a between -q and q - 1. */
static inline uint16_t to_unsigned(int16_t a)
{
    return (uint16_t)(a + ((a >> 15) & Q));
}

/* Algorithm 9 line 6 ff. for one zeta: butterflies between `low` and `high`, `len` coefficients
 * each. */
static inline void butterflies(int16_t *restrict low, int16_t *restrict high, size_t len,
                               int16_t zeta)
{
    for (size_t j = 0; j < len; j++) {
        int16_t t = montgomery_multiply(high[j], zeta);

        high[j] = (int16_t)(low[j] - t);
        low[j] = (int16_t)(low[j] + t);
    }
}

static inline void ntt_layer(int16_t p[MLKEM_N], size_t len, const int16_t *zeta)
{
    for (size_t start = 0; start < MLKEM_N; start += 2 * len)
        butterflies(p + start, p + start + len, len, *zeta++);
}

/* Each of the seven layers adds at most q, so from |p| <= q the sums stay below 2^15. */
void poly_ntt(int16_t p[MLKEM_N])
{
    ntt_layer(p, 128, zetas + 1);
    ntt_layer(p, 64, zetas + 2);
    ntt_layer(p, 32, zetas + 4);
    ntt_layer(p, 16, zetas + 8);
    ntt_layer(p, 8, zetas + 16);
    ntt_layer(p, 4, zetas + 32);
    ntt_layer(p, 2, zetas + 64);
    poly_reduce(p);
}

/* Algorithm 10 line 6 ff. for one zeta. */
static inline void inverse_butterflies(int16_t *restrict low, int16_t *restrict high, size_t len,
                                       int16_t zeta)
{
    for (size_t j = 0; j < len; j++) {
        int16_t t = low[j];

        low[j] = reduce((int16_t)(t + high[j]));
        high[j] = montgomery_multiply((int16_t)(high[j] - t), zeta);
    }
}

/* `zeta` points past this layer's zetas, which are used from the last to the first. */
static inline void inverse_layer(int16_t p[MLKEM_N], size_t len, const int16_t *zeta)
{
    for (size_t start = 0; start < MLKEM_N; start += 2 * len)
        inverse_butterflies(p + start, p + start + len, len, *--zeta);
}

void poly_inverse_ntt(int16_t p[MLKEM_N])
{
    inverse_layer(p, 2, zetas + 128);
    inverse_layer(p, 4, zetas + 64);
    inverse_layer(p, 8, zetas + 32);
    inverse_layer(p, 16, zetas + 16);
    inverse_layer(p, 32, zetas + 8);
    inverse_layer(p, 64, zetas + 4);
    inverse_layer(p, 128, zetas + 2);
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = montgomery_multiply(p[i], R_SQUARED_BY_128);
}

void poly_reduce(int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = reduce(p[i]);
}

void poly_add(int16_t *restrict p, const int16_t *restrict q)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = reduce((int16_t)(p[i] + q[i]));
}

/* The gamma of pair i is zeta^(2 BitRev7(i) + 1): the zetas of the last layer and their negatives.
 */
void poly_prepare(int16_t product[MLKEM_N / 2], const int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        product[2 * i] = montgomery_multiply(zetas[64 + i], p[4 * i + 1]);
        product[2 * i + 1] = (int16_t)-montgomery_multiply(zetas[64 + i], p[4 * i + 3]);
    }
}

/* Algorithm 12 for every pair: (a0 + a1 X)(b0 + b1 X) mod X^2 - gamma. */
void poly_multiply_add(int32_t sum[MLKEM_N], const int16_t a[MLKEM_N], const int16_t b[MLKEM_N],
                       const int16_t product[MLKEM_N / 2])
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        sum[2 * i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * product[i];
        sum[2 * i + 1] += a[2 * i] * b[2 * i + 1] + a[2 * i + 1] * b[2 * i];
    }
}

void poly_from_sum(int16_t *restrict p, const int32_t *restrict sum)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = montgomery_reduce(sum[i]);
}

void poly_to_montgomery(int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = montgomery_multiply(p[i], R_SQUARED);
}

/* Samples below q are kept, the others overwritten: no branch on a sample. */
size_t poly_sample_uniform(int16_t p[MLKEM_N], size_t have, const uint8_t *stream, size_t len)
{
    for (size_t at = 0; at + 3 <= len && have < MLKEM_N; at += 3) {
        int d1 = stream[at] | (stream[at + 1] & 15) << 8;
        int d2 = stream[at + 1] >> 4 | stream[at + 2] << 4;

        p[have] = (int16_t)d1;
        have += d1 < Q;
        if (have == MLKEM_N)
            break;
        p[have] = (int16_t)d2;
        have += d2 < Q;
    }
    return have;
}

/* Four bytes make eight coefficients: the pairs of bits are added in place, then subtracted. */
void poly_sample_noise(int16_t p[MLKEM_N], const uint8_t stream[MLKEM_N / 2])
{
    for (size_t i = 0; i < MLKEM_N / 8; i++) {
        uint32_t bits = load_u32_le(stream + 4 * i);
        uint32_t pairs = (bits & 0x55555555) + (bits >> 1 & 0x55555555);

        for (size_t j = 0; j < 8; j++)
            p[8 * i + j] = (int16_t)((int)(pairs >> 4 * j & 3) - (int)(pairs >> (4 * j + 2) & 3));
    }
}

void poly_encode_12(uint8_t out[384], const int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        unsigned a = to_unsigned(p[2 * i]), b = to_unsigned(p[2 * i + 1]);

        out[3 * i] = (uint8_t)a;
        out[3 * i + 1] = (uint8_t)(a >> 8 | b << 4);
        out[3 * i + 2] = (uint8_t)(b >> 4);
    }
}

bool poly_decode_12(int16_t p[MLKEM_N], const uint8_t in[384])
{
    int above = 0;

    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        p[2 * i] = (int16_t)(in[3 * i] | (in[3 * i + 1] & 15) << 8);
        p[2 * i + 1] = (int16_t)(in[3 * i + 1] >> 4 | in[3 * i + 2] << 4);
        above |= (Q - 1 - p[2 * i]) | (Q - 1 - p[2 * i + 1]);
    }
    return above >= 0;
}

/* Compress_d (formula 4.7): round(x * 2^d / q) mod 2^d for x from 0 to q - 1. 1290168 is 2^32 / q,
 * rounded up: multiplying by it gives the exact quotient for all of these and, unlike a division,
 * takes constant time. With d = 1 that holds up to 2q - 1. */
static inline uint32_t compress(uint16_t x, unsigned d)
{
    uint64_t scaled = ((uint64_t)x << d) + Q / 2;

    return (uint32_t)(scaled * 1290168 >> 32) & ((1U << d) - 1);
}

/* Decompress_d (formula 4.8): round(y * q / 2^d). */
static inline int16_t decompress(uint32_t y, unsigned d)
{
    return (int16_t)((y * Q + (1U << (d - 1))) >> d);
}

void poly_compress_10(uint8_t out[320], const int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        uint64_t four = 0;

        for (size_t j = 0; j < 4; j++)
            four |= (uint64_t)compress(to_unsigned(p[4 * i + j]), 10) << 10 * j;
        for (size_t j = 0; j < 5; j++)
            out[5 * i + j] = (uint8_t)(four >> 8 * j);
    }
}

void poly_decompress_10(int16_t p[MLKEM_N], const uint8_t in[320])
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        uint64_t four = load_u32_le(in + 5 * i) | (uint64_t)in[5 * i + 4] << 32;

        for (size_t j = 0; j < 4; j++)
            p[4 * i + j] = decompress((uint32_t)(four >> 10 * j) & 1023, 10);
    }
}

void poly_compress_4(uint8_t out[128], const int16_t p[MLKEM_N])
{
    for (size_t i = 0; i < MLKEM_N / 2; i++)
        out[i] = (uint8_t)(compress(to_unsigned(p[2 * i]), 4) |
                           compress(to_unsigned(p[2 * i + 1]), 4) << 4);
}

void poly_decompress_4(int16_t p[MLKEM_N], const uint8_t in[128])
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        p[2 * i] = decompress(in[i] & 15, 4);
        p[2 * i + 1] = decompress(in[i] >> 4, 4);
    }
}

void poly_to_message(uint8_t out[32], const int16_t p[MLKEM_N])
{
    memset(out, 0, 32);
    for (size_t i = 0; i < MLKEM_N; i++)
        out[i / 8] |= (uint8_t)(compress(to_unsigned(p[i]), 1) << i % 8);
}

/* 1665 is q / 2, rounded up: decompressing one bit. */
void poly_from_message(int16_t p[MLKEM_N], const uint8_t in[32])
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p[i] = (int16_t)(-(in[i / 8] >> i % 8 & 1) & ((Q + 1) / 2));
}
