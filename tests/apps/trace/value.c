#include "apps/trace/value.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"

#include <stdlib.h>

static struct value_memory memory;
static char text[1 << 16], sentence[256];

static const struct value *parse(const char *json)
{
    struct errbuf why = errbuf_in(sentence, sizeof sentence);

    ck_assert_uint_lt(strlen(json), sizeof text);
    sentence[0] = 0;
    memset(text, 'u', sizeof text); /* nothing after the end is part of it */
    memcpy(text, json, strlen(json));
    return value_parse(&memory, text, strlen(json), &why);
}

static void free_memory(void)
{
    value_memory_free(&memory);
}

/* The same value as JSON again; the caller frees it. */
static char *print(const struct value *value, bool in_page)
{
    char *out;
    size_t len;
    FILE *file = open_memstream(&out, &len);

    value_print(file, value, in_page);
    fclose(file);
    return out;
}

static void assert_prints(const char *json, bool in_page, const char *expected)
{
    char *printed;

    ck_assert_msg(parse(json) != NULL, "%s: %s", json, sentence);
    printed = print(parse(json), in_page);
    ck_assert_str_eq(printed, expected);
    free(printed);
}

START_TEST(values_are_parsed_and_printed)
{
    static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "10",
        "9007199254740991",
        "\"\"",
        "[]",
        "{}",
        "[[],{}]",
        "{\"a\":[1,2],\"b\":\"c\"}",
        "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
        "\"\\u0000\\u001b\\u007f\\u0085\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9a\"",
        "\"</script>\"",
    };

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_prints(same[i], false, same[i]);
    assert_prints(" { \"a\" : [ 1 ,\t2 ]\r} ", false, "{\"a\":[1,2]}");
    assert_prints("\"\\ud800\\udc00\\udbff\\udfff\"", false,
                  "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
    assert_prints("\"\\u00e9\\ud83d\\udc1a\\/\"", false, "\"\xc3\xa9\xf0\x9f\x90\x9a/\"");
}
END_TEST

START_TEST(nothing_in_a_page_is_markup)
{
    assert_prints("\"</script><!-- & \xe2\x80\xa8\"", true,
                  "\"\\u003c/script\\u003e\\u003c!-- \\u0026 \\u2028\"");
    assert_prints("{\"<b>\":1}", true, "{\"\\u003cb\\u003e\":1}");
}
END_TEST

START_TEST(malformed_texts_are_refused_with_their_column)
{
    static const struct {
        const char *json, *says;
    } bad[] = {
        {"", "column 1: a value is missing"},
        {"nul", "column 1: a value is missing"},
        {"-1", "column 1: a value is missing"},
        {"01", "integer"},
        {"1.5", "integer"},
        {"1e3", "integer"},
        {"9007199254740992", "integer"},
        {"99999999999999999999", "integer"},
        {"\"abc", "column 5: a string without an end"},
        {"\"abc\\", "a string without an end"},
        {"\"\\x\"", "unknown escape"},
        {"\"\\u12\"", "four hex digits"},
        {"\"\\u12g4\"", "four hex digits"},
        {"\"\\ud800\"", "surrogate"},
        {"\"\\ud800\\u0041\"", "surrogate"},
        {"\"\\ud800xudc00\"", "surrogate"},
        {"\"\\ud800\\xdc00\"", "surrogate"},
        {"\"\\udc00\"", "surrogate"},
        {"\"\\udc00\\udc00\"", "surrogate"},
        {"\"\\ud800\\", "surrogate"},
        {"\"\\ud800\\u", "four hex digits"},
        {"\"\n\"", "control character"},
        {"\"\xff\"", "not UTF-8"},
        {"\"\xc3\"", "not UTF-8"},
        {"[1", "closing bracket"},
        {"[1,", "a value is missing"},
        {"[1 2]", "comma"},
        {"[,]", "a value is missing"},
        {"{\"a\"}", "colon"},
        {"{\"a\":}", "a value is missing"},
        {"{1:2}", "a string is missing"},
        {"{\"a\":1,}", "a string is missing"},
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"a\\u0000b\":1}", "NUL"},
        {"{} {}", "column 4: something follows"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "inside each other"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(parse(bad[i].json) == NULL, "%s was accepted", bad[i].json);
        assert_says(sentence, bad[i].says);
    }
}
END_TEST

START_TEST(sizes_are_limited)
{
    struct errbuf why = errbuf_in(sentence, sizeof sentence);
    size_t len = 0, too_many = VALUE_COUNT_MAX + 1;
    char *commas = malloc(too_many);

    text[len++] = '{';
    for (int i = 0; i <= VALUE_MEMBERS_MAX; i++)
        len += (size_t)sprintf(text + len, "\"%d\":0,", i);
    ck_assert_ptr_null(value_parse(&memory, text, len, &why));
    assert_says(sentence, "too many members");
    ck_assert_ptr_nonnull(commas);
    memset(commas, ',', too_many);
    ck_assert_ptr_null(value_parse(&memory, commas, too_many, &why));
    assert_says(sentence, "too many values");
    free(commas);
}
END_TEST

/* A number in a trace may be a secret, too. */
START_TEST(freed_memory_holds_no_value)
{
    static const uint64_t number = 0x123456789abcd;

    ck_assert_ptr_nonnull(parse("[320255973501901]"));
    leftovers_secret(&number, sizeof number);
    value_memory_free(&memory);
}
END_TEST

START_TEST(members_are_found_by_name)
{
    const struct value *v =
        parse("{\"n\":7,\"t\":\"x\",\"yes\":true,\"no\":null,\"o\":{\"t\":\"y\"}}");

    ck_assert_uint_eq(value_number_of(v, "n"), 7);
    ck_assert_uint_eq(value_number_of(v, "t"), 0);
    ck_assert_uint_eq(value_number_of(v, "missing"), 0);
    ck_assert_str_eq(value_text_of(v, "t"), "x");
    ck_assert_str_eq(value_text_of(v, "n"), "");
    ck_assert_str_eq(value_text_of(value_get(v, "o"), "t"), "y");
    ck_assert(value_is_true(v, "yes") && !value_is_true(v, "n") && !value_is_true(v, "z"));
    ck_assert_ptr_null(value_get(v, "no"));
    ck_assert_ptr_null(value_get(NULL, "n"));
    ck_assert_ptr_null(value_get(v->first, "n"));
}
END_TEST

START_TEST(values_are_compared)
{
    static const struct {
        const char *json;
        bool equal;
    } pairs[] = {
        {"[1,1]", true},
        {"[1,2]", false},
        {"[\"a\",\"a\"]", true},
        {"[\"a\",\"b\"]", false},
        {"[\"a\",\"ab\"]", false},
        {"[[1,2],[1,2]]", true},
        {"[[1,2],[1]]", false},
        {"[[1],[1,2]]", false},
        {"[true,true]", true},
        {"[true,false]", false},
        {"[1,\"1\"]", false},
        {"[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", true},
        {"[{\"a\":1},{\"a\":2}]", false},
        {"[{\"a\":1},{\"b\":1}]", false},
        {"[{\"a\":1},{\"a\":1,\"b\":2}]", false},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct value *v = parse(pairs[i].json);

        ck_assert_msg(value_equal(v->first, v->first->next) == pairs[i].equal, "%s", pairs[i].json);
    }
    ck_assert(value_equal(NULL, NULL) && !value_equal(parse("1"), NULL));
}
END_TEST

START_TEST(hex_is_decoded_with_its_secret_bytes)
{
    uint8_t out[4];
    size_t len;
    bool masked;

    ck_assert(value_hex(parse("\"00fF10\""), out, sizeof out, &len, &masked));
    assert_bytes((struct bytes){out, len}, (struct bytes){(const uint8_t *)"\x00\xff\x10", 3});
    ck_assert(!masked);
    ck_assert(value_hex(parse("\"01--\""), out, sizeof out, &len, &masked));
    assert_bytes((struct bytes){out, len}, (struct bytes){(const uint8_t *)"\x01\x00", 2});
    ck_assert(masked);
    ck_assert(value_hex(NULL, out, sizeof out, &len, &masked) && len == 0);
    ck_assert(!value_hex(parse("\"0\""), out, sizeof out, &len, &masked));
    ck_assert(!value_hex(parse("\"0-\""), out, sizeof out, &len, &masked));
    ck_assert(!value_hex(parse("\"0g\""), out, sizeof out, &len, &masked));
    ck_assert(!value_hex(parse("\"00\\u000000\""), out, sizeof out, &len, &masked));
    ck_assert(!value_hex(parse("\"0\\u0000\""), out, sizeof out, &len, &masked));
    ck_assert(!value_hex(parse("\"0001020304\""), out, sizeof out, &len, &masked));
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, free_memory);
    add_test(suite, values_are_parsed_and_printed);
    add_test(suite, nothing_in_a_page_is_markup);
    add_test(suite, malformed_texts_are_refused_with_their_column);
    add_test(suite, sizes_are_limited);
    add_test(suite, freed_memory_holds_no_value);
    add_test(suite, members_are_found_by_name);
    add_test(suite, values_are_compared);
    add_test(suite, hex_is_decoded_with_its_secret_bytes);
}
