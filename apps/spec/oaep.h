/* RSAES-OAEP with SHA-256 and an empty label, only encryption: RFC 8017 section 7.1.1, as RFC 4432
 * section 4 uses it. Slow, and not constant in time: for secrets of tests. */
#ifndef NACRE_APPS_SPEC_OAEP_H
#define NACRE_APPS_SPEC_OAEP_H

#include "crypto/hash.h"

enum {
    OAEP_MODULUS_MAX = 1024, /* bytes: RSA of 8192 bits */
    OAEP_SEED_LEN = 32,
};

/* Encrypt `message` for the public key n, e (unsigned, most significant byte first, n odd and
 * without leading zeros): n.len bytes to `out`. False: the message is too long, or n. */
bool oaep_encrypt(struct bytes n, struct bytes e, struct bytes message,
                  const uint8_t seed[OAEP_SEED_LEN], uint8_t *out);

#endif
