/* Byte strings of Streamlined NTRU Prime 761. Part of crypto/sntrup761.h. */
#ifndef NACRE_CRYPTO_SNTRUP761_ENCODE_H
#define NACRE_CRYPTO_SNTRUP761_ENCODE_H

#include "crypto/sntrup761_poly.h"

#define SNTRUP_RQ_LEN 1158      /* bytes of an element of R/q */
#define SNTRUP_ROUNDED_LEN 1007 /* bytes of one whose coefficients are multiples of 3 */
#define SNTRUP_SMALL_LEN 191    /* bytes of a small element */

/* Elements of R/q. Any bytes decode to an element. Encoding is constant time; decoding is not, and
 * is for public data only. `digits` is working memory. */
void sntrup_encode_rq(uint8_t out[SNTRUP_RQ_LEN], const int16_t f[SNTRUP_PADDED],
                      uint16_t digits[SNTRUP_PADDED]);
void sntrup_decode_rq(int16_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_RQ_LEN],
                      uint16_t digits[SNTRUP_PADDED]);

/* The same for elements whose coefficients are multiples of 3 from -2295 to 2295. */
void sntrup_encode_rounded(uint8_t out[SNTRUP_ROUNDED_LEN], const int16_t f[SNTRUP_PADDED],
                           uint16_t digits[SNTRUP_PADDED]);
void sntrup_decode_rounded(int16_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_ROUNDED_LEN],
                           uint16_t digits[SNTRUP_PADDED]);

/* Small elements: four coefficients per byte. Both are constant time. Decoding accepts only what
 * encoding has produced. */
void sntrup_encode_small(uint8_t out[SNTRUP_SMALL_LEN], const int8_t f[SNTRUP_PADDED]);
void sntrup_decode_small(int8_t f[SNTRUP_PADDED], const uint8_t in[SNTRUP_SMALL_LEN]);

#endif
