/* SHA-1 and SHA-2 (FIPS 180-4), and MD5 (RFC 1321): streaming, one-shot, and from a common prefix.
 *
 * A method is a const row: a protocol chooses its hash by pointing to one. The running state is
 * inside `struct hash`: nothing is allocated, and a hash may be on the stack or in another struct,
 * and be moved. SHA-1 is for old peers only, never for new keys; MD5 is for old files, and for
 * fingerprints that a person compares with old ones. */
#ifndef NACRE_CRYPTO_HASH_H
#define NACRE_CRYPTO_HASH_H

#include "crypto/bytes.h"

#define HASH_MAX 64        /* bytes of the longest digest: SHA-512 */
#define HASH_BLOCK_MAX 128 /* bytes of the longest block: SHA-384 and SHA-512 */

/* One hash function. Callers use the functions below, not the pointers. */
struct hash_method {
    const char *name; /* "sha256"; for a person or a log */
    size_t len;       /* bytes of the digest */
    size_t block_len; /* bytes of the block that HMAC pads its key to */
    size_t state_len; /* bytes of struct hash's state that are in use */
    bool (*start)(void *state);
    bool (*update)(void *state, const uint8_t *data, size_t len);
    bool (*finish)(void *state, uint8_t *digest);
};

extern const struct hash_method hash_md5;
extern const struct hash_method hash_sha1;
extern const struct hash_method hash_sha256;
extern const struct hash_method hash_sha384;
extern const struct hash_method hash_sha512;

/* A digest in progress: `hash_start`, any number of `hash_update`, then `hash_finish` or
 * `hash_abandon`. After the last two it holds nothing and may be started again. */
struct hash {
    const struct hash_method *method;
    bool failed;
    uint64_t state[27]; /* the library's; large enough for SHA-512 */
};

/* Begin a digest. False when the library fails; hash_update and hash_finish are harmless then. */
bool hash_start(struct hash *h, const struct hash_method *method);

/* Add bytes. A failure is sticky and reported by hash_finish. */
void hash_update(struct hash *h, struct bytes data);

/* Write method->len bytes of digest to `out` and wipe the state. False when anything since
 * hash_start failed; `out` is all zero then. */
bool hash_finish(struct hash *h, uint8_t *out);

/* Wipe the state without finishing. */
void hash_abandon(struct hash *h);

/* Make `to` a second digest over the same bytes as `from` so far; both continue separately. For
 * many digests with one prefix, as in RFC 4253 section 7.2. False when `from` has failed. */
bool hash_copy(struct hash *to, const struct hash *from);

/* The digest of `data` in one call: method->len bytes to `out`. False as for hash_finish. */
bool hash_of(const struct hash_method *method, struct bytes data, uint8_t *out);

#endif
