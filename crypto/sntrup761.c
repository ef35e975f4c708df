#include "crypto/sntrup761.h"

#include "crypto/hash.h"
#include "crypto/sntrup761_encode.h"
#include "crypto/sntrup761_keys.h"
#include "crypto/sort.h"

/* The parts of sk: f, 1/g, pk, rho, Hash(4, pk). The parts of ct: the rounded element, the
 * confirmation hash. */
enum {
    HASH_LEN = 32,
    G_INVERSE_AT = SNTRUP_SMALL_LEN,
    PK_AT = G_INVERSE_AT + SNTRUP_SMALL_LEN,
    RHO_AT = PK_AT + SNTRUP761_PK_LEN,
    PK_HASH_AT = RHO_AT + SNTRUP_SMALL_LEN,
    CONFIRM_AT = SNTRUP_ROUNDED_LEN,
};

_Static_assert(PK_HASH_AT + HASH_LEN == SNTRUP761_SK_LEN, "parts of sk");
_Static_assert(CONFIRM_AT + HASH_LEN == SNTRUP761_CT_LEN, "parts of ct");
_Static_assert(SNTRUP_RQ_LEN == SNTRUP761_PK_LEN, "pk is an element of R/q");

/* Hash(kind, first, second): the first half of SHA-512 of a byte and two strings. */
static bool hash_kind(uint8_t out[HASH_LEN], uint8_t kind, struct bytes first, struct bytes second)
{
    uint8_t whole[HASH_MAX];
    struct hash h;
    bool done;

    hash_start(&h, &hash_sha512);
    hash_update(&h, (struct bytes){&kind, 1});
    hash_update(&h, first);
    hash_update(&h, second);
    done = hash_finish(&h, whole);
    memcpy(out, whole, HASH_LEN);
    wipe(whole, sizeof whole);
    return done;
}

/* Generate 761 numbers of 32 bits, least significant byte first, and fill up with the largest. */
static void generate_words(uint32_t words[SORT_LEN], const struct random_source *random)
{
    random_fill(random, (uint8_t *)words, SNTRUP_P * sizeof words[0]);
    for (size_t i = 0; i < SNTRUP_P; i++)
        words[i] = load_u32_le((const uint8_t *)&words[i]);
    for (size_t i = SNTRUP_P; i < SORT_LEN; i++)
        words[i] = UINT32_MAX;
}

/* A small element: 30 bits of each number, times 3, divided by 2^30. */
static void generate_small(int8_t out[SNTRUP_PADDED], const struct random_source *random,
                           struct sntrup761_scratch *s)
{
    generate_words(s->words, random);
    memset(out, 0, SNTRUP_PADDED);
    for (size_t i = 0; i < SNTRUP_P; i++)
        out[i] = (int8_t)((int)(((s->words[i] & 0x3fffffff) * 3) >> 30) - 1);
}

/* A short element: exactly 286 coefficients that are not 0. Their values are in the two low bits
 * of random numbers, 0 or 2 in the first 286 and 1 in the others; sorting shuffles them. */
static void generate_short(int8_t out[SNTRUP_PADDED], const struct random_source *random,
                           struct sntrup761_scratch *s)
{
    generate_words(s->words, random);
    for (size_t i = 0; i < SNTRUP_W; i++)
        s->words[i] &= ~(uint32_t)1;
    for (size_t i = SNTRUP_W; i < SNTRUP_P; i++)
        s->words[i] = (s->words[i] & ~(uint32_t)3) | 1;
    sort_1024(s->words);
    memset(out, 0, SNTRUP_PADDED);
    for (size_t i = 0; i < SNTRUP_P; i++)
        out[i] = (int8_t)((int)(s->words[i] & 3) - 1);
}

int sntrup761_generate_g(const struct random_source *random, struct sntrup761_scratch *s)
{
    generate_small(s->g, random, s);
    return sntrup_inverse_mod3(s->g_inverse, s->g, &s->inverse);
}

bool sntrup761_finish_keys(uint8_t pk[SNTRUP761_PK_LEN], uint8_t sk[SNTRUP761_SK_LEN],
                           const struct random_source *random, struct sntrup761_scratch *s)
{
    const struct bytes none = {NULL, 0};

    generate_short(s->f, random, s);
    sntrup_inverse_of_3f(s->a, s->f, &s->inverse);
    sntrup_multiply(s->a, s->a, s->g, &s->product); /* h = g / (3 f) */
    sntrup_encode_rq(pk, s->a, s->digits);
    sntrup_encode_small(sk, s->f);
    sntrup_encode_small(sk + G_INVERSE_AT, s->g_inverse);
    memcpy(sk + PK_AT, pk, SNTRUP761_PK_LEN);
    random_fill(random, sk + RHO_AT, SNTRUP_SMALL_LEN);
    return hash_kind(sk + PK_HASH_AT, 4, (struct bytes){pk, SNTRUP761_PK_LEN}, none);
}

bool sntrup761_keypair(uint8_t pk[SNTRUP761_PK_LEN], uint8_t sk[SNTRUP761_SK_LEN],
                       const struct random_source *random, struct sntrup761_scratch *scratch)
{
    bool done;

    while (sntrup761_generate_g(random, scratch) == 0) /* reveals nothing about the final g */
        continue;
    done = sntrup761_finish_keys(pk, sk, random, scratch);
    wipe(scratch, sizeof *scratch);
    return done;
}

/* Hide: the ciphertext of the short element r for the key `pk`, and r encoded. */
static bool hide(uint8_t ct[SNTRUP761_CT_LEN], uint8_t r_encoded[SNTRUP_SMALL_LEN],
                 const int8_t r[SNTRUP_PADDED], const uint8_t *pk, const uint8_t *pk_hash,
                 struct sntrup761_scratch *s)
{
    const struct bytes none = {NULL, 0}, encoded = {r_encoded, SNTRUP_SMALL_LEN};
    uint8_t r_hash[HASH_LEN];
    bool done;

    sntrup_encode_small(r_encoded, r);
    sntrup_decode_rq(s->a, pk, s->digits);
    sntrup_multiply(s->a, s->a, r, &s->product);
    for (size_t i = 0; i < SNTRUP_P; i++)
        s->a[i] = (int16_t)(s->a[i] - sntrup_mod3(s->a[i])); /* round to a multiple of 3 */
    sntrup_encode_rounded(ct, s->a, s->digits);
    done = hash_kind(r_hash, 3, encoded, none) &&
           hash_kind(ct + CONFIRM_AT, 2, (struct bytes){r_hash, HASH_LEN},
                     (struct bytes){pk_hash, HASH_LEN});
    wipe(r_hash, sizeof r_hash);
    return done;
}

/* The session's secret: kind 1, or 0 for a ciphertext that is rejected. */
static bool hash_session(uint8_t ss[SNTRUP761_SS_LEN], uint8_t kind,
                         const uint8_t r_encoded[SNTRUP_SMALL_LEN],
                         const uint8_t ct[SNTRUP761_CT_LEN])
{
    const struct bytes none = {NULL, 0};
    uint8_t r_hash[HASH_LEN];
    bool done =
        hash_kind(r_hash, 3, (struct bytes){r_encoded, SNTRUP_SMALL_LEN}, none) &&
        hash_kind(ss, kind, (struct bytes){r_hash, HASH_LEN}, (struct bytes){ct, SNTRUP761_CT_LEN});

    wipe(r_hash, sizeof r_hash);
    return done;
}

bool sntrup761_encapsulate(uint8_t ct[SNTRUP761_CT_LEN], uint8_t ss[SNTRUP761_SS_LEN],
                           const uint8_t pk[SNTRUP761_PK_LEN], const struct random_source *random,
                           struct sntrup761_scratch *scratch)
{
    const struct bytes none = {NULL, 0};
    uint8_t r_encoded[SNTRUP_SMALL_LEN], pk_hash[HASH_LEN];
    bool done;

    generate_short(scratch->f, random, scratch);
    done = hash_kind(pk_hash, 4, (struct bytes){pk, SNTRUP761_PK_LEN}, none) &&
           hide(ct, r_encoded, scratch->f, pk, pk_hash, scratch) &&
           hash_session(ss, 1, r_encoded, ct);
    wipe(r_encoded, sizeof r_encoded);
    wipe(scratch, sizeof *scratch);
    return done;
}

/* All ones when the element has the weight of a short one, else 0. */
static int weight_mask(const int8_t f[SNTRUP_PADDED])
{
    int weight = 0;

    for (size_t i = 0; i < SNTRUP_P; i++)
        weight += f[i] & 1;
    return ~sntrup_nonzero_mask(weight - SNTRUP_W);
}

/* Decrypt: the short element r in a ciphertext; when there is none, a fixed element of the right
 * weight. */
static void decrypt(int8_t r[SNTRUP_PADDED], const uint8_t *sk, const uint8_t *ct,
                    struct sntrup761_scratch *s)
{
    int mask;

    sntrup_decode_small(s->f, sk);
    sntrup_decode_small(s->g_inverse, sk + G_INVERSE_AT);
    sntrup_decode_rounded(s->a, ct, s->digits);
    sntrup_multiply(s->a, s->a, s->f, &s->product);
    for (size_t i = 0; i < SNTRUP_P; i++)
        s->a[i] = (int16_t)(int)sntrup_mod3(sntrup_reduce((int16_t)(3 * s->a[i])));
    /* a product of small elements is below q/2: the same in R/q and in Z[x], so reducible to R/3 */
    sntrup_multiply(s->a, s->a, s->g_inverse, &s->product);
    memset(r, 0, SNTRUP_PADDED);
    for (size_t i = 0; i < SNTRUP_P; i++)
        r[i] = sntrup_mod3(s->a[i]);
    mask = weight_mask(r);
    for (size_t i = 0; i < SNTRUP_W; i++)
        r[i] = (int8_t)(((r[i] ^ 1) & mask) ^ 1);
    for (size_t i = SNTRUP_W; i < SNTRUP_P; i++)
        r[i] = (int8_t)(r[i] & mask);
}

bool sntrup761_decapsulate(uint8_t ss[SNTRUP761_SS_LEN], const uint8_t sk[SNTRUP761_SK_LEN],
                           const uint8_t ct[SNTRUP761_CT_LEN], struct sntrup761_scratch *s)
{
    uint8_t r_encoded[SNTRUP_SMALL_LEN];
    bool done, same;

    decrypt(s->g, sk, ct, s);
    done = hide(s->ct, r_encoded, s->g, sk + PK_AT, sk + PK_HASH_AT, s);
    same = secrets_equal(ct, s->ct, SNTRUP761_CT_LEN);
    secrets_choose(r_encoded, same, r_encoded, sk + RHO_AT, sizeof r_encoded);
    done = hash_session(ss, (uint8_t)same, r_encoded, ct) && done;
    wipe(r_encoded, sizeof r_encoded);
    wipe(s, sizeof *s);
    return done;
}
