/* Where randomness comes from: one small interface, so that a test can replay a whole session.
 *
 * Everything in nacre that needs random bytes is handed a `const struct random_source *`. */
#ifndef NACRE_CRYPTO_RANDOM_H
#define NACRE_CRYPTO_RANDOM_H

#include "crypto/bytes.h"

/* `fill` writes `len` random bytes to `out`. It cannot fail: a source that could must deal with it
 * (the system's never returns without its bytes). `context` is handed to it unchanged. */
struct random_source {
    void (*fill)(void *context, uint8_t *out, size_t len);
    void *context;
};

/* The system's generator, by way of libsodium: safe for keys, for threads and across fork.
 * The default everywhere outside of tests. */
extern const struct random_source random_system;

/* Write `len` random bytes to `out`. */
void random_fill(const struct random_source *source, uint8_t *out, size_t len);

/* A deterministic source for tests: fill number n (0, 1, 2...) gives the ChaCha20 keystream under
 * the key `seed` with nonce n, from block 0. The same seed and the same calls give the same bytes.
 * Not for one session's keys in earnest: who knows the seed knows all that came and will come. */
struct random_seeded {
    uint8_t seed[32];
    uint64_t fills; /* calls so far: the next nonce */
};

/* Set up `state` from `seed` and return a source that draws from it. The source is good as long as
 * `state` lives where it is; one thread at a time. Wipe `state` after use if the seed matters. */
struct random_source random_from_seed(struct random_seeded *state, const uint8_t seed[32]);

/* A fast stream from a seed drawn once: ChaCha20 that forgets. Of each block of keystream the first
 * 32 bytes are the next key and the rest is handed out, then wiped, so that who sees the state
 * learns nothing of what came before. For bytes that need only look random, as padding does: two
 * processes that share a state after a fork draw the same. Keys come from the source itself. */
#define RANDOM_STREAM_BLOCK 512 /* bytes of keystream made at a time */

struct random_stream {
    uint8_t block[RANDOM_STREAM_BLOCK]; /* the next key, then what is still to be handed out, at the
                                           end */
    size_t left;                        /* bytes */
};

/* Seed `state` from `seed` and return a source that draws from it. Good as long as `state` lives
 * where it is; one thread at a time. Wipe `state` after use. */
struct random_source random_stream_from(struct random_stream *state,
                                        const struct random_source *seed);

#endif
