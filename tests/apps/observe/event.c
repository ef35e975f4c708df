/* One event, as text and as JSON. */
#include "apps/observe/event.h"

#include "tests/support/suite.h"

#include <stdio.h>

static char buffer[1024];

static void expect(struct line l, const char *text)
{
    ck_assert(!l.full);
    ck_assert_uint_eq(l.len, strlen(text));
    ck_assert_mem_eq(l.at, text, l.len);
}

static struct line each_value(const struct trace_style *style, uint64_t conn)
{
    struct line l = line_in(buffer, sizeof buffer);
    struct event e = event_begin(&l, style, 12000034, conn, "news");

    event_text(&e, "news", bytes_of("simple"));
    event_text(&e, "text", bytes_of("a, b"));
    event_text(&e, "empty", bytes_of(""));
    event_text(&e, "binary", bytes_of("\xff"));
    event_number(&e, "number", 18446744073709551615U);
    event_number(&e, "none", 0);
    event_flag(&e, "yes", true);
    event_flag(&e, "no", false);
    event_hex(&e, "hex", (struct bytes){(const uint8_t[]){0, 0xab}, 2});
    event_end(&e);
    return l;
}

START_TEST(every_kind_of_value_has_its_form)
{
    const struct trace_style text = {0}, json = {.json = true};

    expect(each_value(&text, 7),
           "12.000034 #7 news simple, text 'a, b', empty '', binary '\\xff', "
           "number 18446744073709551615, none 0, yes true, no false, hex 00ab\n");
    expect(each_value(&json, 7),
           "{\"us\":12000034,\"conn\":7,\"event\":\"news\",\"news\":\"simple\",\"text\":\"a, b\","
           "\"empty\":\"\",\"binary\":\"ff\",\"number\":18446744073709551615,\"none\":0,"
           "\"yes\":true,\"no\":false,\"hex\":\"00ab\"}\n");
}
END_TEST

START_TEST(an_event_may_belong_to_no_connection)
{
    const struct trace_style text = {0}, json = {.json = true};
    const char *start = "12.000034 news simple, ", *object = "{\"us\":12000034,\"event\":\"news\",";

    ck_assert_mem_eq(each_value(&text, 0).at, start, strlen(start));
    ck_assert_mem_eq(each_value(&json, 0).at, object, strlen(object));
}
END_TEST

/* What ends a value, or begins a quoted one, is in quotes. */
START_TEST(text_with_a_delimiter_is_quoted)
{
    static const char *const rows[][2] = {{"!", "!"},       {"~", "~"},         {" ", "' '"},
                                          {",", "','"},     {"'", "'\\''"},     {"\"", "'\"'"},
                                          {"\\", "'\\\\'"}, {"\x7f", "'\\x7f'"}};
    const struct trace_style text = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line l = line_in(buffer, sizeof buffer);
        struct event e = event_begin(&l, &text, 0, 0, "e");
        char expected[64];

        event_text(&e, "t", bytes_of(rows[i][0]));
        (void)snprintf(expected, sizeof expected, "0.000000 e t %s", rows[i][1]);
        expect(l, expected);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_kind_of_value_has_its_form);
    add_test(suite, an_event_may_belong_to_no_connection);
    add_test(suite, text_with_a_delimiter_is_quoted);
}
