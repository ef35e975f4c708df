#include "crypto/random.h"

#include <sodium.h>

enum {
    DIRECT_LEN = 64, /* bytes up to which one call to the kernel is fastest */
};

/* libsodium gets 256 bytes from the kernel at a time. Longer requests get one new seed from there
 * and expand it with ChaCha20, which is as secure and many times as fast. */
static void fill_from_system(void *context, uint8_t *out, size_t len)
{
    uint8_t seed[randombytes_SEEDBYTES];

    (void)context;
    if (len == 0)
        return;
    if (len <= DIRECT_LEN) {
        randombytes_buf(out, len);
        return;
    }
    randombytes_buf(seed, sizeof seed);
    randombytes_buf_deterministic(out, len, seed);
    wipe(seed, sizeof seed);
}

const struct random_source random_system = {
    .fill = fill_from_system,
    .context = NULL,
};

void random_fill(const struct random_source *source, uint8_t *out, size_t len)
{
    source->fill(source->context, out, len);
}

static void fill_from_seed(void *context, uint8_t *out, size_t len)
{
    struct random_seeded *state = context;
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    store_u64_le(nonce, state->fills++);
    (void)crypto_stream_chacha20(out, len, nonce, state->seed); /* cannot fail */
}

struct random_source random_from_seed(struct random_seeded *state, const uint8_t seed[32])
{
    memcpy(state->seed, seed, sizeof state->seed);
    state->fills = 0;
    return (struct random_source){.fill = fill_from_seed, .context = state};
}

enum { KEY = crypto_stream_chacha20_KEYBYTES };

static void refill(struct random_stream *state)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    uint8_t key[KEY];

    memcpy(key, state->block, KEY);
    (void)crypto_stream_chacha20(state->block, sizeof state->block, nonce, key); /* cannot fail */
    wipe(key, sizeof key);
    state->left = sizeof state->block - KEY;
}

static void fill_from_stream(void *context, uint8_t *out, size_t len)
{
    struct random_stream *state = context;

    while (len > 0) {
        size_t n = len < state->left ? len : state->left;
        uint8_t *from = state->block + sizeof state->block - state->left;

        memcpy(out, from, n);
        wipe(from, n);
        out += n;
        len -= n;
        state->left -= n;
        if (state->left == 0)
            refill(state);
    }
}

struct random_source random_stream_from(struct random_stream *state,
                                        const struct random_source *seed)
{
    random_fill(seed, state->block, KEY);
    refill(state);
    return (struct random_source){.fill = fill_from_stream, .context = state};
}
