/* RSA signatures with PKCS #1 v1.5 padding (RFC 8017 section 8.2), as RFC 4253 section 6.6 and
 * RFC 8332 use them. The private operation is constant time and blinded. */
#ifndef NACRE_CRYPTO_RSA_H
#define NACRE_CRYPTO_RSA_H

#include "crypto/hash.h"

#define RSA_BITS_LEAST 1024             /* no shorter modulus, whatever the caller asks for */
#define RSA_BITS_MOST 16384             /* no longer one: it would cost seconds to verify with */
#define RSA_LEN_MAX (RSA_BITS_MOST / 8) /* bytes of the longest signature */

/* A public key, perhaps with its private key. Belongs to the caller; may be moved; may be used by
 * several threads at once, but for rsa_clear. */
struct rsa_key {
    void *key;  /* libcrypto's; NULL when there is none */
    size_t len; /* bytes of the modulus, and of every signature */
};

/* The numbers of a key, each unsigned, most significant byte first; zeros in front do not count.
 * Names as in RFC 8017 section 3, with d for the private exponent, p and q for the primes and iqmp
 * for qInv: the order in which OpenSSH's key files hold them is n, e, d, iqmp, p, q. dmp1 and dmq1
 * (dP and dQ) may be empty: they follow from the others. */
struct rsa_numbers {
    struct bytes n, e, d, p, q, iqmp, dmp1, dmq1;
};

/* A public key. False when n has fewer than `bits_min` bits (or RSA_BITS_LEAST) or more than
 * RSA_BITS_MOST, when n or e is even, when e is 1 or longer than 64 bits, and when there is no
 * memory; there is nothing to clear then. */
bool rsa_public_init(struct rsa_key *k, struct bytes n, struct bytes e, unsigned bits_min);

/* A private key. False as rsa_public_init, and when the numbers do not belong together: n is p
 * times q, what d signs e verifies, and iqmp, dmp1 and dmq1 are what they should be. Takes as long
 * as one signature. */
bool rsa_private_init(struct rsa_key *k, const struct rsa_numbers *numbers, unsigned bits_min);

/* Sign `message`, which is hashed here: k->len bytes to `sig`. False without a private key, for a
 * hash other than SHA-1, SHA-256, SHA-384 and SHA-512, and without memory. */
bool rsa_sign(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
              uint8_t *sig);

/* Is `sig` a signature of `message` with this hash? Exactly k->len bytes, exactly one padding (with
 * the NULL in DigestInfo). A caller that wants to accept signatures without their zeros in front,
 * as RFC 4253 lets an RSA signature be sent, pads them first. */
bool rsa_verify(const struct rsa_key *k, const struct hash_method *hash, struct bytes message,
                struct bytes sig);

/* Wipe and release the key. Harmless when called twice, or on zeros. */
void rsa_clear(struct rsa_key *k);

#endif
