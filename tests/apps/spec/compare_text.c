/* A comparison as text. */
#include "apps/spec/compare.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

static const char one[] = "{\"run\": {\"peer\": \"SSH-2.0-one\\u001b[2J\\u009b\\n\"}}\n"
                          "{\"id\": \"a/1\", \"verdict\": \"pass\", \"level\": \"MUST\", "
                          "\"clause\": \"RFC 1\", \"title\": \"t\"}\n"
                          "{\"id\": \"a/2\", \"verdict\": \"fail\", \"level\": \"MAY\", "
                          "\"clause\": \"RFC 1\", \"title\": \"u\\u001b\"}\n"
                          "{\"id\": \"a/3\", \"verdict\": \"xfail\", \"clause\": \"RFC 2\"}\n";
static const char two[] = "{\"run\": {\"peer\": \"SSH-2.0-two\"}}\n"
                          "{\"id\": \"a/1\", \"verdict\": \"pass\"}\n"
                          "{\"id\": \"a/2\", \"verdict\": \"pass\"}\n";

static char *compared(bool all)
{
    char why[256] = "", *text = NULL;
    const struct errbuf p = errbuf_in(why, sizeof why);
    struct comparison c = {0};
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    ck_assert(compare_add(&c, "one.json", strdup(one), strlen(one), &p));
    ck_assert(compare_add(&c, "two.json", strdup(two), strlen(two), &p));
    ck_assert(compare_align(&c));
    compare_text(out, &c, all);
    (void)fclose(out);
    compare_clear(&c);
    return text;
}

START_TEST(cases_that_differ_are_shown_under_their_section)
{
    char *text = compared(false);

    ck_assert_str_eq(text, " 1  SSH-2.0-one?[2J??   one.json\n"
                           "    1 pass  1 fail  0 warn  0 info  0 skip  1 xfail \n"
                           " 2  SSH-2.0-two   two.json\n"
                           "    2 pass  0 fail  0 warn  0 info  0 skip \n"
                           "\nRFC 1\n  1     2     \n"
                           "  fail  pass  a/2  MAY  u?\n"
                           "\n3 cases, 1 differ\n");
    free(text);
}
END_TEST

START_TEST(all_cases_are_shown_when_asked_for)
{
    char *text = compared(true);

    ck_assert_ptr_nonnull(strstr(text, "\nRFC 1\n  1     2     \n"
                                       "  pass  pass  a/1  MUST  t\n"
                                       "  fail  pass  a/2  MAY  u?\n"
                                       "\nRFC 2\n  1     2     \n"
                                       "  xfail -     a/3  "));
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, cases_that_differ_are_shown_under_their_section);
    add_test(suite, all_cases_are_shown_when_asked_for);
}
