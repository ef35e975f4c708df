/* Lists of algorithms as a user writes them. The names are taken from the library's own tables. */
#include "apps/session/algorithm_list.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>

static char all[NACRE_ALGORITHM_KINDS][NACRE_ALGORITHM_LIST_MAX]; /* the defaults of each kind */
static const char *first[NACRE_ALGORITHM_KINDS], *last[NACRE_ALGORITHM_KINDS];

static void append(char list[NACRE_ALGORITHM_LIST_MAX], const char *name)
{
    size_t len = strlen(list);

    (void)snprintf(list + len, NACRE_ALGORITHM_LIST_MAX - len, len > 0 ? ",%s" : "%s", name);
}

static void read_defaults(void)
{
    for (enum nacre_algorithm_kind kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++) {
        const char *name;
        bool off;

        all[kind][0] = '\0';
        for (size_t i = 0; (name = nacre_algorithm_name(kind, i, &off)) != NULL; i++)
            if (!off) {
                first[kind] = i == 0 ? name : first[kind];
                last[kind] = name;
                append(all[kind], name);
            }
    }
}

static void expect(enum nacre_algorithm_kind kind, const char *list, const char *expected)
{
    char out[NACRE_ALGORITHM_LIST_MAX], errbuf[1024] = "";

    ck_assert_msg(nacre_algorithms_apply(kind, list, out, errbuf, sizeof errbuf), "%s", errbuf);
    ck_assert_str_eq(out, expected);
}

START_TEST(adding_a_default_changes_nothing)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    char list[NACRE_ALGORITHM_LIST_MAX];

    (void)snprintf(list, sizeof list, "+%s", first[kind]);
    expect(kind, list, all[kind]);
    expect(kind, all[kind], all[kind]);
}
END_TEST

START_TEST(a_pattern_adds_what_is_off_too)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    char every[NACRE_ALGORITHM_LIST_MAX];
    const char *name;
    bool off;

    (void)snprintf(every, sizeof every, "%s", all[kind]);
    for (size_t i = 0; (name = nacre_algorithm_name(kind, i, &off)) != NULL; i++)
        if (off)
            append(every, name);
    expect(kind, "+*", every);
}
END_TEST

START_TEST(names_replace_the_defaults_or_come_before_them)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    char list[NACRE_ALGORITHM_LIST_MAX], expected[2 * NACRE_ALGORITHM_LIST_MAX];

    expect(kind, last[kind], last[kind]);
    (void)snprintf(list, sizeof list, "%s,%s", last[kind], first[kind]);
    expect(kind, list, list);
    (void)snprintf(list, sizeof list, "^%s", last[kind]);
    (void)snprintf(expected, sizeof expected, "%s,%.*s", last[kind],
                   (int)(strlen(all[kind]) - strlen(last[kind]) - 1), all[kind]);
    expect(kind, list, expected);
}
END_TEST

START_TEST(names_are_taken_away_from_the_defaults)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    char list[NACRE_ALGORITHM_LIST_MAX];

    (void)snprintf(list, sizeof list, "-%s", first[kind]);
    expect(kind, list, all[kind] + strlen(first[kind]) + 1);
}
END_TEST

START_TEST(a_list_that_leaves_nothing_or_names_nothing_is_refused)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    static const struct {
        const char *list, *says;
    } rows[] = {
        {"-*", "leaves no"},       {"", "'' is not known"},
        {"rot13", "is not known"}, {"+rot13", "'rot13' is not known; known are"},
        {",", "leaves no"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[NACRE_ALGORITHM_LIST_MAX], errbuf[2048] = "";

        ck_assert_msg(!nacre_algorithms_apply(kind, rows[i].list, out, errbuf, sizeof errbuf), "%s",
                      rows[i].list);
        assert_says(errbuf, rows[i].says);
        assert_says(errbuf, nacre_algorithm_kind_name(kind));
    }
}
END_TEST

START_TEST(the_sentence_about_an_unknown_name_has_every_known_one)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    char out[NACRE_ALGORITHM_LIST_MAX], errbuf[2048], expected[2048];
    const char *name;
    size_t n;
    bool off;

    ck_assert(!nacre_algorithms_apply(kind, "rot13", out, errbuf, sizeof errbuf));
    n = (size_t)snprintf(expected, sizeof expected, "%s 'rot13' is not known; known are",
                         nacre_algorithm_kind_name(kind));
    for (size_t i = 0; (name = nacre_algorithm_name(kind, i, &off)) != NULL; i++)
        n += (size_t)snprintf(expected + n, sizeof expected - n, " %s", name);
    ck_assert_str_eq(errbuf, expected);
}
END_TEST

START_TEST(no_name_is_past_the_last)
{
    const enum nacre_algorithm_kind kind = (enum nacre_algorithm_kind)_i;
    size_t count = 0;
    bool off;

    while (nacre_algorithm_name(kind, count, &off) != NULL)
        count++;
    ck_assert_uint_gt(count, 1);
    ck_assert_ptr_null(nacre_algorithm_name(kind, count + 1, &off));
}
END_TEST

void add_tests(struct suite *suite)
{
    read_defaults();
    add_loop(suite, adding_a_default_changes_nothing, 0, NACRE_ALGORITHM_KINDS);
    add_loop(suite, a_pattern_adds_what_is_off_too, 0, NACRE_ALGORITHM_KINDS);
    add_loop(suite, names_replace_the_defaults_or_come_before_them, 0, NACRE_ALGORITHM_KINDS);
    add_loop(suite, names_are_taken_away_from_the_defaults, 0, NACRE_ALGORITHM_KINDS);
    add_loop(suite, a_list_that_leaves_nothing_or_names_nothing_is_refused, 0,
             NACRE_ALGORITHM_KINDS);
    add_loop(suite, the_sentence_about_an_unknown_name_has_every_known_one, 0,
             NACRE_ALGORITHM_KINDS);
    add_loop(suite, no_name_is_past_the_last, 0, NACRE_ALGORITHM_KINDS);
}
