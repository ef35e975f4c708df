/* Values in both formats of the log. Whatever their bytes are, only printable ASCII comes out. */
#include "apps/daemon/log_value.h"
#include "tests/support/suite.h"

#include <string.h>

static char out[LOG_PRINTED_MAX + 1];

static const char *logfmt(const char *value, size_t len)
{
    out[log_value_logfmt(out, (const uint8_t *)value, len)] = 0;
    return out;
}

static const char *json(const char *value, size_t len)
{
    out[log_value_json(out, (const uint8_t *)value, len)] = 0;
    return out;
}

START_TEST(bytes_without_a_letter_are_numbers)
{
    const char bytes[] = "\x00\x01\x1b\x7f\x80\xff";

    ck_assert_str_eq(logfmt(bytes, 6), "\"\\x00\\x01\\x1b\\x7f\\x80\\xff\"");
    ck_assert_str_eq(json(bytes, 6), "\"\\u0000\\u0001\\u001b\\u007f\\u0080\\u00ff\"");
    ck_assert_str_eq(logfmt("\"\\\n\r\t", 5), "\"\\\"\\\\\\n\\r\\t\"");
    ck_assert_str_eq(json("\"\\\n\r\t", 5), "\"\\\"\\\\\\n\\r\\t\"");
}
END_TEST

START_TEST(json_always_has_quotes)
{
    ck_assert_str_eq(logfmt("alice", 5), "alice");
    ck_assert_str_eq(json("alice", 5), "\"alice\"");
    ck_assert_str_eq(logfmt("", 0), "\"\"");
    ck_assert_str_eq(json("", 0), "\"\"");
}
END_TEST

/* Nothing is divided, and all that fits is printed. */
START_TEST(a_long_value_is_truncated_and_marked)
{
    static const char *const kinds[] = {"a", " ", "\"", "\x01"};
    char value[LOG_VALUE_MAX + 8];

    for (size_t k = 0; k < 4; k++)
        for (size_t len = 1; len < sizeof value; len++) {
            size_t in_json = k < 2 ? 1 : k == 2 ? 2 : 6;
            size_t whole = len * in_json;

            memset(value, kinds[k][0], len);
            (void)json(value, len);
            ck_assert_int_eq(out[0], '"');
            ck_assert_int_eq(out[strlen(out) - 1], '"');
            if (whole <= LOG_VALUE_MAX) {
                ck_assert_uint_eq(strlen(out), whole + 2);
                continue;
            }
            ck_assert_str_eq(out + strlen(out) - 4, "...\"");
            ck_assert_uint_eq((strlen(out) - 5) % in_json, 0);
            ck_assert_uint_ge(strlen(out), LOG_PRINTED_MAX - in_json);
        }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, bytes_without_a_letter_are_numbers);
    add_test(suite, json_always_has_quotes);
    add_test(suite, a_long_value_is_truncated_and_marked);
}
