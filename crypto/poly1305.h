/* Poly1305 (RFC 8439 section 2.5): a MAC whose key is used for one message only. Constant time. */
#ifndef NACRE_CRYPTO_POLY1305_H
#define NACRE_CRYPTO_POLY1305_H

#include "crypto/bytes.h"

#define POLY1305_KEY_LEN 32 /* bytes; new for every message */
#define POLY1305_TAG_LEN 16 /* bytes */

/* What the faster library keeps between messages. Owned by the caller; may be moved; one thread at
 * a time; holds no key between calls. */
struct poly1305 {
    void *large; /* libcrypto's context, created by the first long message; NULL until then */
};

/* Initialise it. Allocates nothing. Always true. */
bool poly1305_init(struct poly1305 *p);

/* The tag of `data` under `key`. Always true: when out of memory, the slower library does the work.
 * Compare tags with secrets_equal. */
bool poly1305(struct poly1305 *p, uint8_t tag[POLY1305_TAG_LEN],
              const uint8_t key[POLY1305_KEY_LEN], struct bytes data);

/* Free what was allocated. Harmless when called twice, or on zeros. */
void poly1305_clear(struct poly1305 *p);

#endif
