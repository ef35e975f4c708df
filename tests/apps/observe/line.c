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

START_TEST(text_is_appended)
{
    line_text(&l, "ab");
    line_text(&l, "");
    line_text(&l, "c");
    ck_assert_str_eq(buffer, "abc");
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

START_TEST(what_is_reserved_becomes_text_when_it_ends)
{
    char *at = line_reserve(&l, 2 * LINE_NUMBER_MAX + LINE_NAME_MAX + 2);
    char name[LINE_NAME_MAX + 2];

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    at = line_copy_u64(LINE_COPY(at, "<"), 4096);
    ck_assert_uint_eq(l.len, 0);
    at = line_copy_name(line_copy_u64(at, UINT64_MAX), name); /* one character too long */
    line_end(&l, LINE_COPY(at, ">"));
    ck_assert_uint_eq(l.len, 1 + 4 + 20 + LINE_NAME_MAX + 1);
    ck_assert_mem_eq(buffer, "<409618446744073709551615nn", 27);
    ck_assert_ptr_null(line_reserve(&l, sizeof buffer));
    ck_assert(l.full);
}
END_TEST

START_TEST(text_is_utf_8_without_most_control_characters)
{
    static const char *const texts[] = {"",
                                        "abc\r\n\t\x1b[1m",
                                        "\xc3\xa9",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xc2\xa0",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80"};
    static const char *const others[] = {
        "\x01",         "\x7f",         "\xc3",     "\xc3(",        "\x80",
        "\xc0\xaf",     "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80", "\xff",         "\xc1\xbf", "\xed\xbf\xbf", "\xc2\x9b", /* C1 */
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
    buffer[l.len] = 0; /* whatever is there */
    ck_assert_str_eq(buffer, "\"a\\\"b\\\\c\\n\\r\\t\\u001b/<\\u00e9\\ud83d\\ude00\"");
}
END_TEST

/* Sixteen bytes are copied at a time, and the last ones of the text before are still there. */
START_TEST(json_strings_of_every_length)
{
    static const uint8_t text[] = "0123456789\nabcdefghijklmnopq\"rstuvwxyzABCDEFG";

    for (size_t from = 0; from < sizeof text; from++)
        for (size_t len = 0; from + len < sizeof text; len++) {
            char expected[sizeof text + 4] = "\"";
            size_t n = 1;

            for (size_t i = from; i < from + len; i++) {
                if (text[i] == '\n' || text[i] == '"')
                    expected[n++] = '\\';
                expected[n++] = text[i] == '\n' ? 'n' : (char)text[i];
            }
            expected[n++] = '"';
            start();
            line_json(&l, (struct bytes){text + from, len});
            ck_assert_uint_eq(l.len, n);
            ck_assert_mem_eq(buffer, expected, n);
        }
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
    add_test(suite, text_is_appended);
    add_test(suite, bytes_are_two_digits);
    add_test(suite, every_byte_is_treated_alike_wherever_it_is);
    add_test(suite, what_does_not_fit_is_left_out_and_noticed);
    add_test(suite, what_is_reserved_becomes_text_when_it_ends);
    add_test(suite, text_is_utf_8_without_most_control_characters);
    add_test(suite, json_strings_are_ascii);
    add_test(suite, json_strings_of_every_length);
    add_test(suite, repr_shows_every_byte);
}
