/* The peer's text, made safe to show: RFC 4251 section 9.2. */
#include "transport/text.h"
#include "tests/support/suite.h"

static const struct {
    const char *wire, *shown;
    bool lines;
} cases[] = {
    {"", "", false},
    {"Permission denied", "Permission denied", false},
    {"gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\x9a",
     "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x90\x9a", false},
    {"\33[2J\7\b\177", "?[2J???", false},
    {"two\r\nlines\tand a tab\v", "two\r\nlines\tand a tab?", true},
    {"two\r\nlines\t", "two??lines?", false},
    {"\xc2\x9b"
     "2J\xc2\x80\xc2\x9f\xc2\xa0",
     "??2J????\xc2\xa0", true}, /* CSI and other C1 characters, as UTF-8 */
    {"\x9b"
     "2J",
     "?2J", true},                      /* ... and as a byte */
    {"\xc0\xaf\xc1\x9b", "????", true}, /* overlong */
    {"\xe0\x82\x9b\xf0\x80\x82\x9b", "???????", true},
    {"\xe0\xa0\x80\xf0\x90\x80\x80", "\xe0\xa0\x80\xf0\x90\x80\x80", true},
    {"\xed\xa0\x80\xed\x9f\xbf", "???\xed\x9f\xbf", true}, /* half of a pair of UTF-16 */
    {"\xf4\x90\x80\x80\xf5\x80\x80\x80\xff", "?????????", true},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", true},
    {"cut \xe2\x82", "cut ??", true},
    {"\xe2"
     "ab",
     "?ab", true},
};

START_TEST(control_characters_are_not_shown)
{
    struct bytes wire = bytes_of(cases[_i].wire);
    char out[64];
    const char *shown = (cases[_i].lines ? clean_lines : clean_text)(out, sizeof out, wire);

    ck_assert_ptr_eq(shown, out);
    ck_assert_str_eq(out, cases[_i].shown);
}
END_TEST

/* Bytes of the character that `at` begins with, by RFC 3629 section 3: its number, then what it may
 * be. 0: it is not shown. */
static size_t shown_len(const uint8_t at[4])
{
    static const uint32_t least[] = {0, 0x20, 0xa0, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t number = len < 2 ? at[0] : at[0] & (0xffU >> (len + 1));

    if (at[0] >= 0xf8)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (at[i] >> 6 != 2)
            return 0;
        number = number << 6 | (at[i] & 0x3f);
    }
    return number < least[len] || number == 0x7f || (number >= 0xd800 && number <= 0xdfff) ||
                   number > 0x10ffff
               ? 0
               : len;
}

START_TEST(both_sides_of_every_limit_of_a_character)
{
    static const uint8_t later[] = {0x7f, 0x80, 0xbf, 0xc0};

    for (unsigned i = 0; i < 256 * 256 * 16; i++) {
        uint8_t wire[4] = {(uint8_t)(i >> 12), (uint8_t)(i >> 4), later[i >> 2 & 3], later[i & 3]};
        size_t len = shown_len(wire);
        char out[8];

        (void)clean_text(out, sizeof out, BYTES_OF_ARRAY(wire));
        if (len == 0 ? out[0] != '?' : memcmp(out, wire, len) != 0)
            ck_abort_msg("%02x%02x%02x%02x", wire[0], wire[1], wire[2], wire[3]);
    }
}
END_TEST

/* RFC 3629: our own text is cut between characters. */
START_TEST(a_text_is_clipped_between_characters)
{
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x9a";
    static const size_t lens[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    for (size_t most = 0; most < sizeof lens / sizeof lens[0]; most++) {
        struct bytes clipped = text_clipped(text, most);

        ck_assert_ptr_eq(clipped.at, text);
        ck_assert_uint_eq(clipped.len, lens[most]);
    }
}
END_TEST

START_TEST(a_nul_is_replaced_too)
{
    char out[8];

    (void)clean_lines(out, sizeof out, (struct bytes){(const uint8_t *)"a\0b", 3});
    ck_assert_str_eq(out, "a?b");
}
END_TEST

START_TEST(no_character_is_cut_in_two)
{
    static const size_t lens[] = {0, 0, 2, 2, 2, 5, 6};
    char out[8];

    for (size_t size = 1; size < 8; size++) {
        (void)clean_text(out, size, bytes_of("\xc3\xbc\xe2\x82\xac!"));
        ck_assert_uint_eq(strlen(out), lens[size - 1]);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, control_characters_are_not_shown, 0, sizeof cases / sizeof cases[0]);
    add_test(suite, both_sides_of_every_limit_of_a_character);
    add_test(suite, a_nul_is_replaced_too);
    add_test(suite, a_text_is_clipped_between_characters);
    add_test(suite, no_character_is_cut_in_two);
}
