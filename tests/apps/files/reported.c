/* Problems of files: which are reported, and when again. */
#include "apps/files/reported.h"

#include "apps/files/authorized_keys.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char errbuf[8192];

/* Check a file of so many bad lines; returns the number of reports. */
static size_t reports(struct nacre_authorized_keys *keys, size_t size)
{
    const struct nacre_key_grant *grant;
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, "alice", (const uint8_t *)"key", 3,
                                          NULL};
    size_t count;

    (void)nacre_authorized_keys_check(keys, &login, &grant, errbuf, size);
    nacre_key_grant_free(grant);
    count = errbuf[0] != 0;
    for (const char *c = errbuf; *c != 0; c++)
        count += *c == '\n';
    return count;
}

static void write_bad_lines(size_t count)
{
    static const char line[] = "not a key\n";
    char many[4096] = "";

    for (size_t i = 0; i < count; i++)
        memcpy(many + i * (sizeof line - 1), line, sizeof line);
    scratch_write("keys", many, 0600);
}

/* For one file, and for one file per user. */
START_TEST(each_problem_is_reported_once_per_change_of_the_file)
{
    char pattern[4096];
    struct nacre_authorized_keys *keys;

    (void)snprintf(pattern, sizeof pattern, "%s", scratch_path(_i == 0 ? "keys" : "%u"));
    keys = nacre_authorized_keys_open(pattern);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), _i == 0); /* no such file */
    if (_i == 0)                                              /* about no line of it */
        ck_assert_mem_eq(errbuf + strlen(pattern), ": no such file, ", 16);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    write_bad_lines(3);
    if (_i == 1)
        rename(scratch_path("keys"), scratch_path("alice"));
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 3);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    write_bad_lines(2);
    if (_i == 1)
        rename(scratch_path("keys"), scratch_path("alice"));
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 2);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    ck_assert_int_eq(chmod(scratch_path(_i == 0 ? "keys" : "alice"), 0666), 0);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 1);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    unlink(scratch_path(_i == 0 ? "keys" : "alice"));
    ck_assert_uint_eq(reports(keys, sizeof errbuf), _i == 0);
    nacre_authorized_keys_close(keys);
}
END_TEST

START_TEST(a_file_of_bad_lines_is_reported_in_bounds)
{
    struct nacre_authorized_keys *keys;

    write_bad_lines(200);
    keys = nacre_authorized_keys_open(scratch_path("keys"));
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 16 + 1);
    assert_says(errbuf, "/keys:16: ignored");
    ck_assert_ptr_null(strstr(errbuf, "/keys:17:"));
    assert_says(errbuf, "/keys: more lines than these cannot be used; they are not reported");
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    nacre_authorized_keys_close(keys);
}
END_TEST

START_TEST(reports_that_do_not_fit_follow_whole)
{
    struct nacre_authorized_keys *keys;
    size_t first, second;

    write_bad_lines(8);
    keys = nacre_authorized_keys_open(scratch_path("keys"));
    first = reports(keys, 512);
    ck_assert_uint_gt(first, 0);
    ck_assert_uint_lt(first, 8);
    ck_assert_str_eq(errbuf + strlen(errbuf) - strlen("[comment])"), "[comment])"); /* not cut */
    second = reports(keys, sizeof errbuf);
    ck_assert_uint_eq(first + second, 8);
    nacre_authorized_keys_close(keys);
}
END_TEST

/* The table is bounded: the file that was noted first is forgotten. */
START_TEST(many_files_are_remembered)
{
    struct reported r = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct stat state = {.st_ino = 1};
    char name[32];

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < REPORTED_FILES_MAX; i++) {
            (void)snprintf(name, sizeof name, "file %d", i);
            ck_assert_int_eq(reported_note(&r, name, &state, 1),
                             round == 0 ? REPORT_THIS : REPORT_NOT);
        }
    ck_assert_int_eq(reported_note(&r, "one more", &state, 1), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "one more", &state, 1), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "file 0", &state, 1), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "file 5", &state, 1), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "one more", &state, 1), REPORT_NOT);
    for (int i = 0; i < REPORTED_FILES_MAX; i++) { /* all of them are replaced */
        (void)snprintf(name, sizeof name, "other %d", i);
        ck_assert_int_eq(reported_note(&r, name, &state, 1), REPORT_THIS);
        ck_assert_int_eq(reported_note(&r, name, &state, 1), REPORT_NOT);
    }
    ck_assert_int_eq(reported_note(&r, "one more", &state, 1), REPORT_THIS);
    reported_clear(&r); /* all of them are forgotten */
    ck_assert_int_eq(reported_note(&r, "one more", &state, 1), REPORT_THIS);
    reported_clear(&r);
}
END_TEST

START_TEST(each_line_of_each_state_counts_by_itself)
{
    struct reported r = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct stat first = {.st_ino = 1}, second = {.st_ino = 2};

    ck_assert_int_eq(reported_note(&r, "a", &first, 0), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "a", &first, 1), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "b", &first, 1), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "a", &first, 0), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "a", &second, 1), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "a", &second, 1), REPORT_NOT);
    reported_look(&r, "a", &second);
    reported_look(&r, "c", &second);
    ck_assert_int_eq(reported_note(&r, "a", &second, 1), REPORT_NOT);
    reported_look(&r, "a", &first);
    ck_assert_int_eq(reported_note(&r, "a", &first, 1), REPORT_THIS);
    for (unsigned i = 2; i < REPORTED_LINES_MAX + 1; i++)
        ck_assert_int_eq(reported_note(&r, "a", &first, i), REPORT_THIS);
    ck_assert_int_eq(reported_note(&r, "a", &first, 1), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "a", &first, REPORTED_LINES_MAX), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "a", &first, 50), REPORT_LIMIT);
    ck_assert_int_eq(reported_note(&r, "a", &first, 51), REPORT_NOT);
    ck_assert_int_eq(reported_note(&r, "b", &first, 1), REPORT_NOT);
    reported_clear(&r);
}
END_TEST

/* The file is the same, but between two reports it was not there. */
START_TEST(a_file_that_was_away_is_reported_again)
{
    char folder[256], away[256], pattern[300], file[300];
    struct nacre_authorized_keys *keys;

    (void)snprintf(folder, sizeof folder, "%s", scratch_path("users"));
    (void)snprintf(away, sizeof away, "%s", scratch_path("away"));
    (void)snprintf(pattern, sizeof pattern, "%s/%%u", folder);
    (void)snprintf(file, sizeof file, "%s/alice", folder);
    write_bad_lines(1);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(rename(scratch_path("keys"), file), 0);
    keys = nacre_authorized_keys_open(pattern);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 1);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    ck_assert_int_eq(rename(folder, away), 0);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 0);
    ck_assert_int_eq(rename(away, folder), 0);
    ck_assert_uint_eq(reports(keys, sizeof errbuf), 1);
    nacre_authorized_keys_close(keys);
    (void)unlink(file);
    (void)rmdir(folder);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, each_problem_is_reported_once_per_change_of_the_file, 0, 2);
    add_test(suite, a_file_of_bad_lines_is_reported_in_bounds);
    add_test(suite, reports_that_do_not_fit_follow_whole);
    add_test(suite, many_files_are_remembered);
    add_test(suite, each_line_of_each_state_counts_by_itself);
    add_test(suite, a_file_that_was_away_is_reported_again);
}
