#include "tests/support/suite.h"
#include "tests/support/json.h"

START_TEST(a_nested_text_is_found_by_name)
{
    struct json *root = json_parse("{\"a\": [1, -2, {\"b\": \"00ff\"}], \"c\": true, \"d\": null}");
    struct json *third;

    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq((int)json_number(json_first(json_get(root, "a"))), 1);
    ck_assert_int_eq((int)json_number(json_next(json_first(json_get(root, "a")))), -2);
    third = json_next(json_next(json_first(json_get(root, "a"))));
    ck_assert(json_is(third, "b", "00ff"));
    assert_bytes(json_hex(third, "b"), (struct bytes){(const uint8_t *)"\x00\xff", 2});
    ck_assert_ptr_null(json_next(third));
    ck_assert_int_eq((int)json_number(json_get(root, "c")), 1);
    ck_assert_ptr_null(json_get(root, "e"));
    ck_assert_ptr_null(json_get(json_get(root, "e"), "f"));
    json_free(root);
}
END_TEST

START_TEST(escape_sequences_are_decoded)
{
    struct json *root = json_parse("[\"a\\\"b\\\\c\\n\\/\\u0041\", \"\"]");

    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(json_text(json_first(root)), "a\"b\\c\n/A");
    ck_assert_str_eq(json_text(json_next(json_first(root))), "");
    json_free(root);
}
END_TEST

START_TEST(malformed_texts_are_not_parsed)
{
    static const char *const bad[] = {
        "",         "{",       "[",     "[1",      "[1,]",    "{\"a\"}", "{\"a\":}",
        "{1:2}",    "\"open",  "\"a\\", "[1] 2",   "nothing", "\"\\u\"", "[1 2]",
        "{\"a\":1", "\"\\u00", "{,}",   "[\"a\" ", "}",       "]",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(json_parse(bad[i]) == NULL, "%s", bad[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_nested_text_is_found_by_name);
    add_test(suite, escape_sequences_are_decoded);
    add_test(suite, malformed_texts_are_not_parsed);
}
