/* Results of several runs, side by side. */
#include "apps/spec/compare.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN "{\"run\": {\"peer\": \"SSH-2.0-x\"}}\n"
#define CASE(id, verdict) "{\"id\": \"" id "\", \"verdict\": \"" verdict "\"}\n"

static char text[256];
static struct errbuf p;
static struct comparison c;

static void before(void)
{
    p = errbuf_in(text, sizeof text);
    text[0] = 0;
}

static void after(void)
{
    compare_clear(&c);
}

static bool add(const char *lines)
{
    char *copy = strdup(lines);

    ck_assert_ptr_nonnull(copy);
    return compare_add(&c, "r.json", copy, strlen(copy), &p);
}

static const char *id_of(size_t i)
{
    return value_text_of(c.cases[i].first, "id");
}

START_TEST(rows_are_in_the_order_of_the_tables)
{
    ck_assert(add(RUN CASE("9/1/new", "fail") CASE("4253/9/in-auth", "pass")));
    ck_assert(add(RUN CASE("4253/4.2/ident-255", "pass") CASE("9/1/new", "pass")));
    ck_assert(compare_align(&c));
    ck_assert_uint_eq(c.case_count, 3);
    ck_assert_str_eq(id_of(0), "4253/4.2/ident-255");
    ck_assert_str_eq(id_of(1), "4253/9/in-auth");
    ck_assert_str_eq(id_of(2), "9/1/new"); /* of another version: once, at the end */
    ck_assert_ptr_null(c.cases[0].cells[0]);
    ck_assert_str_eq(value_text_of(c.cases[2].cells[0], "verdict"), "fail");
    ck_assert_str_eq(value_text_of(c.cases[2].cells[1], "verdict"), "pass");
}
END_TEST

START_TEST(peers_differ_if_two_that_ran_it_do)
{
    ck_assert(add(RUN CASE("a", "pass") CASE("b", "skip") CASE("c", "pass") CASE("d", "pass")));
    ck_assert(add(RUN CASE("a", "fail") CASE("b", "pass") CASE("c", "pass")));
    ck_assert(add(RUN CASE("a", "pass") CASE("b", "warn") CASE("c", "pass") CASE("d", "pass")));
    ck_assert(compare_align(&c));
    ck_assert(compare_differs(&c, &c.cases[0]));
    ck_assert(compare_differs(&c, &c.cases[1]));
    ck_assert(!compare_differs(&c, &c.cases[2]));
    ck_assert(!compare_differs(&c, &c.cases[3])); /* the second run does not have it */
}
END_TEST

START_TEST(one_that_skipped_it_does_not_differ)
{
    ck_assert(add(RUN CASE("a", "pass")));
    ck_assert(add(RUN CASE("a", "skip")));
    ck_assert(compare_align(&c));
    ck_assert(!compare_differs(&c, &c.cases[0]));
}
END_TEST

static const struct {
    const char *lines, *says;
} wrong[] = {
    {"", "r.json: the file is empty"},
    {"\n", "r.json:1: "},
    {"x\n", "r.json:1: "},
    {RUN "{\"id\": \"a\"", "r.json:2: "},
    {CASE("a", "pass"), "r.json:1: this is not a line of results"},
    {RUN RUN, "r.json:2: this is not a line of results"},
    {RUN "{\"id\": \"a\"}\n", "r.json:2: this is not a line of results"},
    {RUN "{\"id\": 1, \"verdict\": \"pass\"}\n", "r.json:2: this is not a line of results"},
    {"[]\n", "r.json:1: this is not a line of results"},
    {RUN "{\"id\": \"\xff\", \"verdict\": \"pass\"}\n", "r.json:2: "},
};

START_TEST(what_is_no_result_is_refused_with_its_line)
{
    ck_assert(!add(wrong[_i].lines));
    assert_says(text, wrong[_i].says);
    ck_assert_uint_eq(c.run_count, 0);
}
END_TEST

START_TEST(a_file_without_end_is_refused)
{
    size_t line = strlen(CASE("a", "pass")), len = 0;
    char *many = malloc(10001 * line + 100);

    ck_assert_ptr_nonnull(many);
    len += (size_t)sprintf(many, RUN);
    for (int i = 0; i < 10000; i++)
        len += (size_t)sprintf(many + len, CASE("a", "pass"));
    ck_assert(!compare_add(&c, "r.json", many, len, &p));
    assert_says(text, "too many lines");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    ck_assert(!compare_read(&c, "/nonexistent/r.json", &p));
    assert_says(text, "/nonexistent/r.json: cannot be read: No such file");
    ck_assert(!compare_read(&c, "/", &p));
    assert_says(text, "/: cannot be read: Is a directory");
}
END_TEST

START_TEST(a_file_of_any_size_is_read_whole)
{
    char path[] = "/tmp/nacre-compare-XXXXXX";
    int fd = mkstemp(path);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    ck_assert_ptr_nonnull(out);
    (void)fputs(RUN, out);
    for (int i = 0; i < 5000; i++)
        (void)fprintf(out, CASE("a/%d", "pass"), i);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_msg(compare_read(&c, path, &p), "%s", text);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(c.runs[0].count, 5001);
    ck_assert_str_eq(value_text_of(c.runs[0].lines[5000].object, "id"), "a/4999");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, before, after);
    add_test(suite, rows_are_in_the_order_of_the_tables);
    add_test(suite, peers_differ_if_two_that_ran_it_do);
    add_test(suite, one_that_skipped_it_does_not_differ);
    add_loop(suite, what_is_no_result_is_refused_with_its_line, 0,
             (int)(sizeof wrong / sizeof wrong[0]));
    add_test(suite, a_file_without_end_is_refused);
    add_test(suite, a_file_that_cannot_be_read_is_named);
    add_test(suite, a_file_of_any_size_is_read_whole);
}
