/* RSA signatures with PKCS #1 v1.5 padding (RFC 8017 section 8.2), as RFC 4253 section 6.6 and
 * RFC 8332 use them. The private operation is constant time and blinded. */
#ifndef NACRE_CRYPTO_RSA_H
#define NACRE_CRYPTO_RSA_H

#include "crypto/hash.h"

#define RSA_BITS_LEAST 1024             /* no shorter modulus, whatever the caller allows */
#define RSA_BITS_MOST 16384             /* no longer one: verifying would take seconds */
#define RSA_LEN_MAX (RSA_BITS_MOST / 8) /* bytes of the longest signature */

/* A public key, optionally with its private key. Owned by the caller; may be moved; several threads
 * may use it at once, except for rsa_clear. */
struct rsa_key {
    void *key;  /* libcrypto's; NULL without a key */
    size_t len; /* bytes of the modulus, and of every signature */
};

/* The numbers of a key, each unsigned, most significant byte first; leading zeros are ignored.
 * Names as in RFC 8017 section 3 (d the private exponent, p and q the primes) and in libcrypto:
 * iqmp is qInv; dmp1 and dmq1 are dP and dQ, which may be empty, since they follow from the others.
 */
struct rsa_numbers {
    struct bytes n, e, d, p, q, iqmp, dmp1, dmq1;
};

/* A public key. False when n has fewer than `bits_min` bits (or RSA_BITS_LEAST) or more than
 * RSA_BITS_MOST, when n or e is even, when e is 1 or longer than 64 bits, and when out of
 * memory; there is nothing to clear then. */
bool rsa_public_init(struct rsa_key *k, struct bytes n, struct bytes e, unsigned bits_min);

/* A private key. False as for rsa_public_init, and when the numbers do not fit together: n must be
 * p times q, e must verify what d signs, and iqmp, dmp1 and dmq1 must follow from the others. Takes
 * as long as one signature. */
bool rsa_private_init(struct rsa_key *k, const struct rsa_numbers *numbers, unsigned bits_min);

/* A new private key with e = 65537, by libcrypto and its own random numbers. Takes a tenth of a
 * second for 2048 bits and seconds for 4096. False when `bits` is less than RSA_BITS_LEAST, more
 * than RSA_BITS_MOST or not a multiple of 8, and when out of memory. */
bool rsa_generate(struct rsa_key *k, unsigned bits);

/* The parts of a private key. */
enum rsa_part { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_PARTS };

/* Write one of them, most significant byte first, to `out`, of RSA_LEN_MAX bytes, which the caller
 * wipes. Returns its length; 0: there is no such part. */
size_t rsa_part(const struct rsa_key *k, enum rsa_part part, uint8_t *out);

/* Sign `message`, which is hashed here: k->len bytes to `sig`. False without a private key, for a
 * hash other than SHA-1, SHA-256, SHA-384 and SHA-512, and when out of memory. */
bool rsa_sign(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
              uint8_t *sig);

/* Is `sig` a signature of `message` with this hash? It must have exactly k->len bytes and the one
 * padding that has NULL parameters in DigestInfo. RFC 4253 allows a signature to be sent without
 * its leading zeros: the caller pads it first. */
bool rsa_verify(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
                struct bytes sig);

/* Wipe and free the key. Harmless when called twice, or on zeros. */
void rsa_clear(struct rsa_key *k);

#endif
