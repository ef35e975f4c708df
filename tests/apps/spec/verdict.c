/* Verdicts: what a level makes of a match. */
#include "apps/spec/verdict.h"
#include "tests/support/suite.h"

START_TEST(only_a_must_fails)
{
    ck_assert_int_eq(verdict_of_match(MUST, MATCH_NO, false), VERDICT_FAIL);
    ck_assert_int_eq(verdict_of_match(SHOULD, MATCH_NO, false), VERDICT_WARN);
    ck_assert_int_eq(verdict_of_match(PRACTICE, MATCH_NO, false), VERDICT_WARN);
    ck_assert_int_eq(verdict_of_match(MAY, MATCH_NO, false), VERDICT_INFO);
    ck_assert_int_eq(verdict_of_match(MUST, MATCH_WARN, false), VERDICT_WARN);
    ck_assert_int_eq(verdict_of_match(MUST, MATCH_YES, false), VERDICT_PASS);
}
END_TEST

START_TEST(strict_makes_a_should_fail)
{
    ck_assert_int_eq(verdict_of_match(SHOULD, MATCH_NO, true), VERDICT_FAIL);
    ck_assert_int_eq(verdict_of_match(PRACTICE, MATCH_NO, true), VERDICT_WARN);
}
END_TEST

START_TEST(a_watch_that_saw_nothing_is_skipped)
{
    const struct spec_case row = {.id = "a", .level = MUST, .expected = "never violated"};
    const struct spec_case report = {.id = "b", .level = SHOULD, .expected = "report"};
    struct watched w = {.seen = 0};

    ck_assert_int_eq(verdict_of_watch(&row, &w, false), VERDICT_SKIP);
    w.seen = 3;
    ck_assert_int_eq(verdict_of_watch(&row, &w, false), VERDICT_PASS);
    w.broken = 1;
    ck_assert_int_eq(verdict_of_watch(&row, &w, false), VERDICT_FAIL);
    ck_assert_int_eq(verdict_of_watch(&report, &w, false), VERDICT_INFO);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, only_a_must_fails);
    add_test(suite, strict_makes_a_should_fail);
    add_test(suite, a_watch_that_saw_nothing_is_skipped);
}
