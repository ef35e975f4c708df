/* Which cases are selected, and known results. */
#include "apps/spec/select.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static char text[256];
static struct errbuf p;
static size_t count, slow;

static void before(void)
{
    p = errbuf_in(text, sizeof text);
    text[0] = 0;
}

static struct result *chosen(char *id, bool only_must)
{
    char *ids[] = {id};
    struct selection s = {.ids = ids, .count = id != NULL, .role = SERVER, .only_must = only_must};

    return select_cases(&s, &count, &slow, &p);
}

START_TEST(a_prefix_ends_where_a_part_of_the_id_ends)
{
    ck_assert(id_matches("4253/7.1/truncated", "4253/7.1"));
    ck_assert(id_matches("4253/7.1/truncated", "4253"));
    ck_assert(id_matches("4253/7/guess-right", "4253/7/guess"));
    ck_assert(id_matches("strict/3.2/terrapin", "strict"));
    ck_assert(!id_matches("4253/7.1/truncated", "425"));
    ck_assert(!id_matches("4253/7.1/truncated", "4254"));
}
END_TEST

START_TEST(an_id_selects_its_case)
{
    struct result *r = chosen((char[]){"4253/4.2/ident-255"}, false);

    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(r[0].row->id, "4253/4.2/ident-255");
    free(r);
}
END_TEST

START_TEST(an_unknown_id_is_named)
{
    ck_assert_ptr_null(chosen((char[]){"9999/1"}, false));
    assert_says(text, "'9999/1'");
}
END_TEST

START_TEST(sections_are_together)
{
    struct result *r = chosen(NULL, false);

    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 2; j < count; j++)
            if (strcmp(r[i].row->clause, r[j].row->clause) == 0)
                ck_assert_str_eq(r[j - 1].row->clause, r[j].row->clause);
    free(r);
}
END_TEST

START_TEST(a_level_leaves_the_others_out)
{
    struct result *r = chosen(NULL, true);

    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(r[i].row->level, MUST);
    free(r);
}
END_TEST

static const struct spec_case some_case = {.id = "a/b"};

/* The verdict that a known result makes of `seen`. */
static enum verdict_kind applied(const char *line, enum verdict_kind seen)
{
    struct result r = {.row = &some_case, .done = true, .head.verdict = seen};
    struct expectations e;

    ck_assert_msg(expectations_read(&e, scratch_write("known", line, 0600), &p), "%s", text);
    expectations_apply(&e, &r, 1);
    expectations_clear(&e);
    return r.head.verdict;
}

START_TEST(a_known_failure_does_not_fail_and_a_cured_one_does)
{
    ck_assert_int_eq(applied("a/b xfail why\n", VERDICT_FAIL), VERDICT_XFAIL);
    ck_assert_int_eq(applied("a/b xfail why\n", VERDICT_PASS), VERDICT_XPASS);
    ck_assert_int_eq(applied("# a comment\n\na/b warn why\n", VERDICT_WARN), VERDICT_WARN);
    ck_assert_int_eq(applied("a/b warn why\n", VERDICT_PASS), VERDICT_XPASS);
    ck_assert_int_eq(applied("a/b warn why\n", VERDICT_FAIL), VERDICT_FAIL);
    ck_assert_int_eq(applied("a/c xfail why\n", VERDICT_FAIL), VERDICT_FAIL);
    ck_assert_int_eq(applied("a/b xfail why\n", VERDICT_SKIP), VERDICT_SKIP);
}
END_TEST

START_TEST(a_malformed_line_is_named)
{
    const char *const lines[] = {"a/b\n", "a/b xfail\n", "a/b pass why\n"};

    for (size_t i = 0; i < 3; i++) {
        struct expectations e;

        ck_assert(!expectations_read(&e, scratch_write("known", lines[i], 0600), &p));
        assert_says(text, ":1: ");
        expectations_clear(&e);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, before, NULL);
    add_test(suite, a_prefix_ends_where_a_part_of_the_id_ends);
    add_test(suite, an_id_selects_its_case);
    add_test(suite, an_unknown_id_is_named);
    add_test(suite, sections_are_together);
    add_test(suite, a_level_leaves_the_others_out);
    add_test(suite, a_known_failure_does_not_fail_and_a_cured_one_does);
    add_test(suite, a_malformed_line_is_named);
}
