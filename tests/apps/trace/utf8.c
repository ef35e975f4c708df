#include "apps/trace/utf8.h"
#include "tests/support/suite.h"

/* RFC 3629 sections 3 and 7, and the ends of each range */
static const struct {
    const char *text;
    uint32_t code;
} good[] = {
    {"A", 0x41},
    {"\x7f", 0x7f},
    {"\xc2\x80", 0x80},
    {"\xdf\xbf", 0x7ff},
    {"\xe0\xa0\x80", 0x800},
    {"\xe2\x89\xa2", 0x2262},
    {"\xed\x9f\xbf", 0xd7ff},
    {"\xee\x80\x80", 0xe000},
    {"\xef\xbf\xbf", 0xffff},
    {"\xf0\x90\x80\x80", 0x10000},
    {"\xf0\xa3\x8e\xb4", 0x233b4},
    {"\xf4\x8f\xbf\xbf", 0x10ffff},
};

START_TEST(characters_survive_a_round_trip)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char out[4];
        size_t len = strlen(good[i].text);

        ck_assert_uint_eq(utf8_length(good[i].text, len), len);
        ck_assert_uint_eq(utf8_get(good[i].text), good[i].code);
        ck_assert_uint_eq(utf8_put(out, good[i].code), len);
        ck_assert_mem_eq(out, good[i].text, len);
    }
}
END_TEST

START_TEST(malformed_characters_have_no_length)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc2",
        "\xc2 ",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x89",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "\xe2(\xa1",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(utf8_length(bad[i], strlen(bad[i])), 0);
    ck_assert_uint_eq(utf8_length("", 0), 0);
    ck_assert_uint_eq(utf8_length("", 1), 1); /* NUL is a character */
    ck_assert_uint_eq(utf8_length("Ax", 2), 1);
    ck_assert_uint_eq(utf8_length("\xe2\x89\xa2", 2), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, characters_survive_a_round_trip);
    add_test(suite, malformed_characters_have_no_length);
}
