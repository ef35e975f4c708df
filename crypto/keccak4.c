#include "crypto/keccak4.h"

#include <sodium.h>

#define LANE uint64_t
#define TARGET
#define ROTATE rotate
#define CHI chi
#define ROUND keccak_round
#define PERMUTE permute
#include "crypto/keccak_permutation.h"

static void permute_one_by_one(uint64_t lanes[25][KECCAK_WAYS])
{
    uint64_t one[25];

    for (size_t way = 0; way < KECCAK_WAYS; way++) {
        for (size_t i = 0; i < 25; i++)
            one[i] = lanes[i][way];
        permute(one);
        for (size_t i = 0; i < 25; i++)
            lanes[i][way] = one[i];
    }
    wipe(one, sizeof one);
}

#if defined(__x86_64__) && defined(__GNUC__)

#define LANE __attribute__((vector_size(32))) uint64_t
#define TARGET __attribute__((target("avx2")))
#define ROTATE rotate_avx2
#define CHI chi_avx2
#define ROUND round_avx2
#define PERMUTE permute_avx2
#include "crypto/keccak_permutation.h"

__attribute__((target("avx2"))) static void permute_vectors(uint64_t lanes[25][KECCAK_WAYS])
{
    __attribute__((vector_size(32))) uint64_t vectors[25];

    memcpy(vectors, lanes, sizeof vectors);
    permute_avx2(vectors);
    memcpy(lanes, vectors, sizeof vectors);
    wipe(vectors, sizeof vectors);
}

static void permute_all(uint64_t lanes[25][KECCAK_WAYS])
{
    if (sodium_runtime_has_avx2())
        permute_vectors(lanes);
    else
        permute_one_by_one(lanes);
}

#else

static void permute_all(uint64_t lanes[25][KECCAK_WAYS])
{
    permute_one_by_one(lanes);
}

#endif

/* Xor one byte into one sponge. */
static void absorb_byte(struct keccak4 *k, size_t way, size_t at, uint8_t byte)
{
    k->lanes[at / 8][way] ^= (uint64_t)byte << 8 * (at % 8);
}

void keccak4_start(struct keccak4 *k, const struct keccak_method *method,
                   const uint8_t *const in[KECCAK_WAYS], size_t len)
{
    memset(k, 0, sizeof *k);
    k->method = method;
    for (size_t way = 0; way < KECCAK_WAYS; way++) {
        size_t at = 0;

        for (; at + 8 <= len; at += 8)
            k->lanes[at / 8][way] = load_u64_le(in[way] + at);
        for (; at < len; at++)
            absorb_byte(k, way, at, in[way][at]);
        absorb_byte(k, way, len, method->suffix);
        absorb_byte(k, way, method->rate - 1, 0x80);
    }
}

void keccak4_squeeze(struct keccak4 *k, uint8_t *const out[KECCAK_WAYS])
{
    permute_all(k->lanes);
    for (size_t way = 0; way < KECCAK_WAYS; way++)
        for (size_t i = 0; out[way] != NULL && i < k->method->rate / 8; i++)
            store_u64_le(out[way] + 8 * i, k->lanes[i][way]);
}
