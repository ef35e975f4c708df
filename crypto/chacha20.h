/* ChaCha20 as its author first gave it: 64-bit nonce, 64-bit block counter. That is what
 * chacha20-poly1305@openssh.com uses; RFC 8439 section 2.3 describes the same function with 32 bits
 * of the counter given to the nonce. Constant time. */
#ifndef NACRE_CRYPTO_CHACHA20_H
#define NACRE_CRYPTO_CHACHA20_H

#include "crypto/bytes.h"

#define CHACHA20_KEY_LEN 32 /* bytes */

/* A keyed cipher. Belongs to the caller; may be moved; one thread at a time; holds a secret until
 * chacha20_clear. */
struct chacha20 {
    uint8_t key[CHACHA20_KEY_LEN];
    void *large; /* libcrypto's context, made by the first long message; NULL until then */
};

/* Key it. Allocates nothing: an idle session stays small. Always true. */
bool chacha20_init(struct chacha20 *c, const uint8_t key[CHACHA20_KEY_LEN]);

/* Xor `len` bytes at `data`, in place, with the keystream of the nonce whose eight bytes are
 * `nonce_be_seq`, most significant first (the packet sequence number), starting at 64-byte block
 * `counter`. Encrypts and decrypts. Any `len`, also 0, as long as counter + len / 64 < 2^32.
 * Always true: when memory is short the slower library does the work. */
bool chacha20_xor(struct chacha20 *c, uint64_t nonce_be_seq, uint64_t counter, uint8_t *data,
                  size_t len);

/* Wipe the key and release what was allocated. Harmless when called twice, or on zeros. */
void chacha20_clear(struct chacha20 *c);

#endif
