#include "tests/support/suite.h"
#include "tests/support/key_texts.h"
#include "tests/support/vectors.h"

typedef enum key_result parser(struct nacre_key *key, struct bytes der);

/* RFC 8410 section 10.3 */
static const uint8_t ed25519_point[32] = {
    0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96,
    0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1,
};

static uint8_t room[KEY_BINARY_MAX];

START_TEST(both_versions_yield_the_key_of_the_RFC)
{
    const char *const texts[] = {pkcs8_ed25519, pkcs8_ed25519_v2};
    struct nacre_key key = {0};

    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(key_parse_pkcs8(&key, key_binary(texts[i], room)), KEY_GOOD);
        ck_assert_str_eq(key.type, "ssh-ed25519");
        ck_assert_mem_eq(key.blob + key.blob_len - 32, ed25519_point, 32);
    }
}
END_TEST

/* Version 2 has the public key beside the seed; bytes 48 to 81 are attributes. */
START_TEST(a_flipped_bit_never_yields_another_ed25519_key)
{
    assert_only_this_key(key_parse_pkcs8, key_binary(pkcs8_ed25519_v2, room), 50, 81, 1);
}
END_TEST

/* A version 1 key consists of its seed alone: another seed is another key. */
START_TEST(the_16_bytes_before_a_seed_are_constant)
{
    struct bytes der = key_binary(pkcs8_ed25519, room);
    struct nacre_key key = {0};

    ck_assert_uint_eq(der.len, 48);
    for (size_t bit = 0; bit < 128; bit++) {
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(key_parse_pkcs8(&key, der) != KEY_GOOD, "bit %zu", bit);
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < der.len; len++)
        ck_assert_int_ne(key_parse_pkcs8(&key, (struct bytes){room, len}), KEY_GOOD);
}
END_TEST

START_TEST(a_flipped_bit_never_yields_another_ecdsa_key)
{
    /* The first byte of the point may also stand for the hybrid form. */
    assert_only_this_key(key_parse_pkcs8, key_binary(pkcs8_nistp256, room), 73, 74, 1);
    assert_only_this_key(key_parse_sec1, key_binary(sec1_nistp384, room), 70, 71, 1);
}
END_TEST

START_TEST(a_flipped_bit_never_yields_another_rsa_key)
{
    struct bytes der = key_binary(pkcs1_rsa, room);

    assert_only_this_key(key_parse_pkcs1, der, 0, 0, 13);
}
END_TEST

/* The version, the seed and the form of the generator may differ. */
START_TEST(only_the_parameters_of_a_named_curve_are_accepted)
{
    struct bytes der = key_binary(sec1_explicit, room);
    struct nacre_key right = {0}, key = {0};

    ck_assert_int_eq(key_parse_sec1(&right, der), KEY_GOOD);
    ck_assert_str_eq(right.type, "ecdsa-sha2-nistp256");
    for (size_t at = 44; at < 294; at++) {
        enum key_result result;

        room[at] ^= 1;
        result = key_parse_sec1(&key, der);
        if (at != 49 && (at < 168 || at > 188))
            ck_assert_msg(result == KEY_OTHER_TYPE || result == KEY_MALFORMED, "byte %zu", at);
        if (result == KEY_GOOD)
            assert_bytes(private_key_blob(&key), private_key_blob(&right));
        private_key_clear(&key);
        room[at] ^= 1;
    }
    for (size_t len = 0; len < der.len; len++)
        ck_assert_int_ne(key_parse_sec1(&key, (struct bytes){room, len}), KEY_GOOD);
    private_key_clear(&right);
}
END_TEST

/* Write a value of less than 64 KiB, in the shortest form. */
static size_t wrap(uint8_t *out, uint8_t type, const uint8_t *data, size_t len)
{
    size_t n = 0;

    out[n++] = type;
    if (len >= 0x100)
        out[n++] = 0x82;
    else if (len >= 0x80)
        out[n++] = 0x81;
    if (len >= 0x100)
        out[n++] = (uint8_t)(len >> 8);
    out[n++] = (uint8_t)len;
    memcpy(out + n, data, len);
    return n + len;
}

/* Wrap `private` as a PKCS #8 key of this algorithm (the contents of an AlgorithmIdentifier). */
static struct bytes pkcs8_of(const uint8_t *algorithm, size_t algorithm_len, struct bytes private)
{
    static uint8_t out[KEY_BINARY_MAX + 64];
    uint8_t inside[KEY_BINARY_MAX + 48] = {0x02, 1, 0};
    size_t n = 3;

    n += wrap(inside + n, 0x30, algorithm, algorithm_len);
    n += wrap(inside + n, 0x04, private.at, private.len);
    return (struct bytes){out, wrap(out, 0x30, inside, n)};
}

static void assert_parsed(parser *parse, struct bytes der, enum key_result expected)
{
    struct nacre_key key = {0};

    ck_assert_int_eq(parse(&key, der), expected);
    private_key_clear(&key);
}

#define RSA_OID 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01

START_TEST(an_RSA_key_is_read_from_PKCS_8)
{
    static const uint8_t rsa[] = {RSA_OID, 0x05, 0};
    static const uint8_t without_null[] = {RSA_OID};
    static const uint8_t full_null[] = {RSA_OID, 0x05, 1, 0};
    static const uint8_t more[] = {RSA_OID, 0x05, 0, 0x05, 0};
    static const uint8_t pss[] = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
    struct bytes key = key_binary(pkcs1_rsa, room);
    uint8_t short_room[KEY_BINARY_MAX];

    assert_parsed(key_parse_pkcs8, pkcs8_of(rsa, sizeof rsa, key), KEY_GOOD);
    assert_parsed(key_parse_pkcs8, pkcs8_of(without_null, sizeof without_null, key), KEY_GOOD);
    assert_parsed(key_parse_pkcs8, pkcs8_of(full_null, sizeof full_null, key), KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, pkcs8_of(more, sizeof more, key), KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, pkcs8_of(pss, sizeof pss, key), KEY_OTHER_TYPE);
    assert_parsed(key_parse_pkcs8,
                  pkcs8_of(rsa, sizeof rsa, key_binary(pkcs1_rsa_1024, short_room)), KEY_TOO_SHORT);
}
END_TEST

START_TEST(a_curve_must_be_supported_and_the_same_in_both_places)
{
    static const uint8_t nistp384[] = {0x06, 7,    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                       0x01, 0x06, 5,    0x2b, 0x81, 0x04, 0x00, 0x22};
    static const uint8_t nistp521[] = {0x06, 7,    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                       0x01, 0x06, 5,    0x2b, 0x81, 0x04, 0x00, 0x23};
    static const uint8_t no_curve[] = {0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
    struct bytes key = key_binary(sec1_nistp384, room); /* it names its curve */

    assert_parsed(key_parse_pkcs8, pkcs8_of(nistp384, sizeof nistp384, key), KEY_GOOD);
    assert_parsed(key_parse_pkcs8, pkcs8_of(nistp521, sizeof nistp521, key), KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, pkcs8_of(no_curve, sizeof no_curve, key), KEY_OTHER_TYPE);
    assert_parsed(key_parse_pkcs8, key_binary(pkcs8_secp256k1, room), KEY_OTHER_TYPE);
}
END_TEST

/* INTEGER 1, OCTET STRING of `len` bytes, which are the number 1; no curve, no point. */
static struct bytes bare_ec_key(size_t scalar_len)
{
    static uint8_t out[128];
    uint8_t inside[96] = {0x02, 1, 1}, scalar[64] = {0};
    size_t n = 3;

    scalar[scalar_len - 1] = 1;
    n += wrap(inside + n, 0x04, scalar, scalar_len);
    return (struct bytes){out, wrap(out, 0x30, inside, n)};
}

/* The same with a scalar of 33 bytes that are not zero. */
static struct bytes long_ec_key(void)
{
    struct bytes key = bare_ec_key(33);

    memset((uint8_t *)(uintptr_t)key.at + key.len - 33, 1, 33);
    return key;
}

/* Of the key 1: the generator, SEC 1 section 2.3.3. */
START_TEST(a_point_may_be_compressed_or_hybrid)
{
    static const uint8_t nistp256[] = {0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const char generator[] =
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"; /* y is odd */
    static const struct {
        uint8_t form;
        size_t len;
        enum key_result expected;
    } rows[] = {
        {4, 65, KEY_GOOD},     {3, 33, KEY_GOOD},     {7, 65, KEY_GOOD},     {2, 33, KEY_MISMATCH},
        {6, 65, KEY_MISMATCH}, {4, 33, KEY_MISMATCH}, {3, 65, KEY_MISMATCH}, {3, 32, KEY_MISMATCH},
        {4, 64, KEY_MISMATCH}, {4, 1, KEY_MISMATCH},
    };
    uint8_t bits[66] = {0}, value[80], inside[160], out[170] = {0};

    ck_assert_uint_eq(unhex(bits + 2, 64, generator), 64);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n;

        bits[1] = rows[i].form;
        memcpy(inside, (const uint8_t[]){0x02, 1, 1, 0x04, 1, 1}, 6);
        n = 6 + wrap(inside + 6, 0xa0, nistp256, sizeof nistp256);
        n += wrap(inside + n, 0xa1, value, wrap(value, 0x03, bits, 1 + rows[i].len));
        assert_parsed(key_parse_sec1, (struct bytes){out, wrap(out, 0x30, inside, n)},
                      rows[i].expected);
    }
}
END_TEST

START_TEST(the_point_of_an_ecdsa_key_is_optional)
{
    static const uint8_t nistp256[] = {0x06, 7,    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                       8,    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const uint8_t base_x[] = {0x6b, 0x17, 0xd1, 0xf2}; /* 1 times the base point */
    struct nacre_key key = {0};

    ck_assert_int_eq(key_parse_pkcs8(&key, pkcs8_of(nistp256, sizeof nistp256, bare_ec_key(32))),
                     KEY_GOOD);
    ck_assert_mem_eq(key.blob + key.blob_len - 64, base_x, sizeof base_x);
    private_key_clear(&key);
    assert_parsed(key_parse_pkcs8, pkcs8_of(nistp256, sizeof nistp256, bare_ec_key(31)), KEY_GOOD);
    assert_parsed(key_parse_pkcs8, pkcs8_of(nistp256, sizeof nistp256, bare_ec_key(33)), KEY_GOOD);
    assert_parsed(key_parse_pkcs8, pkcs8_of(nistp256, sizeof nistp256, long_ec_key()),
                  KEY_MALFORMED);
    assert_parsed(key_parse_sec1, bare_ec_key(32), KEY_OTHER_TYPE); /* the curve is unknown */
}
END_TEST

START_TEST(a_length_must_have_the_shortest_form)
{
    uint8_t long_form[KEY_BINARY_MAX] = {0x30, 0x81, 0x2e};
    struct bytes der = key_binary(pkcs8_ed25519, room);

    memcpy(long_form + 3, der.at + 2, der.len - 2);
    assert_parsed(key_parse_pkcs8, (struct bytes){long_form, der.len + 1}, KEY_MALFORMED);
    memcpy(long_form, "\x30\x82\x00\x2e", 4);
    memcpy(long_form + 4, der.at + 2, der.len - 2);
    assert_parsed(key_parse_pkcs8, (struct bytes){long_form, der.len + 2}, KEY_MALFORMED);
    memcpy(long_form, "\x30\x80", 2); /* the indefinite length of BER */
    memcpy(long_form + 2, der.at + 2, der.len - 2);
    memset(long_form + der.len, 0, 2);
    assert_parsed(key_parse_pkcs8, (struct bytes){long_form, der.len + 2}, KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, (struct bytes){(const uint8_t *)"\x30\x84\xff\xff\xff\xff", 6},
                  KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, (struct bytes){(const uint8_t *)"\x30\xff", 2}, KEY_MALFORMED);
    assert_parsed(key_parse_pkcs8, (struct bytes){NULL, 0}, KEY_MALFORMED);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, both_versions_yield_the_key_of_the_RFC);
    add_test(suite, a_flipped_bit_never_yields_another_ed25519_key);
    add_test(suite, the_16_bytes_before_a_seed_are_constant);
    add_test(suite, a_flipped_bit_never_yields_another_ecdsa_key);
    add_test(suite, only_the_parameters_of_a_named_curve_are_accepted);
    add_test(suite, a_point_may_be_compressed_or_hybrid);
    add_test(suite, a_flipped_bit_never_yields_another_rsa_key);
    add_test(suite, an_RSA_key_is_read_from_PKCS_8);
    add_test(suite, a_curve_must_be_supported_and_the_same_in_both_places);
    add_test(suite, the_point_of_an_ecdsa_key_is_optional);
    add_test(suite, a_length_must_have_the_shortest_form);
}
