#include "crypto/base64.h"
#include "tests/support/suite.h"

/* RFC 4648 section 10 */
static const struct {
    const char *bytes, *text;
} known[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

START_TEST(known_texts_are_encoded_and_decoded)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[BASE64_MAX(6)];
        uint8_t bytes[6];
        size_t len;

        ck_assert_uint_eq(base64_encode(text, bytes_of(known[i].bytes)), strlen(known[i].text));
        ck_assert_str_eq(text, known[i].text);
        ck_assert(base64_decode(bytes, sizeof bytes, &len, bytes_of(known[i].text)));
        assert_bytes((struct bytes){bytes, len}, bytes_of(known[i].bytes));
    }
}
END_TEST

START_TEST(every_byte_survives_a_round_trip)
{
    uint8_t bytes[256], back[256];
    char text[BASE64_MAX(256)];

    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    for (size_t n = 0; n <= 256; n++) {
        size_t text_len = base64_encode(text, (struct bytes){bytes, n}), len;

        ck_assert_uint_eq(text_len, strlen(text));
        ck_assert(base64_decode(back, sizeof back, &len, bytes_of(text)));
        assert_bytes((struct bytes){back, len}, (struct bytes){bytes, n});
    }
}
END_TEST

START_TEST(malformed_base64_is_refused)
{
    static const char *const bad[] = {
        "Z",      "Zg",       "Zg=",      "Zg===", "=",         "==",    "====",       "Z===",
        "A===",   "Zg==Zg==", "Zm8=Zm9v", "Zh==",  "Zm9=",      "Zm9v ", " Zm9v",      "Zm\nv",
        "Zm9v\n", "Zm-_",     "Zm9v!!!!", "Zm=v",  "Zm9vZg=\n", "Zm9v=", "Z\xc3\xa9w",
    };
    uint8_t out[16];
    size_t len;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        len = 7;
        ck_assert_msg(!base64_decode(out, sizeof out, &len, bytes_of(bad[i])), "%s", bad[i]);
        ck_assert_uint_eq(len, 0);
    }
    ck_assert(!base64_decode(out, sizeof out, &len, (struct bytes){(const uint8_t *)"Zm\0v", 4}));
    ck_assert(base64_decode(out, sizeof out, &len, (struct bytes){NULL, 0}));
}
END_TEST

START_TEST(nothing_is_written_past_the_size)
{
    uint8_t out[8] = {0};
    size_t len;

    for (size_t size = 0; size < 6; size++) {
        memset(out, 0xee, sizeof out);
        ck_assert(!base64_decode(out, size, &len, bytes_of("Zm9vYmFy")));
        ck_assert_uint_eq(out[size], 0xee);
    }
    ck_assert(base64_decode(out, 6, &len, bytes_of("Zm9vYmFy")));
    ck_assert(base64_decode(out, 4, &len, bytes_of("Zm9vYg==")));
}
END_TEST

START_TEST(the_alphabet_has_64_characters)
{
    unsigned n = 0;

    for (unsigned c = 0; c < 256; c++)
        n += base64_has((uint8_t)c);
    ck_assert_uint_eq(n, 64);
    ck_assert(!base64_has('='));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_texts_are_encoded_and_decoded);
    add_test(suite, every_byte_survives_a_round_trip);
    add_test(suite, malformed_base64_is_refused);
    add_test(suite, nothing_is_written_past_the_size);
    add_test(suite, the_alphabet_has_64_characters);
}
