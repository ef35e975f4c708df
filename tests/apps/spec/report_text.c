/* The results as text. */
#include "apps/spec/report.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static const struct spec_case rows[] = {
    {.id = "a/1", .clause = "RFC 1", .title = "first", .expected = "close", .requirements = ""},
    {.id = "a/2", .clause = "RFC 1", .title = "second", .expected = "go-on", .requirements = ""},
    {.id = "b/1", .clause = "RFC 2", .title = "third", .expected = "go-on", .requirements = ""},
};

static char *printed(bool colour)
{
    static struct setting of_run = {.target = ""};
    struct result results[] = {
        {.row = &rows[0],
         .done = true,
         .head = {.verdict = VERDICT_FAIL, .observed = "go-on"},
         .text = (char[]){"one\n"}},
        {.row = &rows[1], .done = true, .head = {.verdict = VERDICT_SKIP, .reason = "no key"}},
        {.row = &rows[2], .done = true, .head = {.verdict = VERDICT_SKIP, .reason = "no key"}},
    };
    struct run run = {.setting = &of_run, .results = results, .count = 3};
    struct report r = {.run = &run,
                       .again = "nacre-spec server x",
                       .us = 1500000,
                       .slow_left = 2,
                       .colour = colour};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    report_text(out, &r);
    (void)fclose(out);
    return text;
}

START_TEST(failures_are_shown_with_what_repeats_them)
{
    char *text = printed(false);

    assert_says(text, "FAILED  a/1  MUST  RFC 1");
    assert_says(text, "expected  close\n        observed  go-on");
    assert_says(text, "again     nacre-spec server x a/1 -v");
    ck_assert_ptr_null(strchr(text, '\x1b'));
    free(text);
}
END_TEST

START_TEST(the_summary_counts_everything)
{
    char *text = printed(false);

    assert_says(text,
                "0 pass  1 fail  0 warn  0 info  2 skip   in 1.5 s     not requested: 2 slow");
    assert_says(text, "skipped: 2 no key\n");
    free(text);
}
END_TEST

START_TEST(a_verdict_is_never_a_colour_alone)
{
    char *text = printed(true);

    assert_says(text, "\x1b[31mfail ");
    free(text);
}
END_TEST

START_TEST(what_the_server_calls_itself_does_not_write_on_the_terminal)
{
    static struct setting of_run = {.target = "", .facts.ident = "SSH-2.0-x \x1b[31mred\x9b\r\a"};
    struct run run = {.setting = &of_run};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    report_head(out, &(struct report){.run = &run});
    (void)fclose(out);
    assert_says(text, "SSH-2.0-x ?[31mred");
    for (const char *at = text; *at != 0; at++)
        ck_assert((*at >= ' ' && *at < 0x7f) || *at == '\n');
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, failures_are_shown_with_what_repeats_them);
    add_test(suite, the_summary_counts_everything);
    add_test(suite, a_verdict_is_never_a_colour_alone);
    add_test(suite, what_the_server_calls_itself_does_not_write_on_the_terminal);
}
