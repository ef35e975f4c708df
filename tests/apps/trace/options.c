/* The options of nacre-trace. */
#include "apps/trace/options.h"
#include "tests/support/suite.h"

#include <string.h>

static struct trace_options o;
static char errbuf[OPTION_SENTENCE_MAX];

static bool set(const char *name, const char *value)
{
    const struct option_row *row = trace_command_line.uses[0].group->rows;

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    ck_assert_ptr_nonnull(row->name);
    return option_set(row, &o, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(numbers_have_their_limits)
{
    ck_assert(set("conn", "1"));
    ck_assert_uint_eq(o.conn, 1);
    ck_assert(set("conn", "9007199254740992")); /* what JSON's numbers represent exactly */
    ck_assert_uint_eq(o.conn, UINT64_C(1) << 53);
    ck_assert(!set("conn", "0"));
    ck_assert(!set("conn", "9007199254740993"));
    ck_assert(set("exchange", "1"));
    ck_assert_uint_eq(o.exchange, 1);
    ck_assert(set("exchange", "4294967295"));
    ck_assert_uint_eq(o.exchange, UINT32_MAX);
    ck_assert(!set("exchange", "0"));
    ck_assert(!set("exchange", "4294967296"));
}
END_TEST

START_TEST(each_option_has_its_member)
{
    ck_assert(set("against", "log"));
    ck_assert_str_eq(o.against, "log");
    ck_assert(!o.whole);
    ck_assert(set("whole", NULL));
    ck_assert(o.whole);
}
END_TEST

START_TEST(the_commands_are_listed_with_what_they_do)
{
    const struct option_words *words = trace_command_line.words;
    struct option_word word;

    ck_assert(words->word(0, &word));
    ck_assert_str_eq(word.name, "text");
    ck_assert(words->word(4, &word));
    ck_assert_str_eq(word.name, "hash");
    ck_assert(!words->word(5, &word));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, numbers_have_their_limits);
    add_test(suite, each_option_has_its_member);
    add_test(suite, the_commands_are_listed_with_what_they_do);
}
