#include "crypto/chacha20.h"
#include "crypto/poly1305.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"
#include "tests/support/wycheproof.h"

enum {
    LONG = 4096,
};

START_TEST(known_tags_match)
{
    struct vectors *v = vectors_open("poly1305.txt");
    uint8_t tag[POLY1305_TAG_LEN];
    struct poly1305 p;

    ck_assert(poly1305_init(&p));
    ck_assert_uint_eq(vectors_count(v, "key"), 11);
    for (size_t i = 0; i < vectors_count(v, "key"); i++) {
        ck_assert(poly1305(&p, tag, vectors_nth(v, "key", i).at, vectors_nth(v, "data", i)));
        assert_bytes(BYTES_OF_ARRAY(tag), vectors_nth(v, "tag", i));
    }
    poly1305_clear(&p);
    vectors_close(v);
}
END_TEST

/* Two objects, one of which has a context for long messages already, agree on every length. */
START_TEST(both_implementations_agree_on_every_length)
{
    const uint8_t key[POLY1305_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 201, 202, 203, 204};
    uint8_t one[POLY1305_TAG_LEN], two[POLY1305_TAG_LEN];
    static uint8_t data[LONG];
    struct poly1305 used, fresh;

    memset(data, 0xff, sizeof data);
    poly1305_init(&used);
    poly1305(&used, one, key, BYTES_OF_ARRAY(data));
    ck_assert_ptr_nonnull(used.large);
    for (size_t len = 0; len <= 1023; len++) {
        poly1305_init(&fresh);
        ck_assert(poly1305(&used, one, key, (struct bytes){data, len}));
        ck_assert(poly1305(&fresh, two, key, (struct bytes){data, len}));
        ck_assert_ptr_null(fresh.large);
        ck_assert_mem_eq(one, two, sizeof one);
        poly1305_clear(&fresh);
    }
    poly1305_clear(&used);
    poly1305_clear(&used);
}
END_TEST

/* RFC 8439 section 2.8: the AEAD built from the two primitives, to run its test set. */
static void rfc8439_tag(struct json *test, const uint8_t *data, size_t len, uint8_t *tag)
{
    static uint8_t mac_data[2 * LONG];
    struct bytes aad = json_hex(test, "aad"), iv = json_hex(test, "iv");
    size_t at = (aad.len + 15) / 16 * 16, end = at + (len + 15) / 16 * 16;
    uint8_t key[POLY1305_KEY_LEN] = {0};
    struct chacha20 c;
    struct poly1305 p;

    memset(mac_data, 0, sizeof mac_data);
    memcpy(mac_data, aad.at, aad.len);
    memcpy(mac_data + at, data, len);
    store_u64_le(mac_data + end, aad.len);
    store_u64_le(mac_data + end + 8, len);
    chacha20_init(&c, json_hex(test, "key").at);
    chacha20_xor(&c, load_u64(iv.at + 4), (uint64_t)load_u32_le(iv.at) << 32, key, sizeof key);
    poly1305_init(&p);
    poly1305(&p, tag, key, (struct bytes){mac_data, end + 16});
    poly1305_clear(&p);
    chacha20_clear(&c);
}

static bool wycheproof_aead(struct json *group, struct json *test, const void *context)
{
    static uint8_t data[LONG];
    struct bytes ct = json_hex(test, "ct"), iv = json_hex(test, "iv");
    uint8_t tag[POLY1305_TAG_LEN];
    struct chacha20 c;
    bool accepted;

    (void)context;
    if (json_number(json_get(group, "ivSize")) != 96)
        return false; /* another nonce length is another cipher */
    rfc8439_tag(test, ct.at, ct.len, tag);
    accepted = secrets_equal(tag, json_hex(test, "tag").at, sizeof tag);
    wycheproof_verdict(test, accepted, true);
    if (!accepted)
        return true;
    memcpy(data, ct.at, ct.len);
    chacha20_init(&c, json_hex(test, "key").at);
    chacha20_xor(&c, load_u64(iv.at + 4), ((uint64_t)load_u32_le(iv.at) << 32) + 1, data, ct.len);
    assert_bytes((struct bytes){data, ct.len}, json_hex(test, "msg"));
    chacha20_clear(&c);
    return true;
}

START_TEST(wycheproof_agrees)
{
    wycheproof("chacha20_poly1305_test.json", wycheproof_aead, NULL);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_tags_match);
    add_test(suite, both_implementations_agree_on_every_length);
    add_test(suite, wycheproof_agrees);
}
