#include "crypto/sntrup761.h"
#include "tests/support/suite.h"

#include "crypto/aes_ctr.h"
#include "crypto/hash.h"
#include "crypto/sntrup761_encode.h"
#include "crypto/x25519.h"
#include "tests/support/json.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"

#include <stdlib.h>

static struct sntrup761_scratch scratch;

/* The generator behind NIST's known answers: CTR_DRBG of SP 800-90A with AES-256, without
 * derivation function and reseeding. */
struct drbg {
    uint8_t key[32];
    uint8_t v[16];
};

static void increment(uint8_t v[16])
{
    for (size_t i = 16; i-- > 0;)
        if (++v[i] != 0)
            break;
}

/* The encryptions of V + 1, V + 2... are the keystream of counter mode from V + 1. */
static void drbg_blocks(struct drbg *d, uint8_t *out, size_t len)
{
    struct aes_ctr c;

    increment(d->v);
    memset(out, 0, len);
    ck_assert(aes_ctr_init(&c, BYTES_OF_ARRAY(d->key), d->v));
    ck_assert(aes_ctr_xor(&c, out, len));
    aes_ctr_clear(&c);
    for (size_t i = 16; i < len; i += 16)
        increment(d->v);
}

static void drbg_update(struct drbg *d, const uint8_t *seed)
{
    uint8_t state[48];

    drbg_blocks(d, state, sizeof state);
    for (size_t i = 0; seed != NULL && i < sizeof state; i++)
        state[i] ^= seed[i];
    memcpy(d->key, state, 32);
    memcpy(d->v, state + 32, 16);
}

/* The reference implementation generates numbers one by one, four bytes each, and rho at once. */
static void drbg_fill(void *context, uint8_t *out, size_t len)
{
    struct drbg *d = context;
    size_t piece = len == (size_t)4 * SNTRUP_P ? 4 : len;

    for (size_t at = 0; at < len; at += piece) {
        drbg_blocks(d, out + at, piece);
        drbg_update(d, NULL);
    }
}

static struct random_source drbg_from(struct drbg *d, const uint8_t seed[48])
{
    memset(d, 0, sizeof *d);
    drbg_update(d, seed);
    return (struct random_source){.fill = drbg_fill, .context = d};
}

static void assert_known(struct vectors *v, size_t i)
{
    uint8_t pk[SNTRUP761_PK_LEN], sk[SNTRUP761_SK_LEN], ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN];
    struct drbg state;
    struct random_source random = drbg_from(&state, vectors_nth(v, "seed", i).at);

    ck_assert(sntrup761_keypair(pk, sk, &random, &scratch));
    assert_bytes(BYTES_OF_ARRAY(pk), vectors_nth(v, "pk", i));
    assert_bytes(BYTES_OF_ARRAY(sk), vectors_nth(v, "sk", i));
    ck_assert(sntrup761_encapsulate(ct, ss, pk, &random, &scratch));
    assert_bytes(BYTES_OF_ARRAY(ct), vectors_nth(v, "ct", i));
    assert_bytes(BYTES_OF_ARRAY(ss), vectors_nth(v, "ss", i));
    memset(ss, 0, sizeof ss);
    ck_assert(sntrup761_decapsulate(ss, sk, ct, &scratch));
    assert_bytes(BYTES_OF_ARRAY(ss), vectors_nth(v, "ss", i));
}

START_TEST(known_answers_match)
{
    struct vectors *v = vectors_open("sntrup761.txt");

    ck_assert_uint_eq(vectors_count(v, "seed"), 2);
    for (size_t i = 0; i < vectors_count(v, "seed"); i++)
        assert_known(v, i);
    vectors_close(v);
}
END_TEST

START_TEST(larger_set_of_known_answers_agrees)
{
    struct vectors *v = vectors_open_shared("sntrup761/sntrup761.rsp");
    size_t cases = v != NULL ? vectors_count(v, "seed") : 0;

    for (size_t i = 0; i < cases; i++)
        assert_known(v, i);
    vectors_report("sntrup761/sntrup761.rsp", cases);
    vectors_close(v);
}
END_TEST

START_TEST(both_ends_agree_for_many_keys)
{
    uint8_t pk[SNTRUP761_PK_LEN], sk[SNTRUP761_SK_LEN], ct[SNTRUP761_CT_LEN];
    uint8_t ss[SNTRUP761_SS_LEN], again[SNTRUP761_SS_LEN];
    const uint8_t seed[32] = {1};
    struct random_seeded state;
    struct random_source random = random_from_seed(&state, seed);

    for (int i = 0; i < 50; i++) {
        ck_assert(sntrup761_keypair(pk, sk, &random, &scratch));
        ck_assert(sntrup761_encapsulate(ct, ss, pk, &random, &scratch));
        ck_assert(sntrup761_decapsulate(again, sk, ct, &scratch));
        ck_assert_mem_eq(ss, again, sizeof ss);
    }
}
END_TEST

START_TEST(any_changed_byte_of_a_ciphertext_is_rejected_implicitly)
{
    struct vectors *v = vectors_open("sntrup761.txt");
    struct bytes sk = vectors_nth(v, "sk", 0), good = vectors_nth(v, "ss", 0);
    uint8_t ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN], again[SNTRUP761_SS_LEN], before[32] = {0};

    memcpy(ct, vectors_nth(v, "ct", 0).at, sizeof ct);
    for (size_t i = 0; i < sizeof ct; i++) {
        ct[i] ^= (uint8_t)(1 << i % 8);
        ck_assert(sntrup761_decapsulate(ss, sk.at, ct, &scratch));
        ck_assert(sntrup761_decapsulate(again, sk.at, ct, &scratch));
        ck_assert_mem_eq(ss, again, sizeof ss);
        ck_assert_mem_ne(ss, good.at, sizeof ss);
        ck_assert_mem_ne(ss, before, sizeof ss);
        memcpy(before, ss, sizeof ss);
        ct[i] ^= (uint8_t)(1 << i % 8);
    }
    vectors_close(v);
}
END_TEST

/* The secret is Hash(0, Hash(3, rho), ct), which the sender cannot compute. */
START_TEST(a_rejected_ciphertext_gives_a_secret_derived_from_rho)
{
    struct vectors *v = vectors_open("sntrup761.txt");
    struct bytes sk = vectors_nth(v, "sk", 1);
    uint8_t ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN], digest[HASH_MAX];
    struct hash h;

    memcpy(ct, vectors_nth(v, "ct", 1).at, sizeof ct);
    ct[0] ^= 1;
    ck_assert(sntrup761_decapsulate(ss, sk.at, ct, &scratch));
    hash_start(&h, &hash_sha512);
    hash_update(&h, bytes_of("\3"));
    hash_update(&h, (struct bytes){sk.at + sk.len - 32 - 191, 191});
    ck_assert(hash_finish(&h, digest));
    hash_start(&h, &hash_sha512);
    hash_update(&h, (struct bytes){(const uint8_t *)"", 1});
    hash_update(&h, (struct bytes){digest, 32});
    hash_update(&h, BYTES_OF_ARRAY(ct));
    ck_assert(hash_finish(&h, digest));
    ck_assert_mem_eq(ss, digest, sizeof ss);
    vectors_close(v);
}
END_TEST

/* Bytes that no encoder produces decode to an element too, and are harmless. */
START_TEST(any_bytes_decode_to_a_key_and_a_ciphertext)
{
    struct vectors *v = vectors_open("sntrup761.txt");
    struct bytes sk = vectors_nth(v, "sk", 0);
    uint8_t pk[SNTRUP761_PK_LEN], ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN];
    int16_t f[SNTRUP_PADDED];
    uint16_t digits[SNTRUP_PADDED];

    for (int fill = 0; fill < 256; fill++) {
        memset(pk, fill, sizeof pk);
        memset(ct, fill, sizeof ct);
        ck_assert(sntrup761_decapsulate(ss, sk.at, ct, &scratch));
        sntrup_decode_rq(f, pk, digits);
        for (size_t i = 0; i < SNTRUP_P; i++)
            ck_assert(f[i] >= -2295 && f[i] <= 2295);
        sntrup_decode_rounded(f, ct, digits);
        for (size_t i = 0; i < SNTRUP_P; i++)
            ck_assert(f[i] >= -2295 && f[i] <= 2295 && f[i] % 3 == 0);
        ck_assert(sntrup761_encapsulate(ct, ss, pk, &random_system, &scratch));
    }
    vectors_close(v);
}
END_TEST

START_TEST(decoding_inverts_encoding)
{
    static uint8_t bytes[SNTRUP_RQ_LEN];
    int16_t f[SNTRUP_PADDED] = {0}, back[SNTRUP_PADDED];
    uint16_t digits[SNTRUP_PADDED];
    uint32_t x = 1;

    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < SNTRUP_P; i++) {
            x = x * 1664525 + 1013904223;
            f[i] = (int16_t)((int)(x >> 8) % SNTRUP_Q - 2295);
            f[i] = round == 0 ? -2295 : round == 1 ? 2295 : f[i];
        }
        sntrup_encode_rq(bytes, f, digits);
        sntrup_decode_rq(back, bytes, digits);
        ck_assert_mem_eq(f, back, sizeof f);
        for (size_t i = 0; i < SNTRUP_P; i++)
            f[i] = (int16_t)(f[i] - f[i] % 3);
        sntrup_encode_rounded(bytes, f, digits);
        sntrup_decode_rounded(back, bytes, digits);
        ck_assert_mem_eq(f, back, sizeof f);
    }
}
END_TEST

/* The largest sum of a group of products and the old value fits, and is reduced as the
 * multiplication relies on. */
START_TEST(reduction_stays_within_its_bounds)
{
    ck_assert_int_le(SNTRUP_GROUP * 2295 + 2296, INT16_MAX);
    for (int x = INT16_MIN; x <= INT16_MAX; x++) {
        int r = sntrup_reduce((int16_t)x), most = abs(x) < 16069 ? 2295 : 2296;

        ck_assert(r >= -most && r <= most && (x - r) % SNTRUP_Q == 0);
    }
}
END_TEST

/* Coefficient by coefficient, with x^761 = x + 1. */
START_TEST(products_equal_schoolbook_multiplication)
{
    static struct sntrup_product memory;
    int16_t f[SNTRUP_PADDED] = {0}, out[SNTRUP_PADDED];
    int8_t g[SNTRUP_PADDED] = {0};
    static long h[2 * SNTRUP_P];

    for (int round = 0; round < 10; round++) {
        memset(h, 0, sizeof h);
        for (size_t i = 0; i < SNTRUP_P; i++) { /* also all coefficients at their extremes */
            f[i] = (int16_t)(round == 0   ? 2295
                             : round == 1 ? -2295
                                          : (int)(i * i * 7919 % 4591) - 2295);
            g[i] = (int8_t)(round < 2 ? 1 : (int)(i * (size_t)round % 3) - 1);
        }
        for (size_t i = 0; i < SNTRUP_P; i++)
            for (size_t j = 0; j < SNTRUP_P; j++)
                h[i + j] += (long)f[i] * g[j];
        for (size_t i = 2 * SNTRUP_P - 2; i >= SNTRUP_P; i--) {
            h[i - SNTRUP_P] += h[i];
            h[i - SNTRUP_P + 1] += h[i];
        }
        sntrup_multiply(out, f, g, &memory);
        for (size_t i = 0; i < SNTRUP_P; i++) {
            ck_assert(out[i] >= -2295 && out[i] <= 2295);
            ck_assert((h[i] - out[i]) % SNTRUP_Q == 0);
        }
    }
}
END_TEST

START_TEST(the_scratch_is_returned_wiped)
{
    static const struct sntrup761_scratch zeros;
    uint8_t pk[SNTRUP761_PK_LEN], sk[SNTRUP761_SK_LEN], ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN];

    ck_assert(sntrup761_keypair(pk, sk, &random_system, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
    ck_assert(sntrup761_encapsulate(ct, ss, pk, &random_system, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
    ck_assert(sntrup761_decapsulate(ss, sk, ct, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
}
END_TEST

/* The file's secret key and ciphertext are those of sntrup761, each followed by 32 bytes of
 * X25519. */
START_TEST(a_hybrid_secret_of_another_implementation_agrees)
{
    struct json *root = json_open_shared("sntrup761/sntrup761x25519-hybrid.json");
    uint8_t both[SNTRUP761_SS_LEN + X25519_LEN], digest[HASH_MAX];
    struct bytes sk, ct;

    vectors_report("sntrup761/sntrup761x25519-hybrid.json", root != NULL);
    if (root == NULL)
        return;
    sk = json_hex(root, "secret_key");
    ct = json_hex(root, "ciphertext");
    ck_assert_uint_eq(sk.len, SNTRUP761_SK_LEN + X25519_LEN);
    ck_assert_uint_eq(ct.len, SNTRUP761_CT_LEN + X25519_LEN);
    ck_assert(sntrup761_decapsulate(both, sk.at, ct.at, &scratch));
    ck_assert(
        x25519_shared(both + SNTRUP761_SS_LEN, sk.at + SNTRUP761_SK_LEN, ct.at + SNTRUP761_CT_LEN));
    ck_assert(hash_of(&hash_sha512, BYTES_OF_ARRAY(both), digest));
    assert_bytes(BYTES_OF_ARRAY(digest), json_hex(root, "K"));
    json_free(root);
}
END_TEST

/* Every copy of a secret on the stack, and the scratch memory. */
START_TEST(secrets_and_their_hashes_are_wiped)
{
    enum { HALF = 32 };
    uint8_t pk[SNTRUP761_PK_LEN], sk[SNTRUP761_SK_LEN], ct[SNTRUP761_CT_LEN], ss[SNTRUP761_SS_LEN];
    const struct random_source *random = &random_system;

    wiped_record();
    ck_assert(sntrup761_keypair(pk, sk, random, &scratch));
    assert_wiped(HASH_MAX, 1);
    assert_wiped(sizeof scratch, 1);
    for (int decapsulate = 0; decapsulate < 2; decapsulate++) {
        wiped_record();
        if (decapsulate)
            ck_assert(sntrup761_decapsulate(ss, sk, ct, &scratch));
        else
            ck_assert(sntrup761_encapsulate(ct, ss, pk, random, &scratch));
        assert_wiped(SNTRUP_SMALL_LEN, 1);
        assert_wiped(sizeof scratch, 1);
        assert_wiped(HASH_MAX, decapsulate ? 4 : 5);
        assert_wiped(HALF, decapsulate ? 2 : 3); /* one seed of the random source */
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test_any_cpu(suite, known_answers_match);
    add_test(suite, larger_set_of_known_answers_agrees);
    add_test_any_cpu(suite, both_ends_agree_for_many_keys);
    add_test(suite, any_changed_byte_of_a_ciphertext_is_rejected_implicitly);
    add_test(suite, a_rejected_ciphertext_gives_a_secret_derived_from_rho);
    add_test(suite, any_bytes_decode_to_a_key_and_a_ciphertext);
    add_test(suite, decoding_inverts_encoding);
    add_test(suite, reduction_stays_within_its_bounds);
    add_test_any_cpu(suite, products_equal_schoolbook_multiplication);
    add_test(suite, the_scratch_is_returned_wiped);
    add_test(suite, a_hybrid_secret_of_another_implementation_agrees);
    add_test(suite, secrets_and_their_hashes_are_wiped);
}
