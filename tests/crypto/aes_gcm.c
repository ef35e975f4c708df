#include "crypto/aes_gcm.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t iv[AES_GCM_IV_LEN] = {4, 5, 6};

/* Seal `plain` and compare; open the result and compare. */
static void assert_case(struct bytes k, struct bytes n, struct bytes aad, struct bytes plain,
                        struct bytes cipher, struct bytes expected_tag)
{
    uint8_t data[1024], tag[AES_GCM_TAG_LEN];
    struct aes_gcm seal, open;

    ck_assert_uint_le(plain.len, sizeof data);
    memcpy(data, plain.at, plain.len);
    ck_assert(aes_gcm_init(&seal, k, true));
    ck_assert(aes_gcm_init(&open, k, false));
    ck_assert(aes_gcm_seal(&seal, n.at, aad, data, plain.len, tag));
    assert_bytes((struct bytes){data, plain.len}, cipher);
    assert_bytes(BYTES_OF_ARRAY(tag), expected_tag);
    ck_assert(aes_gcm_open(&open, n.at, aad, data, plain.len, tag));
    assert_bytes((struct bytes){data, plain.len}, plain);
    aes_gcm_clear(&seal);
    aes_gcm_clear(&open);
}

START_TEST(known_answers_match_both_ways)
{
    struct vectors *v = vectors_open("aes_gcm.txt");

    ck_assert_uint_eq(vectors_count(v, "key"), 8);
    for (size_t i = 0; i < vectors_count(v, "key"); i++)
        assert_case(vectors_nth(v, "key", i), vectors_nth(v, "iv", i), vectors_nth(v, "aad", i),
                    vectors_nth(v, "plaintext", i), vectors_nth(v, "ciphertext", i),
                    vectors_nth(v, "tag", i));
    vectors_close(v);
}
END_TEST

START_TEST(one_key_seals_many_packets)
{
    uint8_t nonce[AES_GCM_IV_LEN] = {0}, first[300], again[300], tag[16], tag_again[16];
    struct aes_gcm used, fresh, open;

    ck_assert(aes_gcm_init(&used, BYTES_OF_ARRAY(key), true));
    ck_assert(aes_gcm_init(&open, BYTES_OF_ARRAY(key), false));
    for (size_t len = 0; len <= sizeof first; len++) {
        store_u32(nonce, (uint32_t)len);
        memset(first, 7, sizeof first);
        memset(again, 7, sizeof again);
        ck_assert(aes_gcm_seal(&used, nonce, bytes_of("aad"), first, len, tag));
        ck_assert(aes_gcm_init(&fresh, BYTES_OF_ARRAY(key), true));
        ck_assert(aes_gcm_seal(&fresh, nonce, bytes_of("aad"), again, len, tag_again));
        aes_gcm_clear(&fresh);
        ck_assert_mem_eq(first, again, sizeof first);
        ck_assert_mem_eq(tag, tag_again, sizeof tag);
        ck_assert(aes_gcm_open(&open, nonce, bytes_of("aad"), first, len, tag));
        for (size_t i = 0; i < sizeof first; i++)
            ck_assert_uint_eq(first[i], 7);
    }
    aes_gcm_clear(&used);
    aes_gcm_clear(&open);
}
END_TEST

START_TEST(any_flipped_bit_is_refused_and_no_plaintext_is_released)
{
    uint8_t sealed[20 + 16], data[20], aad[] = {1, 2, 3, 4};
    static const uint8_t zeros[20];
    struct aes_gcm seal, open;

    memset(sealed, 'p', 20);
    ck_assert(aes_gcm_init(&seal, BYTES_OF_ARRAY(key), true));
    ck_assert(aes_gcm_init(&open, BYTES_OF_ARRAY(key), false));
    ck_assert(aes_gcm_seal(&seal, iv, BYTES_OF_ARRAY(aad), sealed, 20, sealed + 20));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memcpy(data, sealed, 20);
        ck_assert(!aes_gcm_open(&open, iv, BYTES_OF_ARRAY(aad), data, 20, sealed + 20));
        ck_assert_mem_eq(data, zeros, 20);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memcpy(data, sealed, 20);
    aad[0] ^= 1;
    ck_assert(!aes_gcm_open(&open, iv, BYTES_OF_ARRAY(aad), data, 20, sealed + 20));
    aad[0] ^= 1;
    ck_assert(!aes_gcm_open(&open, iv, BYTES_OF_ARRAY(aad), sealed, 19, sealed + 20));
    aes_gcm_clear(&seal);
    aes_gcm_clear(&open);
}
END_TEST

START_TEST(other_key_lengths_are_refused)
{
    const uint8_t long_key[33] = {0};
    struct aes_gcm g;

    for (size_t len = 0; len <= sizeof long_key; len++) {
        bool right = len == 16 || len == 32;

        ck_assert(aes_gcm_init(&g, (struct bytes){long_key, len}, true) == right);
        aes_gcm_clear(&g);
    }
}
END_TEST

START_TEST(each_direction_has_its_own_context)
{
    uint8_t data[16] = {0}, tag[AES_GCM_TAG_LEN] = {0};
    struct aes_gcm seal, open;

    ck_assert(aes_gcm_init(&seal, BYTES_OF_ARRAY(key), true));
    ck_assert(aes_gcm_init(&open, BYTES_OF_ARRAY(key), false));
    ck_assert(!aes_gcm_open(&seal, iv, bytes_of(""), data, sizeof data, tag));
    ck_assert(!aes_gcm_seal(&open, iv, bytes_of(""), data, sizeof data, tag));
    aes_gcm_clear(&seal);
    aes_gcm_clear(&open);
    aes_gcm_clear(&open);
    ck_assert(!aes_gcm_seal(&seal, iv, bytes_of(""), data, sizeof data, tag));
    ck_assert(!aes_gcm_open(&open, iv, bytes_of(""), data, sizeof data, tag));
}
END_TEST

static bool wycheproof_aead(struct json *group, struct json *test, const void *context)
{
    struct bytes k = json_hex(test, "key"), ct = json_hex(test, "ct");
    uint8_t data[1024];
    struct aes_gcm g;

    (void)context;
    if (json_number(json_get(group, "ivSize")) != 96 ||
        json_number(json_get(group, "tagSize")) != 128 || (k.len != 16 && k.len != 32))
        return false; /* not used by SSH */
    ck_assert_uint_le(ct.len, sizeof data);
    memcpy(data, ct.at, ct.len);
    ck_assert(aes_gcm_init(&g, k, false));
    wycheproof_verdict(test,
                       aes_gcm_open(&g, json_hex(test, "iv").at, json_hex(test, "aad"), data,
                                    ct.len, json_hex(test, "tag").at),
                       true);
    aes_gcm_clear(&g);
    if (json_is(test, "result", "valid"))
        assert_case(k, json_hex(test, "iv"), json_hex(test, "aad"), json_hex(test, "msg"), ct,
                    json_hex(test, "tag"));
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("aes_gcm_test.json", wycheproof_aead, NULL);
}
END_TEST

START_TEST(plaintext_of_a_forgery_is_wiped_and_nothing_else)
{
    uint8_t data[33], tag[AES_GCM_TAG_LEN];
    struct aes_gcm g;

    memset(data, 7, sizeof data);
    ck_assert(aes_gcm_init(&g, BYTES_OF_ARRAY(key), false));
    wiped_record();
    ck_assert(!aes_gcm_open(&g, iv, (struct bytes){NULL, 0}, data, 32, tag));
    assert_wiped(32, 1);
    ck_assert_uint_eq(data[31], 0);
    ck_assert_uint_eq(data[32], 7);
    aes_gcm_clear(&g);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_match_both_ways);
    add_test(suite, one_key_seals_many_packets);
    add_test(suite, any_flipped_bit_is_refused_and_no_plaintext_is_released);
    add_test(suite, other_key_lengths_are_refused);
    add_test(suite, each_direction_has_its_own_context);
    add_test(suite, wycheproof_agrees);
    add_test(suite, plaintext_of_a_forgery_is_wiped_and_nothing_else);
}
