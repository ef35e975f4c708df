/* SHA-3 and SHAKE (FIPS 202), for ML-KEM. Constant time. Nothing allocates, nothing can fail. */
#ifndef NACRE_CRYPTO_KECCAK_H
#define NACRE_CRYPTO_KECCAK_H

#include "crypto/bytes.h"

#define SHAKE128_RATE 168 /* bytes that one permutation takes in or gives out */

/* One function of the family: what it takes in at a time, and the bits that end its input. */
struct keccak_method {
    size_t rate;    /* bytes a permutation */
    uint8_t suffix; /* FIPS 202 appendix B.2: domain bits and the first bit of padding */
};

extern const struct keccak_method keccak_sha3_256;
extern const struct keccak_method keccak_sha3_512;
extern const struct keccak_method keccak_shake128;
extern const struct keccak_method keccak_shake256;

/* FIPS 202 section 3.2.5: the constants of iota, one for each of the 24 rounds. */
extern const uint64_t keccak_round_constants[24];

/* A sponge: keccak_start, any number of keccak_absorb, then any number of keccak_squeeze. May be
 * moved and copied. Wipe it when what went in is secret. */
struct keccak {
    uint64_t lanes[25]; /* FIPS 202 section 3.1.2: lane (x, y) is number x + 5 y */
    const struct keccak_method *method;
    size_t at;      /* bytes of the current block taken in or given out */
    bool squeezing; /* the input is complete */
};

void keccak_start(struct keccak *k, const struct keccak_method *method);

/* Take in bytes. Only before the first keccak_squeeze. */
void keccak_absorb(struct keccak *k, struct bytes data);

/* Give out the next `len` bytes. For the SHA-3 functions only their 32 or 64 bytes make sense. */
void keccak_squeeze(struct keccak *k, uint8_t *out, size_t len);

/* The first `len` bytes for the `n` parts, one after the other. Leaves nothing behind. */
void keccak_of(const struct keccak_method *method, const struct bytes *parts, size_t n,
               uint8_t *out, size_t len);

#endif
