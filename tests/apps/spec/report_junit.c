/* The results as JUnit XML. */
#include "apps/spec/report.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static const struct spec_case rows[] = {
    {.id = "a/1", .clause = "RFC 1", .title = "first", .expected = "close", .requirements = ""},
    {.id = "a/2", .clause = "RFC 1", .title = "<second>", .expected = "go-on", .requirements = ""},
    {.id = "b/1", .clause = "RFC 2", .title = "third", .expected = "go-on", .requirements = ""},
};

START_TEST(failures_and_skips_are_counted_in_their_section)
{
    struct setting setting_of_run = {.target = ""};
    struct result results[] = {
        {.row = &rows[0],
         .done = true,
         .head = {.verdict = VERDICT_FAIL, .observed = "a & b"},
         .text = (char[]){"\x01<-"}},
        {.row = &rows[1], .done = true, .head = {.verdict = VERDICT_SKIP, .reason = "no \"key\""}},
        {.row = &rows[2], .done = true, .head = {.verdict = VERDICT_WARN, .observed = "close"}},
    };
    struct run run = {.setting = &setting_of_run, .results = results, .count = 3};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    report_junit(out, &(struct report){.run = &run});
    (void)fclose(out);
    assert_says(text, "<testsuite name=\"RFC 1\" tests=\"2\" failures=\"1\" skipped=\"1\">");
    assert_says(text, "<testsuite name=\"RFC 2\" tests=\"1\" failures=\"0\" skipped=\"0\">");
    assert_says(text, "name=\"a/2: &lt;second&gt;\"");
    assert_says(text, "<failure message=\"expected close, observed a &amp; b\">?&lt;-</failure>");
    assert_says(text, "<skipped message=\"no &quot;key&quot;\"/>");
    assert_says(text, "<property name=\"verdict\" value=\"warn\"/>");
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, failures_and_skips_are_counted_in_their_section);
}
