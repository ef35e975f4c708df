/* Polynomials of ML-KEM: FIPS 203 section 4. Part of crypto/mlkem768.h.
 *
 * A polynomial is 256 coefficients modulo q = 3329 in int16_t. Unless its comment says otherwise, a
 * function accepts and returns coefficients with |x| <= q; "reduced" means |x| <= q/2.
 * Multiplication is Montgomery's with R = 2^16: each leaves a factor 1/R, and the comments say
 * which function removes it. Nothing here branches on coefficients or uses them as an index. */
#ifndef NACRE_CRYPTO_MLKEM768_POLY_H
#define NACRE_CRYPTO_MLKEM768_POLY_H

#include "crypto/bytes.h"

enum {
    MLKEM_Q = 3329,
    MLKEM_N = 256,
};

/* To the NTT domain, in place; the result is reduced. Algorithm 9. */
void poly_ntt(int16_t p[MLKEM_N]);

/* Back from the NTT domain, in place, and times R, which removes the 1/R of a product. Algorithm
 * 10. */
void poly_inverse_ntt(int16_t p[MLKEM_N]);

/* Reduce every coefficient; accepts any int16_t. */
void poly_reduce(int16_t p[MLKEM_N]);

/* p = p + q, reduced; the sums must fit int16_t. */
void poly_add(int16_t *restrict p, const int16_t *restrict q);

/* Prepare p to be the second factor of products: its odd coefficients times gamma. */
void poly_prepare(int16_t product[MLKEM_N / 2], const int16_t p[MLKEM_N]);

/* sum += a * b in the NTT domain, not reduced, for b with its prepared products. Algorithm 11.
 * Three products fit a sum. */
void poly_multiply_add(int32_t sum[MLKEM_N], const int16_t a[MLKEM_N], const int16_t b[MLKEM_N],
                       const int16_t product[MLKEM_N / 2]);

/* p = sum / R. */
void poly_from_sum(int16_t *restrict p, const int32_t *restrict sum);

/* p = p * R: removes the 1/R of a product that stays in the NTT domain. */
void poly_to_montgomery(int16_t p[MLKEM_N]);

/* SampleNTT, algorithm 7: coefficients from 0 to q - 1 from a public stream. Continues at `have`
 * and returns the new count; MLKEM_N means complete. Not constant time. */
size_t poly_sample_uniform(int16_t p[MLKEM_N], size_t have, const uint8_t *stream, size_t len);

/* SamplePolyCBD_2, algorithm 8: coefficients from -2 to 2 from 128 bytes. */
void poly_sample_noise(int16_t p[MLKEM_N], const uint8_t stream[MLKEM_N / 2]);

/* ByteEncode_12 and ByteDecode_12, algorithms 5 and 6. Decoding yields coefficients from 0 to 4095;
 * false when one is not below q, which section 7.2 forbids in a key. */
void poly_encode_12(uint8_t out[384], const int16_t p[MLKEM_N]);
bool poly_decode_12(int16_t p[MLKEM_N], const uint8_t in[384]);

/* ByteEncode_d(Compress_d) and Decompress_d(ByteDecode_d), section 4.2.1, for d = 10 and 4. */
void poly_compress_10(uint8_t out[320], const int16_t p[MLKEM_N]);
void poly_decompress_10(int16_t p[MLKEM_N], const uint8_t in[320]);
void poly_compress_4(uint8_t out[128], const int16_t p[MLKEM_N]);
void poly_decompress_4(int16_t p[MLKEM_N], const uint8_t in[128]);

/* The same for d = 1: a message of 32 bytes, one bit per coefficient. poly_to_message accepts
 * coefficients from -q to 2q - 1. */
void poly_to_message(uint8_t out[32], const int16_t p[MLKEM_N]);
void poly_from_message(int16_t p[MLKEM_N], const uint8_t in[32]);

#endif
