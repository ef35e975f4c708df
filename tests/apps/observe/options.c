/* The options for study and debugging. What follows from them: tests/apps/observe/study.c */
#include "apps/observe/options.h"
#include "apps/options/options.h"
#include "tests/support/suite.h"

#include <string.h>

static struct study_options o;
static char errbuf[OPTION_SENTENCE_MAX];

static bool set(const char *name, const char *value)
{
    const struct option_row *row = study_options.rows;

    while (row->name != NULL && strcmp(row->name, name) != 0)
        row++;
    ck_assert_ptr_nonnull(row->name);
    return option_set(row, &o, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(each_file_has_its_member)
{
    ck_assert(set("trace", "1"));
    ck_assert(set("unsafe-keylog", "2"));
    ck_assert(set("capture", "3"));
    ck_assert(set("study", "4"));
    ck_assert_str_eq(o.trace, "1");
    ck_assert_str_eq(o.keylog, "2");
    ck_assert_str_eq(o.capture, "3");
    ck_assert_str_eq(o.directory, "4");
    ck_assert(!set("trace", "") && !set("unsafe-keylog", ""));
    ck_assert(!set("capture", "") && !set("study", ""));
}
END_TEST

START_TEST(a_trace_is_text_or_json)
{
    ck_assert(set("trace-format", "json"));
    ck_assert(o.trace_json);
    ck_assert(set("trace-format", "text"));
    ck_assert(!o.trace_json);
    ck_assert(!set("trace-format", "JSON"));
    ck_assert(!set("trace-format", ""));
    ck_assert(!o.trace_data);
    ck_assert(set("trace-data", NULL));
    ck_assert(o.trace_data);
}
END_TEST

/* They are opened before a server gives up its privileges. */
START_TEST(files_are_opened_once)
{
    for (const struct option_row *row = study_options.rows; row->name != NULL; row++)
        ck_assert_msg(row->fixed, "%s", row->name);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_file_has_its_member);
    add_test(suite, a_trace_is_text_or_json);
    add_test(suite, files_are_opened_once);
}
