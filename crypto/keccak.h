/* SHA-3 and SHAKE (FIPS 202), for ML-KEM. Constant time; nothing allocates, and nothing can fail.
 */
#ifndef NACRE_CRYPTO_KECCAK_H
#define NACRE_CRYPTO_KECCAK_H

#include "crypto/bytes.h"

#define SHAKE128_RATE 168 /* bytes absorbed or squeezed per permutation */

/* One function of the family. */
struct keccak_method {
    size_t rate;    /* bytes absorbed or squeezed per permutation */
    uint8_t suffix; /* appended to the input: domain bits and the first padding bit, FIPS 202
                       appendix B.2 */
};

extern const struct keccak_method keccak_sha3_256;
extern const struct keccak_method keccak_sha3_512;
extern const struct keccak_method keccak_shake128;
extern const struct keccak_method keccak_shake256;

/* FIPS 202 section 3.2.5: the constants of iota, one for each of the 24 rounds. */
extern const uint64_t keccak_round_constants[24];

/* A sponge: keccak_start, any number of keccak_absorb, then any number of keccak_squeeze. May be
 * moved and copied. Wipe it after use when the input is secret. */
struct keccak {
    uint64_t lanes[25]; /* FIPS 202 section 3.1.2: lane (x, y) is number x + 5 y */
    const struct keccak_method *method;
    size_t at;      /* bytes absorbed into or squeezed from the current block */
    bool squeezing; /* the input is complete */
};

void keccak_start(struct keccak *k, const struct keccak_method *method);

/* Add input. Only before the first keccak_squeeze. */
void keccak_absorb(struct keccak *k, struct bytes data);

/* Write the next `len` bytes of output. The SHA-3 functions define only the first 32 or 64. */
void keccak_squeeze(struct keccak *k, uint8_t *out, size_t len);

/* The first `len` bytes of output for the concatenation of the `n` parts. Leaves no copy of the
 * input on the stack. */
void keccak_of(const struct keccak_method *method, const struct bytes *parts, size_t n,
               uint8_t *out, size_t len);

#endif
