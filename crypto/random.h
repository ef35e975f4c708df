/* The source of randomness: one small interface, so that a test can replay a whole session.
 *
 * All code in nacre that needs random bytes gets a `const struct random_source *`. */
#ifndef NACRE_CRYPTO_RANDOM_H
#define NACRE_CRYPTO_RANDOM_H

#include "crypto/bytes.h"

/* `fill` writes `len` random bytes to `out`. It cannot fail: a source that could must handle that
 * itself (the system's never returns without its bytes). `context` is passed to it unchanged. */
struct random_source {
    void (*fill)(void *context, uint8_t *out, size_t len);
    void *context;
};

/* The system's generator, through libsodium: fit for keys, thread-safe, and safe across fork. The
 * default everywhere outside tests. */
extern const struct random_source random_system;

/* Write `len` random bytes to `out`. */
void random_fill(const struct random_source *source, uint8_t *out, size_t len);

/* A deterministic source for tests: fill number n (0, 1, 2...) is the ChaCha20 keystream under the
 * key `seed` with nonce n, from block 0. The same seed and the same calls give the same bytes.
 * Never for real keys: the seed reveals all past and future output. */
struct random_seeded {
    uint8_t seed[32];
    uint64_t fills; /* calls so far: the next nonce */
};

/* Initialise `state` from `seed` and return a source that uses it. The source is valid as long as
 * `state` stays in place; one thread at a time. Wipe `state` after use if the seed matters. */
struct random_source random_from_seed(struct random_seeded *state, const uint8_t seed[32]);

/* A fast stream from one seed: ChaCha20 with key erasure. The first 32 bytes of each block of
 * keystream are the next key; the rest is output and then wiped, so that the state reveals nothing
 * about earlier output. For bytes that need only look random, such as padding: two processes that
 * share a state after a fork generate the same bytes. Keys come from the seed's source itself. */
#define RANDOM_STREAM_BLOCK 512 /* bytes of keystream generated at a time */

struct random_stream {
    uint8_t block[RANDOM_STREAM_BLOCK]; /* begins with the next key; unused output is at the end */
    size_t left;                        /* bytes of unused output */
};

/* Seed `state` from `seed` and return a source that uses it. The source is valid as long as `state`
 * stays in place; one thread at a time. Wipe `state` after use. */
struct random_source random_stream_from(struct random_stream *state,
                                        const struct random_source *seed);

#endif
