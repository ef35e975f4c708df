/* The three curves of RFC 5656 section 10.1, for crypto/ecdh.h and crypto/ecdsa.h. */
#ifndef NACRE_CRYPTO_EC_CURVE_H
#define NACRE_CRYPTO_EC_CURVE_H

#include "crypto/hash.h"

#define EC_LEN_MAX 66                         /* bytes of a coordinate or scalar of P-521 */
#define EC_POINT_LEN_MAX (1 + 2 * EC_LEN_MAX) /* bytes of a point of P-521, uncompressed */
#define EC_UNCOMPRESSED 4                     /* the first byte of an uncompressed point */

/* One curve. Points are in the uncompressed form of SEC 1 section 2.3.3: EC_UNCOMPRESSED, then both
 * coordinates, each `len` bytes, most significant first. */
struct ec_curve {
    const char *name;               /* "nistp256": RFC 5656 section 10.1 */
    size_t len;                     /* bytes of a coordinate and of a scalar: 32, 48, 66 */
    size_t point_len;               /* bytes of a point: 1 + 2 * len */
    unsigned order_bits;            /* bits of the group order: 256, 384, 521 */
    int id;                         /* libcrypto's number for it */
    const struct hash_method *hash; /* for signatures and key exchange: RFC 5656 section 6.2.1 */
};

extern const struct ec_curve ec_nistp256;
extern const struct ec_curve ec_nistp384;
extern const struct ec_curve ec_nistp521;

/* The parameters of a curve over a prime field, as a key may spell them out (RFC 3279
 * section 2.3.5, SEC 1 appendix C.2). Numbers are unsigned, most significant byte first. */
struct ec_parameters {
    struct bytes p, a, b, generator, order; /* the generator in any form of SEC 1 section 2.3.3 */
};

/* The curve that has exactly these parameters; NULL: none of the three, or out of memory. */
const struct ec_curve *ec_curve_find(const struct ec_parameters *parameters);

#endif
