#include "crypto/keccak.h"

const struct keccak_method keccak_sha3_256 = {.rate = 136, .suffix = 0x06};
const struct keccak_method keccak_sha3_512 = {.rate = 72, .suffix = 0x06};
const struct keccak_method keccak_shake128 = {.rate = SHAKE128_RATE, .suffix = 0x1f};
const struct keccak_method keccak_shake256 = {.rate = 136, .suffix = 0x1f};

/* FIPS 202 section 3.2.5: the constants of iota, one for each of the 24 rounds. */
const uint64_t keccak_round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define LANE uint64_t
#define TARGET
#define ROTATE rotate
#define CHI chi
#define ROUND keccak_round
#define PERMUTE permute
#include "crypto/keccak_permutation.h"

void keccak_start(struct keccak *k, const struct keccak_method *method)
{
    memset(k, 0, sizeof *k);
    k->method = method;
}

static void absorb_byte(struct keccak *k, uint8_t byte)
{
    k->lanes[k->at / 8] ^= (uint64_t)byte << 8 * (k->at % 8);
    k->at++;
}

void keccak_absorb(struct keccak *k, struct bytes data)
{
    size_t i = 0;

    while (i < data.len) {
        if (k->at % 8 == 0 && data.len - i >= 8) {
            k->lanes[k->at / 8] ^= load_u64_le(data.at + i);
            k->at += 8;
            i += 8;
        } else {
            absorb_byte(k, data.at[i++]);
        }
        if (k->at == k->method->rate) {
            permute(k->lanes);
            k->at = 0;
        }
    }
}

/* Section 5.1: the suffix, zeros, and a last bit at the end of the block. */
static void end_input(struct keccak *k)
{
    absorb_byte(k, k->method->suffix);
    k->lanes[k->method->rate / 8 - 1] ^= (uint64_t)1 << 63;
    k->squeezing = true;
    k->at = k->method->rate; /* no output before the next permutation */
}

void keccak_squeeze(struct keccak *k, uint8_t *out, size_t len)
{
    if (!k->squeezing)
        end_input(k);
    while (len > 0) {
        if (k->at == k->method->rate) {
            permute(k->lanes);
            k->at = 0;
        }
        if (k->at % 8 == 0 && len >= 8) {
            store_u64_le(out, k->lanes[k->at / 8]);
            k->at += 8;
            out += 8;
            len -= 8;
        } else {
            *out++ = (uint8_t)(k->lanes[k->at / 8] >> 8 * (k->at % 8));
            k->at++;
            len--;
        }
    }
}

void keccak_of(const struct keccak_method *method, const struct bytes *parts, size_t n,
               uint8_t *out, size_t len)
{
    struct keccak k;

    keccak_start(&k, method);
    for (size_t i = 0; i < n; i++)
        keccak_absorb(&k, parts[i]);
    keccak_squeeze(&k, out, len);
    wipe(&k, sizeof k);
}
