/* The tables of cases: complete rows, unique ids, and the words of the list of cases, where that
 * file is there (tests/support/vectors.h). */
#include "apps/spec/outcome.h"
#include "apps/spec/tables.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 7, LINE_ROOM = 2048 };

/* Call `check` for each row. */
static size_t each_row(void (*check)(const struct spec_case *row))
{
    size_t n = 0;

    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++, n++)
            check(row);
    return n;
}

static void is_complete(const struct spec_case *row)
{
    ck_assert_msg(row->clause && row->requirements && row->title && row->expected, "%s", row->id);
    ck_assert_msg((row->run == NULL) == (row->watch != WATCH_NONE), "%s: a case or a watch",
                  row->id);
    ck_assert_ptr_eq(case_find(row->id), row); /* no other row has this id */
}

START_TEST(every_row_is_complete_and_its_id_is_its_own)
{
    ck_assert_uint_gt(each_row(is_complete), 20);
}
END_TEST

static unsigned rows_of[WATCHES];

static void count_watch(const struct spec_case *row)
{
    rows_of[row->watch]++;
}

START_TEST(no_watch_has_two_rows)
{
    (void)each_row(count_watch);
    for (int i = 1; i < WATCHES; i++)
        ck_assert_msg(rows_of[i] <= 1, "watch %d has %u rows", i, rows_of[i]);
}
END_TEST

/* ---- the list of cases ---- */

static const struct spec_case *listed[2048];
static size_t listed_count;

static bool is_listed(const struct spec_case *row)
{
    for (size_t i = 0; i < listed_count; i++)
        if (listed[i] == row)
            return true;
    return false;
}

static void must_be_listed(const struct spec_case *row)
{
    ck_assert_msg(is_listed(row), "%s is not in the list of cases", row->id);
}

static void compare(const struct spec_case *row, char *const field[FIELDS])
{
    ck_assert_str_eq(row->id, field[0]);
    ck_assert_str_eq(role_name(row->role), field[1]);
    ck_assert_str_eq(level_name(row->level), field[2]);
    ck_assert_str_eq(row->clause, field[3]);
    ck_assert_str_eq(row->requirements, field[4]);
    ck_assert_str_eq(row->title, field[5]);
    ck_assert_str_eq(row->listed == NULL ? row->expected : row->listed, field[6]);
    ck_assert(row->listed == NULL || row->note != NULL);
}

static void check_line(char *line)
{
    char *field[FIELDS] = {NULL}, *rest = line;
    const struct spec_case *row;

    line[strcspn(line, "\n")] = 0;
    for (int i = 0; i < FIELDS; i++)
        field[i] = strsep(&rest, "\t");
    ck_assert_msg(field[FIELDS - 1] != NULL && rest == NULL, "%s: not %d fields", line, FIELDS);
    row = case_find(field[0]);
    ck_assert_msg(row != NULL, "%s: no row", field[0]);
    compare(row, field);
    listed[listed_count++] = row;
}

START_TEST(the_rows_and_the_list_of_cases_agree)
{
    char path[1024], line[LINE_ROOM];
    FILE *in;

    if (!vectors_shared_path(path, sizeof path, "../conformance/cases.tsv"))
        return;
    in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, in)); /* the names of the columns */
    while (fgets(line, sizeof line, in) != NULL)
        check_line(line);
    (void)fclose(in);
    (void)each_row(must_be_listed);
    vectors_report("conformance/cases", listed_count);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_row_is_complete_and_its_id_is_its_own);
    add_test(suite, no_watch_has_two_rows);
    add_test(suite, the_rows_and_the_list_of_cases_agree);
}
