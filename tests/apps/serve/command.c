/* The command of nacre-serve: where it is searched for. */
#include "apps/serve/command.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[PATH_MAX], word[PATH_MAX];
static const char *place = ""; /* of command[0] in a configuration file */

OWN(const char *, config_place, const struct config *config, const char *value, char *out,
    size_t size)
{
    ck_assert_ptr_null(config);
    ck_assert_str_eq(value, word);
    (void)snprintf(out, size, "%s", place);
    return out;
}

/* command[0] after it was found; "": it was not. */
static const char *find(const char *name)
{
    char *command[] = {word, NULL};
    bool found;

    (void)snprintf(word, sizeof word, "%s", name);
    printed_begin(STDERR_FILENO);
    found = command_find(command, path, NULL);
    if (found)
        expect_printed("");
    else
        assert_says(printed_end(), ": no such program, or it is not executable\n");
    return found ? command[0] : "";
}

static void set_path(const char *format, const char *a, const char *b)
{
    char value[512];

    (void)snprintf(value, sizeof value, format, a, b);
    ck_assert_int_eq(setenv("PATH", value, 1), 0);
}

START_TEST(a_name_is_searched_for_in_each_folder_of_path)
{
    char here[PATH_MAX], one[256], two[256];

    (void)snprintf(one, sizeof one, "%s", scratch_path("one"));
    (void)snprintf(two, sizeof two, "%s", scratch_path("two"));
    ck_assert_int_eq(mkdir(one, 0700), 0);
    ck_assert_int_eq(mkdir(two, 0700), 0);
    (void)scratch_write("one/data", "", 0600);
    (void)scratch_write("two/data", "", 0700);
    (void)scratch_write("one/both", "", 0700);
    (void)scratch_write("two/both", "", 0700);
    set_path("%s:%s", one, two);
    ck_assert_str_eq(find("both"), scratch_path("one/both"));
    ck_assert_str_eq(find("data"), scratch_path("two/data")); /* the other is not executable */
    ck_assert_str_eq(find("none"), "");
    set_path("%s", one, "");
    ck_assert_str_eq(find("data"), "");
    set_path("%s", "", "");
    ck_assert_str_eq(find("both"), "");
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(scratch_path("")), 0);
    ck_assert_int_eq(rename("one", "1"), 0);
    set_path("%s", "1", ""); /* relative, and as short as can be */
    ck_assert_str_eq(find("both"), "1/both");
    ck_assert_int_eq(rename("1", "one"), 0);
    ck_assert_int_eq(chdir(one), 0);
    set_path(":%s", two, ""); /* an empty folder is this one */
    ck_assert_str_eq(find("both"), "./both");
    ck_assert_int_eq(chdir(here), 0);
    ck_assert_int_eq(unsetenv("PATH"), 0);
    ck_assert_str_ne(find("sh"), "");
}
END_TEST

START_TEST(a_path_is_used_as_it_is)
{
    ck_assert_int_eq(unsetenv("PATH"), 0);
    ck_assert_str_eq(find("/bin/sh"), "/bin/sh");
    ck_assert_str_eq(find("/nonexistent"), "");
    ck_assert_str_eq(find(scratch_write("data", "", 0600)), "");
}
END_TEST

/* PATH is one folder, whose name has so many bytes: slashes come first. */
static void set_long_path(size_t len)
{
    static char folder[PATH_MAX];
    const char *name = scratch_path("");

    memset(folder, '/', len);
    memcpy(folder + len - strlen(name), name, strlen(name) + 1);
    ck_assert_int_eq(setenv("PATH", folder, 1), 0);
}

START_TEST(a_path_that_is_too_long_is_not_cut)
{
    (void)scratch_write("ab", "", 0700);
    (void)scratch_write("a", "", 0700);
    set_long_path(PATH_MAX - 1 - strlen("/ab"));
    ck_assert_uint_eq(strlen(find("ab")), PATH_MAX - 1);
    set_long_path(PATH_MAX - strlen("/ab"));
    ck_assert_uint_eq(strlen(find("ab")), 0); /* cut, it would be the other */
}
END_TEST

START_TEST(a_missing_program_is_named)
{
    char *command[] = {word, NULL};

    (void)snprintf(word, sizeof word, "/nonexistent");
    printed_begin(STDERR_FILENO);
    ck_assert(!command_find(command, path, NULL));
    place = "nacre.conf:3";
    ck_assert(!command_find(command, path, NULL));
    expect_printed("nacre-serve: /nonexistent: no such program, or it is not executable\n"
                   "nacre.conf:3: /nonexistent: no such program, or it is not executable\n");
    ck_assert_ptr_eq(command[0], word);
}
END_TEST

START_TEST(a_copy_has_the_same_words)
{
    char one[] = "1", two[] = "2", three[] = "3", *words[] = {one, two, three, NULL};

    for (size_t first = 0; first < 3; first++) {
        char **copy = command_copy(words + first);

        for (size_t i = first; i <= 3; i++)
            ck_assert_ptr_eq(copy[i - first], words[i]);
        free(copy);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_name_is_searched_for_in_each_folder_of_path);
    add_test(suite, a_path_is_used_as_it_is);
    add_test(suite, a_path_that_is_too_long_is_not_cut);
    add_test(suite, a_missing_program_is_named);
    add_test(suite, a_copy_has_the_same_words);
}
