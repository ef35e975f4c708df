#include "apps/observe/line.h"

#include "tests/support/suite.h"

#include <stdio.h>

static char buffer[256];
static struct line l;

static void start(void)
{
    memset(buffer, 0, sizeof buffer);
    l = line_in(buffer, sizeof buffer - 1);
}

START_TEST(numbers_are_decimal)
{
    for (uint64_t i = 0; i < 20000; i++) {
        char expected[16];

        start();
        line_u64(&l, i);
        (void)snprintf(expected, sizeof expected, "%u", (unsigned)i);
        ck_assert_str_eq(buffer, expected);
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
        for (uint64_t i = power * 10 - 1; i <= power * 10 + 1; i++) {
            char expected[32];

            start();
            line_u64(&l, i);
            (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)i);
            ck_assert_str_eq(buffer, expected);
        }
    start();
    line_u64(&l, 0);
    line_char(&l, ' ');
    line_u64(&l, UINT64_MAX);
    line_char(&l, ' ');
    line_padded(&l, 42, 6);
    line_char(&l, ' ');
    line_padded(&l, 1234567, 6);
    ck_assert_str_eq(buffer, "0 18446744073709551615 000042 1234567");
}
END_TEST

START_TEST(bytes_are_two_digits)
{
    const uint8_t bytes[] = {0, 0x0f, 0xf0, 0xff};

    line_hex(&l, BYTES_OF_ARRAY(bytes));
    line_pairs(&l, '-', 2);
    ck_assert_str_eq(buffer, "000ff0ff----");
}
END_TEST

/* Sixteen characters are tried at a time: each byte at each place. */
START_TEST(every_byte_is_treated_alike_wherever_it_is)
{
    uint8_t bytes[39];
    char expected[16];

    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < sizeof bytes; at++) {
            bool plain = byte >= ' ' && byte < 0x7f;

            memset(bytes, 'a', sizeof bytes);
            bytes[at] = (uint8_t)byte;
            start();
            line_hex(&l, BYTES_OF_ARRAY(bytes));
            (void)snprintf(expected, sizeof expected, "%02x", byte);
            ck_assert_mem_eq(buffer + 2 * at, expected, 2);
            start();
            line_json(&l, BYTES_OF_ARRAY(bytes));
            ck_assert_int_eq(l.len == sizeof bytes + 2, plain && byte != '"' && byte != '\\');
            start();
            line_repr(&l, BYTES_OF_ARRAY(bytes));
            ck_assert_int_eq(l.len == sizeof bytes + 2, plain && byte != '\'' && byte != '\\');
            ck_assert_int_eq(line_is_text(BYTES_OF_ARRAY(bytes)),
                             plain || (byte >= 7 && byte <= 13) || byte == 0x1b);
        }
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_and_noticed)
{
    l = line_in(buffer, 5);
    LINE_PUT(&l, "abcd");
    ck_assert(!l.full);
    LINE_PUT(&l, "ef");
    ck_assert(l.full);
    LINE_PUT(&l, "g"); /* would fit, but something is missing before it */
    ck_assert_str_eq(buffer, "abcd");
}
END_TEST

START_TEST(text_is_utf_8_without_most_control_characters)
{
    static const char *const texts[] = {
        "", "abc\r\n\t\x1b[1m", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const others[] = {
        "\x01",         "\x7f",         "\xc3",     "\xc3(",        "\x80",
        "\xc0\xaf",     "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80", "\xff",         "\xc2\x9b", /* C1 */
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(line_is_text(bytes_of(texts[i])), "%zu", i);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!line_is_text(bytes_of(others[i])), "%zu", i);
    ck_assert(!line_is_text((struct bytes){(const uint8_t *)"a\0", 2}));
}
END_TEST

START_TEST(json_strings_are_ascii)
{
    line_json(&l, bytes_of("a\"b\\c\n\r\t\x1b/<\xc3\xa9\xf0\x9f\x98\x80"));
    ck_assert_str_eq(buffer, "\"a\\\"b\\\\c\\n\\r\\t\\u001b/<\\u00e9\\ud83d\\ude00\"");
}
END_TEST

START_TEST(repr_shows_every_byte)
{
    line_repr(&l, bytes_of("it's\\\n\x01\xff"));
    line_repr(&l, (struct bytes){NULL, 0});
    ck_assert_str_eq(buffer, "'it\\'s\\\\\\n\\x01\\xff'''");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, start, NULL);
    add_test(suite, numbers_are_decimal);
    add_test(suite, bytes_are_two_digits);
    add_test(suite, every_byte_is_treated_alike_wherever_it_is);
    add_test(suite, what_does_not_fit_is_left_out_and_noticed);
    add_test(suite, text_is_utf_8_without_most_control_characters);
    add_test(suite, json_strings_are_ascii);
    add_test(suite, repr_shows_every_byte);
}
