/* ChaCha20 in its original form, with a 64-bit nonce and a 64-bit block counter. This is what
 * chacha20-poly1305@openssh.com uses; RFC 8439 section 2.3 describes the same function with a
 * 96-bit nonce and a 32-bit counter. Constant time. */
#ifndef NACRE_CRYPTO_CHACHA20_H
#define NACRE_CRYPTO_CHACHA20_H

#include "crypto/bytes.h"

#define CHACHA20_KEY_LEN 32 /* bytes */

/* A cipher with its key. Owned by the caller; may be moved; one thread at a time; holds a secret
 * until chacha20_clear. */
struct chacha20 {
    uint8_t key[CHACHA20_KEY_LEN];
    void *large; /* libcrypto's context, created by the first long message; NULL until then */
};

/* Set the key. Allocates nothing, so an idle session stays small. Always true. */
bool chacha20_init(struct chacha20 *c, const uint8_t key[CHACHA20_KEY_LEN]);

/* Xor `len` bytes at `data`, in place, with the keystream: encrypts and decrypts.
 *
 * nonce_be_seq  the nonce: this number (the packet's sequence number) in 8 bytes, most significant
 *               first
 * counter       the 64-byte block to start at
 * len           any number of bytes, also 0, as long as counter + len / 64 < 2^32
 * return        always true: when out of memory, the slower library does the work */
bool chacha20_xor(struct chacha20 *c, uint64_t nonce_be_seq, uint64_t counter, uint8_t *data,
                  size_t len);

/* Wipe the key and free what was allocated. Harmless when called twice, or on zeros. */
void chacha20_clear(struct chacha20 *c);

#endif
