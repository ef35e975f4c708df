/* Diffie-Hellman in the multiplicative group modulo a prime: RFC 4253 section 8, RFC 8268, and the
 * groups of RFC 3526. Operations with the secret are constant time. */
#ifndef NACRE_CRYPTO_DH_H
#define NACRE_CRYPTO_DH_H

#include "crypto/random.h"

#define DH_BITS_LEAST 1024   /* no shorter prime, whatever the caller allows */
#define DH_LEN_MAX 1024      /* bytes of the longest prime: 8192 bits */
#define DH_SECRET_LEN_MAX 80 /* bytes of the longest secret exponent */

/* A safe prime p and a generator g, most significant byte first; p has no leading zeros. */
struct dh_group {
    struct bytes p;
    struct bytes g;
    unsigned secret_bits; /* length of a secret exponent: RFC 3526 section 8, second estimate */
};

/* RFC 3526 sections 3 to 7: 2048, 3072, 4096, 6144 and 8192 bits. */
extern const struct dh_group dh_group14;
extern const struct dh_group dh_group15;
extern const struct dh_group dh_group16;
extern const struct dh_group dh_group17;
extern const struct dh_group dh_group18;

/* A group that a server proposes (RFC 4419 section 3). Fills `group` with views of p and g without
 * their leading zeros, so both must outlive it. False unless p is odd and has bits_min to bits_max
 * bits (never fewer than DH_BITS_LEAST nor more than 8 * DH_LEN_MAX), and 1 < g < p - 1. That p is
 * a safe prime is not checked: the test would take seconds, and a server that proposes another
 * number only weakens its own session. */
bool dh_group_init(struct dh_group *group, struct bytes p, struct bytes g, unsigned bits_min,
                   unsigned bits_max);

/* One side's ephemeral key. The caller owns it and its group; holds a secret until dh_clear. */
struct dh {
    const struct dh_group *group;
    uint8_t secret[DH_SECRET_LEN_MAX]; /* the exponent, most significant byte first */
    size_t secret_len;                 /* bytes; 0 without a secret */
};

/* Generate an exponent x from `random` and write g^x mod p, group->p.len bytes, to `pub`. False
 * when out of memory; there is nothing to clear then. */
bool dh_generate(struct dh *d, const struct dh_group *group, const struct random_source *random,
                 uint8_t *pub);

/* The shared secret with the holder of `peer`, an unsigned number from the wire, leading zeros
 * allowed: peer^x mod p in group->p.len bytes. False, with zeros in `out`, unless 1 < peer < p - 1
 * (RFC 8268 section 4) and 1 < result < p - 1, and when out of memory. */
bool dh_shared(const struct dh *d, struct bytes peer, uint8_t *out);

/* The secret exponent, for key logs: a view into d. */
struct bytes dh_secret(const struct dh *d);

/* Wipe the secret. Harmless when called twice, or on zeros. */
void dh_clear(struct dh *d);

#endif
