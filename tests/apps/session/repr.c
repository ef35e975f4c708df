#include "apps/session/repr.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *repr_of(const uint8_t *data, size_t len)
{
    static char text[NACRE_REPR_MAX(256)];

    ck_assert_uint_eq(nacre_repr(text, data, len), strlen(text));
    return text;
}

START_TEST(quotes_are_chosen_as_python_does)
{
    static const struct {
        const char *bytes, *repr;
    } rows[] = {
        {"", "''"},
        {"hi\n", "'hi\\n'"},
        {"'", "\"'\""},
        {"\"", "'\"'"},
        {"it's", "\"it's\""},
        {"'\"", "'\\'\"'"},
        {"say \"it's\"", "'say \"it\\'s\"'"},
        {"\\", "'\\\\'"},
        {"\t\r\n", "'\\t\\r\\n'"},
        {"\x1b[A\x7f", "'\\x1b[A\\x7f'"},
        {"\xc3\xa9", "'\\xc3\\xa9'"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(repr_of((const uint8_t *)rows[i].bytes, strlen(rows[i].bytes)),
                         rows[i].repr);
}
END_TEST

/* Between single quotes: the 95 printable bytes, of which ' and \ are escaped, and the others by
 * number. */
START_TEST(every_byte_has_its_form)
{
    for (unsigned b = 0; b < 256; b++) {
        char expected[8], got[NACRE_REPR_BYTE_MAX + 1] = "";

        if (b == '\t' || b == '\n' || b == '\r')
            snprintf(expected, sizeof expected, "\\%c", b == '\t' ? 't' : b == '\n' ? 'n' : 'r');
        else if (b == '\'' || b == '\\')
            snprintf(expected, sizeof expected, "\\%c", (char)b);
        else if (b >= 0x20 && b <= 0x7e)
            snprintf(expected, sizeof expected, "%c", (char)b);
        else
            snprintf(expected, sizeof expected, "\\x%02x", b);
        ck_assert_uint_eq(nacre_repr_byte(got, (uint8_t)b, '\''), strlen(expected));
        ck_assert_str_eq(got, expected);
    }
}
END_TEST

START_TEST(only_the_surrounding_quote_is_escaped)
{
    char out[NACRE_REPR_BYTE_MAX];

    ck_assert_uint_eq(nacre_repr_byte(out, '"', '\''), 1);
    ck_assert_uint_eq(nacre_repr_byte(out, '\'', '\''), 2);
    ck_assert_uint_eq(nacre_repr_byte(out, '"', '"'), 2);
    ck_assert_uint_eq(nacre_repr_byte(out, '\'', '"'), 1);
}
END_TEST

/* Python itself, if it is installed: each byte alone, next to each kind of quote, and all
 * together. */
START_TEST(python_agrees)
{
    static const char program[] = "/usr/bin/python3 -c 'import sys\n"
                                  "q = [b\"\", b\"\\x27\", b\"\\x22\", b\"\\x27\\x22\"]\n"
                                  "for e in q:\n"
                                  "    for b in range(256): print(repr(bytes([b]) + e)[1:])\n"
                                  "print(repr(bytes(range(256)))[1:])'";
    static const char *const beside[] = {"", "'", "\"", "'\""};
    char line[2048];
    uint8_t bytes[256];
    FILE *python;

    if (access("/usr/bin/python3", X_OK) != 0)
        return;
    python = popen(program, "r"); /* NOLINT(cert-env33-c): a fixed text */
    ck_assert_ptr_nonnull(python);
    for (size_t e = 0; e < 4; e++)
        for (unsigned b = 0; b < 256; b++) {
            bytes[0] = (uint8_t)b;
            memcpy(bytes + 1, beside[e], strlen(beside[e]));
            ck_assert_ptr_nonnull(fgets(line, sizeof line, python));
            line[strcspn(line, "\n")] = '\0';
            ck_assert_str_eq(repr_of(bytes, 1 + strlen(beside[e])), line);
        }
    for (unsigned b = 0; b < 256; b++)
        bytes[b] = (uint8_t)b;
    ck_assert_ptr_nonnull(fgets(line, sizeof line, python));
    line[strcspn(line, "\n")] = '\0';
    ck_assert_str_eq(repr_of(bytes, 256), line);
    ck_assert_int_eq(pclose(python), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, quotes_are_chosen_as_python_does);
    add_test(suite, every_byte_has_its_form);
    add_test(suite, only_the_surrounding_quote_is_escaped);
    add_test(suite, python_agrees);
}
