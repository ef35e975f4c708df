#include "apps/client/escape.h"
#include "tests/support/suite.h"

#include <string.h>

static struct escape escape;
static uint8_t out[256];
static size_t out_len;

static void clear(void)
{
    escape = (struct escape){.pending = false};
}

static unsigned type(const char *typed)
{
    return escape_filter(&escape, (const uint8_t *)typed, strlen(typed), out, &out_len);
}

static void assert_sent(const char *expected)
{
    assert_bytes((struct bytes){out, out_len}, bytes_of(expected));
}

START_TEST(text_passes_unchanged)
{
    ck_assert_uint_eq(type("ls ~/a~.\r\nls ~."), 0);
    assert_sent("ls ~/a~.\r\nls ~.");
}
END_TEST

START_TEST(each_sequence_at_the_beginning_of_a_line_is_an_order)
{
    ck_assert_uint_eq(type("~."), ESCAPE_CLOSE);
    clear();
    ck_assert_uint_eq(type("~?"), ESCAPE_HELP);
    ck_assert_uint_eq(type("~\x1a"), ESCAPE_SUSPEND);
    ck_assert_uint_eq(type("~R"), ESCAPE_REKEY);
    assert_sent("");
}
END_TEST

START_TEST(a_line_begins_after_either_line_end)
{
    ck_assert_uint_eq(type("ls\r~?"), ESCAPE_HELP);
    assert_sent("ls\r");
    ck_assert_uint_eq(type("ls\n~?x~."), ESCAPE_HELP);
    assert_sent("ls\nx~.");
}
END_TEST

START_TEST(keystrokes_that_come_one_by_one_are_the_same)
{
    ck_assert_uint_eq(type("\r"), 0);
    ck_assert_uint_eq(type("~"), 0);
    assert_sent("");
    ck_assert_uint_eq(type("."), ESCAPE_CLOSE);
    assert_sent("");
}
END_TEST

START_TEST(two_tildes_are_one_and_another_character_keeps_its_tilde)
{
    ck_assert_uint_eq(type("~~."), 0);
    assert_sent("~.");
    ck_assert_uint_eq(type("\n~/bin"), 0);
    assert_sent("\n~/bin");
    ck_assert_uint_eq(type("\r~"), 0);
    assert_sent("\r");
    ck_assert_uint_eq(type("\r~?"), ESCAPE_HELP);
    assert_sent("~\r");
}
END_TEST

START_TEST(what_follows_the_end_is_dropped)
{
    ck_assert_uint_eq(type("a\n~?~.rm -r\n~R"), ESCAPE_HELP | ESCAPE_CLOSE);
    assert_sent("a\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, clear, NULL);
    add_test(suite, text_passes_unchanged);
    add_test(suite, each_sequence_at_the_beginning_of_a_line_is_an_order);
    add_test(suite, a_line_begins_after_either_line_end);
    add_test(suite, keystrokes_that_come_one_by_one_are_the_same);
    add_test(suite, two_tildes_are_one_and_another_character_keeps_its_tilde);
    add_test(suite, what_follows_the_end_is_dropped);
}
