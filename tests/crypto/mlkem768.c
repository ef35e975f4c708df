#include "crypto/mlkem768.h"
#include "crypto/mlkem768_poly.h"
#include "tests/support/suite.h"

#include <openssl/opensslv.h>

#include "crypto/mlkem768_pke.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

static struct mlkem768_scratch scratch;

static void assert_keypair(struct bytes d, struct bytes z, struct bytes ek, struct bytes dk)
{
    uint8_t got_ek[MLKEM768_EK_LEN], got_dk[MLKEM768_DK_LEN];

    ck_assert(mlkem768_keypair(got_ek, got_dk, d.at, z.at, &scratch));
    assert_bytes(BYTES_OF_ARRAY(got_ek), ek);
    assert_bytes(BYTES_OF_ARRAY(got_dk), dk);
}

static void assert_encapsulation(struct bytes ek, struct bytes m, struct bytes c, struct bytes k)
{
    uint8_t ct[MLKEM768_CT_LEN], ss[MLKEM768_SS_LEN];

    ck_assert_uint_eq(ek.len, MLKEM768_EK_LEN);
    ck_assert(mlkem768_encapsulate(ct, ss, ek.at, m.at, &scratch));
    assert_bytes(BYTES_OF_ARRAY(ct), c);
    assert_bytes(BYTES_OF_ARRAY(ss), k);
}

static void assert_decapsulation(struct bytes dk, struct bytes c, struct bytes k)
{
    uint8_t ss[MLKEM768_SS_LEN];

    ck_assert_uint_eq(dk.len, MLKEM768_DK_LEN);
    ck_assert_uint_eq(c.len, MLKEM768_CT_LEN);
    ck_assert(mlkem768_decapsulate(ss, dk.at, c.at, &scratch));
    assert_bytes(BYTES_OF_ARRAY(ss), k);
}

START_TEST(known_answers_match)
{
    struct vectors *v = vectors_open("mlkem768.txt");

    assert_keypair(vectors_get(v, "keygen d"), vectors_get(v, "keygen z"),
                   vectors_get(v, "keygen ek"), vectors_get(v, "keygen dk"));
    assert_encapsulation(vectors_get(v, "encap ek"), vectors_get(v, "encap m"),
                         vectors_get(v, "encap c"), vectors_get(v, "encap k"));
    ck_assert_uint_eq(vectors_count(v, "decap dk"), 2);
    for (size_t i = 0; i < 2; i++)
        assert_decapsulation(vectors_nth(v, "decap dk", i), vectors_nth(v, "decap c", i),
                             vectors_nth(v, "decap k", i));
    vectors_close(v);
}
END_TEST

/* The sets of C2SP/CCTV predate the final standard, which appends the number of polynomials to d
 * before expanding it; everything else is the same. */
static void draft_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN],
                          const uint8_t d[32], const uint8_t z[32])
{
    struct bytes seed = {d, 32}, key = {ek, MLKEM768_EK_LEN};
    uint8_t rho_sigma[64];

    keccak_of(&keccak_sha3_512, &seed, 1, rho_sigma, sizeof rho_sigma);
    pke_keypair(ek, dk, rho_sigma, rho_sigma + 32, &scratch);
    memcpy(dk + MLKEM768_PKE_DK_LEN, ek, MLKEM768_EK_LEN);
    keccak_of(&keccak_sha3_256, &key, 1, dk + MLKEM768_DK_LEN - 64, 32);
    memcpy(dk + MLKEM768_DK_LEN - 32, z, 32);
}

/* One test of the accumulated set of C2SP/CCTV: its inputs and what it hashes, see ML-KEM/README.md
 * there. */
static void accumulate(struct keccak *random, struct keccak *results)
{
    uint8_t d[32], z[32], m[32], ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];
    uint8_t ct[MLKEM768_CT_LEN], invalid[MLKEM768_CT_LEN], k[32], again[32], rejected[32];

    keccak_squeeze(random, d, sizeof d);
    keccak_squeeze(random, z, sizeof z);
    keccak_squeeze(random, m, sizeof m);
    keccak_squeeze(random, invalid, sizeof invalid);
    draft_keypair(ek, dk, d, z);
    ck_assert(mlkem768_encapsulate(ct, k, ek, m, &scratch));
    ck_assert(mlkem768_decapsulate(again, dk, ct, &scratch));
    ck_assert_mem_eq(k, again, sizeof k);
    ck_assert(mlkem768_decapsulate(rejected, dk, invalid, &scratch));
    keccak_absorb(results, BYTES_OF_ARRAY(ek));
    keccak_absorb(results, BYTES_OF_ARRAY(dk));
    keccak_absorb(results, BYTES_OF_ARRAY(ct));
    keccak_absorb(results, BYTES_OF_ARRAY(k));
    keccak_absorb(results, BYTES_OF_ARRAY(rejected));
}

START_TEST(ten_thousand_accumulated_tests_give_the_known_hash)
{
    static const char known[] = "f7db260e1137a742e05fe0db9525012812b004d29040a5b606aad3d134b548d3";
    struct keccak random, results;
    uint8_t hash[32], expected[32];

    ck_assert_uint_eq(unhex(expected, sizeof expected, known), sizeof expected);
    keccak_start(&random, &keccak_shake128);
    keccak_start(&results, &keccak_shake128);
    for (int i = 0; i < 10000; i++)
        accumulate(&random, &results);
    keccak_squeeze(&results, hash, sizeof hash);
    ck_assert_mem_eq(hash, expected, sizeof hash);
}
END_TEST

/* FIPS 203 section 7.2: each of the 768 coefficients, at q and at the largest value. */
START_TEST(keys_with_a_coefficient_at_or_above_q_are_refused)
{
    static const uint8_t zeros[MLKEM768_CT_LEN];
    struct vectors *v = vectors_open("mlkem768.txt");
    uint8_t ek[MLKEM768_EK_LEN], ct[MLKEM768_CT_LEN], ss[MLKEM768_SS_LEN];
    const unsigned values[] = {3329, 4095};
    const uint8_t m[32] = {1};

    for (size_t i = 0; i < (size_t)2 * 768; i++) {
        uint8_t *pair = ek + i / 2 / 2 * 3;
        unsigned value = values[i % 2];

        memcpy(ek, vectors_get(v, "encap ek").at, sizeof ek);
        if (i / 2 % 2 == 0) {
            pair[0] = (uint8_t)value;
            pair[1] = (uint8_t)((pair[1] & 0xf0) | value >> 8);
        } else {
            pair[1] = (uint8_t)((pair[1] & 0x0f) | (value & 15) << 4);
            pair[2] = (uint8_t)(value >> 4);
        }
        ck_assert_msg(!mlkem768_encapsulate(ct, ss, ek, m, &scratch), "coefficient %zu", i / 2);
        ck_assert_mem_eq(ct, zeros, sizeof ct);
        ck_assert_mem_eq(ss, zeros, sizeof ss);
    }
    vectors_close(v);
}
END_TEST

START_TEST(any_flipped_bit_of_a_ciphertext_is_rejected_implicitly)
{
    struct vectors *v = vectors_open("mlkem768.txt");
    struct bytes dk = vectors_nth(v, "decap dk", 0), k = vectors_nth(v, "decap k", 0);
    uint8_t ct[MLKEM768_CT_LEN], ss[32], before[32] = {0};

    memcpy(ct, vectors_nth(v, "decap c", 0).at, sizeof ct);
    for (size_t i = 0; i < sizeof ct; i++) {
        ct[i] ^= (uint8_t)(1 << i % 8);
        ck_assert(mlkem768_decapsulate(ss, dk.at, ct, &scratch));
        ck_assert_mem_ne(ss, k.at, sizeof ss);
        ck_assert_mem_ne(ss, before, sizeof ss);
        memcpy(before, ss, sizeof before);
        ct[i] ^= (uint8_t)(1 << i % 8);
    }
    vectors_close(v);
}
END_TEST

START_TEST(the_scratch_is_returned_wiped)
{
    static const struct mlkem768_scratch zeros;
    uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN], ct[MLKEM768_CT_LEN], ss[32];
    const uint8_t seed[32] = {7};

    wipe(&scratch, sizeof scratch);
    ck_assert(mlkem768_keypair(ek, dk, seed, seed, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
    ck_assert(mlkem768_encapsulate(ct, ss, ek, seed, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
    ck_assert(mlkem768_decapsulate(ss, dk, ct, &scratch));
    ck_assert_mem_eq(&scratch, &zeros, sizeof zeros);
}
END_TEST

START_TEST(acvp_agrees)
{
    struct vectors *keygen = vectors_open_shared("ml-kem/acvp_keyGen_ML-KEM-768.txt");
    struct vectors *encap =
        vectors_open_shared("ml-kem/acvp_encapDecap_encapsulation_ML-KEM-768.txt");
    struct vectors *decap =
        vectors_open_shared("ml-kem/acvp_encapDecap_decapsulation_ML-KEM-768.txt");

    for (size_t i = 0; keygen != NULL && i < vectors_count(keygen, "d"); i++)
        assert_keypair(vectors_nth(keygen, "d", i), vectors_nth(keygen, "z", i),
                       vectors_nth(keygen, "ek", i), vectors_nth(keygen, "dk", i));
    for (size_t i = 0; encap != NULL && i < vectors_count(encap, "m"); i++)
        assert_encapsulation(vectors_nth(encap, "ek", i), vectors_nth(encap, "m", i),
                             vectors_nth(encap, "c", i), vectors_nth(encap, "k", i));
    for (size_t i = 0; decap != NULL && i < vectors_count(decap, "c"); i++)
        assert_decapsulation(vectors_nth(decap, "dk", i), vectors_nth(decap, "c", i),
                             vectors_nth(decap, "k", i));
    vectors_report("ml-kem/acvp_keyGen", keygen != NULL ? vectors_count(keygen, "d") : 0);
    vectors_report("ml-kem/acvp_encapsulation", encap != NULL ? vectors_count(encap, "m") : 0);
    vectors_report("ml-kem/acvp_decapsulation", decap != NULL ? vectors_count(decap, "c") : 0);
    vectors_close(keygen);
    vectors_close(encap);
    vectors_close(decap);
}
END_TEST

/* The file's `random` is d, then z, then m. */
START_TEST(known_answer_file_agrees)
{
    struct vectors *v = vectors_open_shared("ml-kem/mlkem768.rsp");
    size_t cases = v != NULL ? vectors_count(v, "random") : 0;

    for (size_t i = 0; i < cases; i++) {
        struct bytes random = vectors_nth(v, "random", i), sk = vectors_nth(v, "sk", i);
        struct bytes pk = vectors_nth(v, "pk", i), ct = vectors_nth(v, "ct", i);
        struct bytes ss = vectors_nth(v, "ss", i);

        assert_keypair(random, (struct bytes){random.at + 32, 32}, pk, sk);
        assert_encapsulation(pk, (struct bytes){random.at + 64, 32}, ct, ss);
        assert_decapsulation(sk, ct, ss);
    }
    vectors_report("ml-kem/mlkem768.rsp", cases);
    vectors_close(v);
}
END_TEST

/* A sample that reads unusually much of the XOF, and a ciphertext that differs after a zero. */
START_TEST(edge_cases_agree)
{
    struct vectors *unlucky = vectors_open_shared("ml-kem/cctv_unluckysample_ML-KEM-768.txt");
    struct vectors *zero = vectors_open_shared("ml-kem/cctv_strcmp_ML-KEM-768.txt");

    if (unlucky != NULL) {
        uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];

        draft_keypair(ek, dk, vectors_get(unlucky, "d").at, vectors_get(unlucky, "z").at);
        assert_bytes(BYTES_OF_ARRAY(ek), vectors_get(unlucky, "ek"));
        assert_bytes(BYTES_OF_ARRAY(dk), vectors_get(unlucky, "dk"));
        assert_encapsulation(vectors_get(unlucky, "ek"), vectors_get(unlucky, "m"),
                             vectors_get(unlucky, "c"), vectors_get(unlucky, "K"));
        assert_decapsulation(vectors_get(unlucky, "dk"), vectors_get(unlucky, "c"),
                             vectors_get(unlucky, "K"));
    }
    if (zero != NULL)
        assert_decapsulation(vectors_get(zero, "dk"), vectors_get(zero, "c"),
                             vectors_get(zero, "K"));
    vectors_report("ml-kem/cctv", (unlucky != NULL ? 1U : 0U) + (zero != NULL ? 1U : 0U));
    vectors_close(unlucky);
    vectors_close(zero);
}
END_TEST

/* Here and below, a wrong length counts as refused: callers check lengths. */
static bool wycheproof_encaps(struct json *group, struct json *test, const void *context)
{
    struct bytes ek = json_hex(test, "ek"), m = json_hex(test, "m");
    uint8_t ct[MLKEM768_CT_LEN], ss[MLKEM768_SS_LEN];
    bool accepted =
        ek.len == MLKEM768_EK_LEN && mlkem768_encapsulate(ct, ss, ek.at, m.at, &scratch);

    (void)group;
    (void)context;
    wycheproof_verdict(test, accepted, false);
    if (accepted) {
        assert_bytes(BYTES_OF_ARRAY(ct), json_hex(test, "c"));
        assert_bytes(BYTES_OF_ARRAY(ss), json_hex(test, "K"));
    }
    return true;
}

static bool wycheproof_keygen(struct json *group, struct json *test, const void *context)
{
    struct bytes seed = json_hex(test, "seed");

    (void)group;
    (void)context;
    assert_keypair((struct bytes){seed.at, 32}, (struct bytes){seed.at + 32, 32},
                   json_hex(test, "ek"), json_hex(test, "dk"));
    return true;
}

static bool wycheproof_decaps(struct json *group, struct json *test, const void *context)
{
    struct bytes seed = json_hex(test, "seed"), c = json_hex(test, "c");
    uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];

    (void)group;
    (void)context;
    if (seed.len != 64 || c.len != MLKEM768_CT_LEN) {
        wycheproof_verdict(test, false, false);
        return true;
    }
    ck_assert(mlkem768_keypair(ek, dk, seed.at, seed.at + 32, &scratch));
    assert_bytes(BYTES_OF_ARRAY(ek), json_hex(test, "ek"));
    assert_decapsulation(BYTES_OF_ARRAY(dk), c, json_hex(test, "K"));
    return true;
}

static bool wycheproof_expanded(struct json *group, struct json *test, const void *context)
{
    struct bytes dk = json_hex(test, "dk"), c = json_hex(test, "c");

    (void)group;
    (void)context;
    if (json_has(test, "flags", "InvalidDecapsulationKey"))
        return false; /* ours come only from mlkem768_keypair */
    if (dk.len != MLKEM768_DK_LEN || c.len != MLKEM768_CT_LEN)
        wycheproof_verdict(test, false, false);
    else
        assert_decapsulation(dk, c, json_hex(test, "K"));
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("mlkem_768_keygen_seed_test.json", wycheproof_keygen, NULL);
    wycheproof("mlkem_768_encaps_test.json", wycheproof_encaps, NULL);
    wycheproof("mlkem_768_test.json", wycheproof_decaps, NULL);
    wycheproof("mlkem_768_semi_expanded_decaps_test.json", wycheproof_expanded, NULL);
}
END_TEST

/* Every copy of a secret on the stack, and the scratch memory. libcrypto's implementation has only
 * a copy of the seeds. */
START_TEST(seeds_and_secrets_are_wiped)
{
    enum { NOISE_SEEDS = KECCAK_WAYS * 33, EXPANDED = 64 };
    uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN], ct[MLKEM768_CT_LEN], ss[32];
    uint8_t d[32] = {1}, z[32] = {2}, m[32] = {3}, rejected[MLKEM768_CT_LEN] = {0};

    wiped_record();
    ck_assert(mlkem768_keypair(ek, dk, d, z, &scratch));
    assert_wiped(EXPANDED, 1);
    if (OPENSSL_VERSION_NUMBER >= 0x30500000L)
        return;
    assert_wiped(NOISE_SEEDS, 2);
    assert_wiped(sizeof scratch, 1);
    wiped_record();
    ck_assert(mlkem768_encapsulate(ct, ss, ek, m, &scratch));
    assert_wiped(EXPANDED, 1);
    assert_wiped(NOISE_SEEDS, 2);
    assert_wiped(sizeof scratch, 1);
    assert_wiped(MLKEM768_CT_LEN, 0);
    wiped_record();
    ck_assert(mlkem768_decapsulate(ss, dk, ct, &scratch));
    assert_wiped(32, 2); /* m, and the secret for a rejected ciphertext */
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(m)));
    assert_wiped(EXPANDED, 1);
    assert_wiped(sizeof scratch, 1);
    memset(ek, 0xff, sizeof ek);
    wiped_record();
    ck_assert(!mlkem768_encapsulate(ct, ss, ek, m, &scratch));
    assert_wiped(MLKEM768_CT_LEN, 1);
    assert_wiped(MLKEM768_SS_LEN, 1);
    ck_assert_mem_eq(ct, rejected, sizeof ct);
    ck_assert_mem_eq(ss, rejected, sizeof ss);
}
END_TEST

START_TEST(every_coefficient_is_reduced_to_the_nearest)
{
    int16_t f[MLKEM_N];

    for (int from = INT16_MIN; from <= INT16_MAX; from += MLKEM_N) {
        for (int i = 0; i < MLKEM_N; i++)
            f[i] = (int16_t)(from + i);
        poly_reduce(f);
        for (int i = 0; i < MLKEM_N; i++)
            ck_assert_msg(f[i] >= -1664 && f[i] <= 1664 && (from + i - f[i]) % 3329 == 0, "%d: %d",
                          from + i, f[i]);
    }
}
END_TEST

/* Formula 4.7 with d = 1: the bit is set from q / 4 to 3q / 4, for every number that decryption can
 * compute. */
START_TEST(each_bit_of_a_message_is_the_nearest)
{
    int16_t f[MLKEM_N] = {0};
    uint8_t message[32];

    for (int x = -MLKEM_Q; x < 2 * MLKEM_Q; x++) {
        int rest = (x + MLKEM_Q) % MLKEM_Q;

        f[x & 255] = (int16_t)x;
        poly_to_message(message, f);
        ck_assert_msg((message[(x & 255) / 8] >> (x & 7) & 1) ==
                          (4 * rest >= MLKEM_Q && 4 * rest <= 3 * MLKEM_Q),
                      "%d", x);
        f[x & 255] = 0;
    }
}
END_TEST

enum { GUARD = 8 };

static void assert_guarded(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < GUARD; i++)
        ck_assert_uint_eq(at[len + i], 0xa5);
}

/* In mlkem768_pke.c the scratch goes on after it, so nothing else would notice. */
START_TEST(what_is_decoded_or_encoded_stays_within_its_bounds)
{
    static void (*const decode[])(int16_t *, const uint8_t *) = {
        poly_decompress_10, poly_decompress_4, poly_from_message, poly_sample_noise};
    static void (*const encode[])(uint8_t *, const int16_t *) = {poly_compress_10, poly_compress_4,
                                                                 poly_to_message, poly_encode_12};
    static const size_t lengths[] = {320, 128, 32, 384};
    static const int16_t zero[MLKEM_N + GUARD];
    static const uint8_t in[384 + GUARD];
    uint8_t out[384 + GUARD];
    int16_t p[MLKEM_N + GUARD];

    for (size_t i = 0; i < 4; i++) {
        memset(p, 0xa5, sizeof p);
        decode[i](p, in);
        assert_guarded((const uint8_t *)p, MLKEM_N * sizeof p[0]);
        memset(out, 0xa5, sizeof out);
        encode[i](out, zero);
        assert_guarded(out, lengths[i]);
    }
    memset(p, 0xa5, sizeof p);
    ck_assert(poly_decode_12(p, in));
    assert_guarded((const uint8_t *)p, MLKEM_N * sizeof p[0]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test_any_cpu(suite, known_answers_match);
    add_test(suite, ten_thousand_accumulated_tests_give_the_known_hash);
    add_test(suite, keys_with_a_coefficient_at_or_above_q_are_refused);
    add_test(suite, any_flipped_bit_of_a_ciphertext_is_rejected_implicitly);
    add_test(suite, every_coefficient_is_reduced_to_the_nearest);
    add_test(suite, each_bit_of_a_message_is_the_nearest);
    add_test(suite, what_is_decoded_or_encoded_stays_within_its_bounds);
    add_test(suite, the_scratch_is_returned_wiped);
    add_test(suite, acvp_agrees);
    add_test(suite, known_answer_file_agrees);
    add_test(suite, edge_cases_agree);
    add_test(suite, wycheproof_agrees);
    add_test(suite, seeds_and_secrets_are_wiped);
}
