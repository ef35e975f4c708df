/* Numbers below a modulus m that is not a power of two are packed in pairs: a + b * m is a number
 * below m^2, and so on, level by level, until one number is left. As soon as a number can be 2^14
 * or more, its lowest bytes are output, which keeps all arithmetic within 32 bits. All numbers of a
 * level have the same modulus, except the last one. */
#include "crypto/sntrup761_encode.h"

enum {
    P = SNTRUP_P,
    HALF_Q = (SNTRUP_Q - 1) / 2,
    LIMIT = 1 << 14,
    LEVELS = 10, /* from 761 numbers to one */
    ROUNDED_MODULUS = (SNTRUP_Q + 2) / 3,
};

/* One level: `count` numbers below `modulus`, the last one below `last`. Each pair outputs `out`
 * bytes, the last pair `last_out`; the remainder is below `pair`, for the last pair below
 * `last_pair`. */
struct level {
    size_t count;
    uint32_t modulus, last;
    uint32_t pair, last_pair;
    unsigned out, last_out;
};

/* How many bytes a number below `modulus` outputs; updates the modulus to that of the remainder. */
static unsigned bytes_out(uint32_t *modulus)
{
    unsigned n = 0;

    for (; *modulus >= LIMIT; n++)
        *modulus = (*modulus + 255) >> 8;
    return n;
}

static struct level make_level(size_t count, uint32_t modulus, uint32_t last)
{
    struct level l = {.count = count, .modulus = modulus, .last = last};

    l.pair = modulus * modulus;
    l.out = l.last_out = bytes_out(&l.pair);
    l.last_pair = last; /* without a partner when count is odd */
    if (count % 2 == 0) {
        l.last_pair = modulus * last;
        l.last_out = bytes_out(&l.last_pair);
    }
    return l;
}

static struct level level_above(const struct level *l)
{
    return make_level((l->count + 1) / 2, l->pair, l->last_pair);
}

/* Combine the pairs of one level in place; returns the end of the output. */
static uint8_t *encode_level(uint8_t *out, uint16_t *digits, const struct level *l)
{
    size_t pairs = l->count / 2;

    for (size_t i = 0; i < pairs; i++) {
        uint32_t pair = digits[2 * i] + digits[2 * i + 1] * l->modulus;

        for (unsigned n = i + 1 < pairs ? l->out : l->last_out; n > 0; n--) {
            *out++ = (uint8_t)pair;
            pair >>= 8;
        }
        digits[i] = (uint16_t)pair;
    }
    if (l->count % 2 != 0)
        digits[pairs] = digits[2 * pairs];
    return out;
}

/* Pack 761 numbers below `modulus`; overwrites them. */
static void encode(uint8_t *out, uint16_t *digits, uint32_t modulus)
{
    struct level l = make_level(P, modulus, modulus);
    uint32_t number;

    for (; l.count > 1; l = level_above(&l))
        out = encode_level(out, digits, &l);
    number = digits[0];
    for (; l.last > 1; l.last = (l.last + 255) >> 8) {
        *out++ = (uint8_t)number;
        number >>= 8;
    }
}

/* a / m with the remainder, for m < 2^14, without a division: `inverse` is 2^32 / m, rounded
 * down. */
static uint32_t divide(uint32_t a, uint32_t m, uint32_t inverse, uint16_t *remainder)
{
    uint32_t quotient = (uint32_t)((uint64_t)a * inverse >> 32);
    uint32_t rest = a - quotient * m;

    while (rest >= m) {
        rest -= m;
        quotient++;
    }
    *remainder = (uint16_t)rest;
    return quotient;
}

/* Split the pairs above level `l`; `in` is their output. From the last to the first, since two
 * numbers replace one. */
static void decode_level(uint16_t *digits, const uint8_t *in, const struct level *l)
{
    uint32_t inverse = (uint32_t)(((uint64_t)1 << 32) / l->modulus);
    uint32_t last = l->last, inverse_last = (uint32_t)(((uint64_t)1 << 32) / last);
    size_t pairs = l->count / 2;
    unsigned out = l->last_out;

    if (l->count % 2 != 0) {
        digits[l->count - 1] = digits[pairs];
        last = l->modulus;
        inverse_last = inverse;
    }
    for (size_t i = pairs; i-- > 0;) {
        const uint8_t *at = in + i * l->out;
        uint32_t pair = digits[i];

        while (out-- > 0)
            pair = pair << 8 | at[out];
        pair = divide(pair, l->modulus, inverse, &digits[2 * i]);
        (void)divide(pair, last, inverse_last, &digits[2 * i + 1]);
        last = l->modulus;
        inverse_last = inverse;
        out = l->out;
    }
}

/* How many bytes all pairs of one level output. */
static size_t level_len(const struct level *l)
{
    return (l->count / 2 - 1) * l->out + l->last_out;
}

/* Unpack 761 numbers below `modulus`. */
static void decode(uint16_t *digits, const uint8_t *in, uint32_t modulus)
{
    struct level levels[LEVELS + 1];
    const uint8_t *bytes[LEVELS + 1];
    size_t top = 0;
    uint32_t number = 0;
    unsigned shift = 0;

    levels[0] = make_level(P, modulus, modulus);
    bytes[0] = in;
    for (; levels[top].count > 1; top++) {
        levels[top + 1] = level_above(&levels[top]);
        bytes[top + 1] = bytes[top] + level_len(&levels[top]);
    }
    for (uint32_t m = levels[top].last; m > 1; m = (m + 255) >> 8, shift += 8)
        number |= (uint32_t)*bytes[top]++ << shift;
    digits[0] = (uint16_t)(number % levels[top].last);
    while (top-- > 0)
        decode_level(digits, bytes[top], &levels[top]);
}

void sntrup_encode_rq(uint8_t out[SNTRUP_RQ_LEN], const int16_t f[SNTRUP_PADDED],
                      uint16_t digits[SNTRUP_PADDED])
{
    for (size_t i = 0; i < P; i++)
        digits[i] = (uint16_t)(f[i] + HALF_Q);
    encode(out, digits, SNTRUP_Q);
}

void sntrup_decode_rq(int16_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_RQ_LEN],
                      uint16_t digits[SNTRUP_PADDED])
{
    decode(digits, in, SNTRUP_Q);
    memset(f, 0, SNTRUP_PADDED * sizeof f[0]);
    for (size_t i = 0; i < P; i++)
        f[i] = (int16_t)(digits[i] - HALF_Q);
}

/* 10923 is 2^15 / 3, rounded up. */
void sntrup_encode_rounded(uint8_t out[SNTRUP_ROUNDED_LEN], const int16_t f[SNTRUP_PADDED],
                           uint16_t digits[SNTRUP_PADDED])
{
    for (size_t i = 0; i < P; i++)
        digits[i] = (uint16_t)(((f[i] + HALF_Q) * 10923) >> 15);
    encode(out, digits, ROUNDED_MODULUS);
}

void sntrup_decode_rounded(int16_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_ROUNDED_LEN],
                           uint16_t digits[SNTRUP_PADDED])
{
    decode(digits, in, ROUNDED_MODULUS);
    memset(f, 0, SNTRUP_PADDED * sizeof f[0]);
    for (size_t i = 0; i < P; i++)
        f[i] = (int16_t)(digits[i] * 3 - HALF_Q);
}

void sntrup_encode_small(uint8_t out[SNTRUP_SMALL_LEN], const int8_t f[SNTRUP_PADDED])
{
    memset(out, 0, SNTRUP_SMALL_LEN);
    for (size_t i = 0; i < P; i++)
        out[i / 4] |= (uint8_t)((f[i] + 1) << i % 4 * 2);
}

void sntrup_decode_small(int8_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_SMALL_LEN])
{
    memset(f, 0, SNTRUP_PADDED);
    for (size_t i = 0; i < P; i++)
        f[i] = (int8_t)((in[i / 4] >> i % 4 * 2 & 3) - 1);
}
