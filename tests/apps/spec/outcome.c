/* The words of the column "expected": what satisfies them. */
#include "apps/spec/outcome.h"
#include "tests/support/suite.h"

#include <stdio.h>

/* An outcome from its text: "unimpl(seq) unimpl(seq) go-on". */
static struct outcome outcome(const char *text)
{
    static const char *const endings[] = {"", "go-on", "close", "silent", "timeout"};
    struct outcome o = {.count = 0};
    char words[256], *rest = words;

    (void)snprintf(words, sizeof words, "%s", text);
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        bool is_ending = false;

        for (int i = 1; i < 5; i++)
            if (strcmp(word, endings[i]) == 0) {
                o.ending = (enum ending)i;
                is_ending = true;
            }
        if (!is_ending && *word != 0)
            outcome_add(&o, word);
    }
    return o;
}

static void expect(const char *seen, const char *expected, enum match match)
{
    struct outcome o = outcome(seen);

    ck_assert_msg(outcome_matches(&o, expected) == match, "'%s' against '%s': not %d", seen,
                  expected, match);
}

START_TEST(any_alternative_is_enough)
{
    expect("close", "close", MATCH_YES);
    expect("close", "go-on | close", MATCH_YES);
    expect("go-on", "go-on | close", MATCH_YES);
    expect("go-on", "close", MATCH_NO);
    expect("timeout", "go-on | close | silent", MATCH_NO);
}
END_TEST

START_TEST(outcomes_with_commas_must_all_hold)
{
    expect("unimpl(seq),go-on", "unimpl(seq), go-on | close as warn", MATCH_YES);
    expect("unimpl(seq),close", "unimpl(seq), go-on | close as warn", MATCH_WARN);
    expect("unimpl(7, not 6),go-on", "unimpl(seq), go-on | close as warn", MATCH_NO);
    expect("close", "unimpl(seq), go-on | close as warn", MATCH_WARN);
    expect("go-on", "unimpl(seq), go-on", MATCH_NO);
}
END_TEST

/* A fence that was only answered when more had been sent. */
START_TEST(what_comes_late_is_tolerated)
{
    struct outcome o = outcome("go-on");
    char text[OBSERVED_MAX];

    o.late = true;
    ck_assert_int_eq(outcome_matches(&o, "go-on"), MATCH_WARN);
    ck_assert_int_eq(outcome_matches(&o, "close"), MATCH_NO);
    outcomes_text(text, &o, 1);
    ck_assert_str_eq(text, "go-on (only when more was sent)");
}
END_TEST

/* A server that goes on, but answers what needed no answer, contradicts "go-on". */
START_TEST(a_reply_that_is_not_named_contradicts)
{
    expect("unimpl(seq),go-on", "go-on", MATCH_NO);
    expect("unimpl(seq),close", "close | unimpl as warn", MATCH_YES);
    expect("unimpl(seq),go-on", "close | unimpl as warn", MATCH_WARN);
    expect("auth-success,go-on", "auth-failure | close", MATCH_NO);
    expect("request-failure,go-on", "silent, go-on", MATCH_NO);
    expect("go-on", "silent, go-on", MATCH_YES);
}
END_TEST

START_TEST(silence_is_no_answer_and_no_end)
{
    expect("silent", "close | silent", MATCH_YES);
    expect("silent", "close", MATCH_NO);
    expect("go-on", "silent", MATCH_YES);
    expect("close", "silent", MATCH_NO);
    expect("silent", "close within 10 s | silent as warn", MATCH_WARN);
}
END_TEST

START_TEST(numbers_in_parentheses_are_compared)
{
    expect("open-failure(3),go-on", "open-failure(3)", MATCH_YES);
    expect("open-failure(1),go-on", "open-failure(3)", MATCH_NO);
    expect("open-failure(2),go-on", "open-confirmed | open-failure(1,2)", MATCH_YES);
    expect("open-failure(4),go-on", "open-confirmed | open-failure(1,2)", MATCH_NO);
    expect("open-failure(4),go-on", "open-failure | open-confirmed", MATCH_YES);
}
END_TEST

START_TEST(replies_are_counted)
{
    expect("request-failure,request-failure,go-on", "request-failure x2", MATCH_YES);
    expect("request-failure,go-on", "request-failure x2", MATCH_NO);
    expect("request-failure,request-failure,go-on", "request-failure", MATCH_NO);
    expect("auth-failure,auth-failure,auth-success", "auth-failure x2, auth-success", MATCH_YES);
    expect("channel-success", "answered", MATCH_YES);
    expect("pong,go-on", "answered", MATCH_NO);
}
END_TEST

START_TEST(a_preferred_reason_is_better_than_another)
{
    struct outcome o = {.ending = ENDING_CLOSE, .reason = 3};

    ck_assert_int_eq(outcome_matches(&o, "close (prefer disc 3)"), MATCH_YES);
    o.reason = 2;
    ck_assert_int_eq(outcome_matches(&o, "close (prefer disc 3)"), MATCH_WARN);
    o.reason = 0;
    ck_assert_int_eq(outcome_matches(&o, "close (prefer disc 3)"), MATCH_WARN);
}
END_TEST

START_TEST(each_part_is_held_against_its_own_expectation)
{
    const struct outcome both[] = {outcome("auth-success"), outcome("auth-failure")};

    ck_assert_int_eq(outcomes_match(both, 2, "auth-success; auth-failure"), MATCH_YES);
    ck_assert_int_eq(outcomes_match(both, 2, "auth-failure; auth-success"), MATCH_NO);
    ck_assert_int_eq(outcomes_match(both, 2, "auth-success"), MATCH_NO);
    ck_assert_int_eq(outcomes_match(both, 1, "auth-success"), MATCH_YES);
    ck_assert_int_eq(outcomes_match(both, 0, "close"), MATCH_NO);
}
END_TEST

START_TEST(the_text_says_what_was_seen)
{
    struct outcome parts[] = {outcome("unimpl(seq),unimpl(seq),go-on"), outcome("close")};
    char text[OBSERVED_MAX];

    parts[1].reason = 2;
    (void)snprintf(parts[1].said, sizeof parts[1].said, "bye");
    outcomes_text(text, parts, 2);
    ck_assert_str_eq(text, "unimpl(seq) x2, go-on; close (DISCONNECT 2: bye)");
    outcomes_text(text, parts, 0);
    ck_assert_str_eq(text, "nothing");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, any_alternative_is_enough);
    add_test(suite, outcomes_with_commas_must_all_hold);
    add_test(suite, what_comes_late_is_tolerated);
    add_test(suite, a_reply_that_is_not_named_contradicts);
    add_test(suite, silence_is_no_answer_and_no_end);
    add_test(suite, numbers_in_parentheses_are_compared);
    add_test(suite, replies_are_counted);
    add_test(suite, a_preferred_reason_is_better_than_another);
    add_test(suite, each_part_is_held_against_its_own_expectation);
    add_test(suite, the_text_says_what_was_seen);
}
