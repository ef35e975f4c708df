#include "crypto/hmac.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"
#include "tests/support/wiped.h"

static void assert_mac(const struct hash_method *method, struct bytes key, struct bytes data,
                       struct bytes expected)
{
    uint8_t out[HASH_MAX];
    struct hmac m;

    ck_assert(hmac_init(&m, method, key));
    for (int again = 0; again < 2; again++) {
        ck_assert(hmac_compute(&m, &data, 1, out));
        assert_bytes((struct bytes){out, method->len}, expected);
    }
    hmac_clear(&m);
}

START_TEST(known_macs_match_twice_with_one_key)
{
    static const struct hash_method *const sha2[] = {&hash_sha256, &hash_sha384, &hash_sha512};
    struct vectors *v = vectors_open("hmac.txt");

    ck_assert_uint_eq(vectors_count(v, "key"), 6);
    for (size_t i = 0; i < vectors_count(v, "key"); i++)
        for (size_t m = 0; m < 3; m++)
            assert_mac(sha2[m], vectors_nth(v, "key", i), vectors_nth(v, "data", i),
                       vectors_nth(v, sha2[m]->name, i));
    ck_assert_uint_eq(vectors_count(v, "sha1 key"), 7);
    for (size_t i = 0; i < vectors_count(v, "sha1 key"); i++)
        assert_mac(&hash_sha1, vectors_nth(v, "sha1 key", i), vectors_nth(v, "sha1 data", i),
                   vectors_nth(v, "sha1", i));
    vectors_close(v);
}
END_TEST

START_TEST(parts_count_as_one_message)
{
    struct bytes parts[] = {bytes_of("what do ya "), {NULL, 0}, bytes_of("want for nothing?")};
    struct vectors *v = vectors_open("hmac.txt");
    uint8_t out[HASH_MAX];
    struct hmac m;

    ck_assert(hmac_init(&m, &hash_sha512, bytes_of("Jefe")));
    ck_assert(hmac_compute(&m, parts, 3, out));
    assert_bytes((struct bytes){out, 64}, vectors_nth(v, "sha512", 1));
    hmac_clear(&m);
    vectors_close(v);
}
END_TEST

/* RFC 2104: a key is padded with zeros to a block, so trailing zeros change nothing up to that
 * length. */
START_TEST(keys_are_padded_to_the_block_length)
{
    uint8_t key[HASH_BLOCK_MAX + 1] = {7}, short_mac[HASH_MAX], long_mac[HASH_MAX];
    struct bytes data = bytes_of("data");
    struct hmac m;

    ck_assert(hmac_init(&m, &hash_sha512, (struct bytes){key, 1}));
    ck_assert(hmac_compute(&m, &data, 1, short_mac));
    ck_assert(hmac_init(&m, &hash_sha512, (struct bytes){key, HASH_BLOCK_MAX}));
    ck_assert(hmac_compute(&m, &data, 1, long_mac));
    ck_assert_mem_eq(short_mac, long_mac, 64);
    ck_assert(hmac_init(&m, &hash_sha512, (struct bytes){key, HASH_BLOCK_MAX + 1}));
    ck_assert(hmac_compute(&m, &data, 1, long_mac));
    ck_assert_mem_ne(short_mac, long_mac, 64);
    ck_assert(hmac_init(&m, &hash_sha512, (struct bytes){NULL, 0}));
    ck_assert(hmac_compute(&m, NULL, 0, long_mac));
    hmac_clear(&m);
}
END_TEST

START_TEST(a_cleared_key_gives_no_mac)
{
    struct bytes data = bytes_of("data");
    uint8_t out[HASH_MAX];
    struct hmac m;

    ck_assert(hmac_init(&m, &hash_sha256, bytes_of("key")));
    hmac_clear(&m);
    hmac_clear(&m);
    ck_assert(!hmac_compute(&m, &data, 1, out));
}
END_TEST

/* The set's tags may be truncated. */
static bool wycheproof_mac(struct json *group, struct json *test, const void *context)
{
    const struct hash_method *method = context;
    struct bytes msg = json_hex(test, "msg"), tag = json_hex(test, "tag");
    uint8_t out[HASH_MAX];
    struct hmac m;

    (void)group;
    ck_assert(hmac_init(&m, method, json_hex(test, "key")));
    ck_assert(hmac_compute(&m, &msg, 1, out));
    ck_assert_uint_le(tag.len, method->len);
    wycheproof_verdict(test, secrets_equal(out, tag.at, tag.len), false);
    hmac_clear(&m);
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("hmac_sha1_test.json", wycheproof_mac, &hash_sha1);
    wycheproof("hmac_sha256_test.json", wycheproof_mac, &hash_sha256);
    wycheproof("hmac_sha512_test.json", wycheproof_mac, &hash_sha512);
}
END_TEST

START_TEST(the_padded_key_is_wiped)
{
    uint8_t key[64] = {1, 2, 3};
    uint8_t padded[HASH_BLOCK_MAX] = {1, 2, 3};
    struct hmac m;

    wiped_record();
    ck_assert(hmac_init(&m, &hash_sha512, BYTES_OF_ARRAY(key)));
    assert_wiped(HASH_BLOCK_MAX, 3); /* also xored with ipad and with opad */
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(padded)));
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] ^= 0x36;
    ck_assert(wiped_exactly(BYTES_OF_ARRAY(padded)));
    hmac_clear(&m);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_macs_match_twice_with_one_key);
    add_test(suite, parts_count_as_one_message);
    add_test(suite, keys_are_padded_to_the_block_length);
    add_test(suite, a_cleared_key_gives_no_mac);
    add_test(suite, wycheproof_agrees);
    add_test(suite, the_padded_key_is_wiped);
}
