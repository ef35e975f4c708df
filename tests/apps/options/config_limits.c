/* Configuration files at their limits: sizes, folders, memory; and the whole example of a small
 * program. */
#include "apps/options/config.h"
#include "apps/options/config_print.h"
#include "apps/options/values.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *user;
    bool quiet;
    struct option_list keys;
};

#define A10 "aaaaaaaaaa"
#define A37 A10 A10 A10 "aaaaaaa"

static const struct option_row rows[] = {
    {.name = "user",
     .argument = "NAME",
     OPTION_TEXT(struct options, user),
     .default_value = "alice",
     .help = "who it `is`"},
    {.name = "quiet", OPTION_FLAG(struct options, quiet), .help = A37 " " A37 "b c"},
    {.name = "host-key",
     .argument = "FILE",
     .repeatable = true,
     OPTION_ADD(struct options, keys),
     .most = 9,
     .default_text = "`key`, if it exists",
     .help = A37 " " A37 "bc d"},
    {.name = "list",
     .argument = "A,B",
     .join = ',',
     OPTION_TEXT(struct options, user),
     .default_text = "none of these",
     .help = "a list"},
    {0},
};
static const struct option_group group = {.name = "group", .rows = rows};
static const struct option_use uses[] = {{&group, 0}, {0}};
static const struct option_row command_row = {
    .name = "command", .argument = "WORD", .help = "what it runs"};
static const struct command_line line = {.name = "p", .uses = uses, .command = &command_row};

static struct config *config;

static void set_up(void)
{
    config = config_new(&line);
}

static void tear_down(void)
{
    config_free(config);
    config_free(NULL);
}

static void again(void)
{
    tear_down();
    set_up();
}

/* ---- searching with wildcards ---- */

static int glob_failure; /* 0: glob(3) does its work */
static int answers[3];   /* of its error function */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_glob64(const char *pattern, int flags, int (*on_error)(const char *path, int failure),
                  glob_t *found);

OWN(int, glob64, const char *pattern, int flags, int (*on_error)(const char *path, int failure),
    glob_t *found)
{
    if (glob_failure == 0)
        return __real_glob64(pattern, flags, on_error, found);
    answers[0] = on_error("x", ENOENT);
    answers[1] = on_error("x", ENOTDIR);
    answers[2] = on_error("x", EACCES);
    return glob_failure;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void read_text(const char *text)
{
    config_read(config, scratch_write("a.conf", text, 0600));
}

START_TEST(a_search_that_fails_is_a_problem)
{
    glob_failure = GLOB_ABORTED;
    read_text("\nInclude c*\n");
    assert_says(config_problems(config), "/a.conf:2: Include: the folder of ");
    assert_says(config_problems(config), "/c* cannot be read\n");
    ck_assert(answers[0] == 0 && answers[1] == 0 && answers[2] != 0);
    again();
    glob_failure = GLOB_NOSPACE;
    read_text("Include c*\n");
    ck_assert_str_eq(config_problems(config), "out of memory\n");
}
END_TEST

/* Each pattern, in a file that is named without its folder, and the folder that was searched */
static const struct {
    const char *pattern, *folder;
} searches[] = {
    {"*.conf", "."},           {"conf.d/*.conf", "conf.d"},
    {"conf.d/?", "conf.d"},    {"conf.d/[ab]", "conf.d"},
    {"one/two/a*", "one/two"}, {"one/*/three", "one"},
    {"/*.conf", "/"},          {"/x/*", "/x"},
    {"conf.d/plain", NULL},
};

START_TEST(folders_that_were_searched_are_known)
{
    char text[64];

    ck_assert_int_eq(chdir(scratch_path("")), 0);
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        const char *found;

        again();
        (void)snprintf(text, sizeof text, "Include %s\n", searches[i].pattern);
        config_read_text(config, "a.conf", text, strlen(text), true);
        found = config_searched(config, 0);
        ck_assert_int_eq(found != NULL, searches[i].folder != NULL);
        if (found != NULL)
            ck_assert_str_eq(found, searches[i].folder);
        ck_assert_ptr_null(config_searched(config, 1));
    }
}
END_TEST

START_TEST(up_to_256_folders_are_known)
{
    char text[64];

    for (int i = 0; i < CONFIG_FILES_MAX + 2; i++) {
        (void)snprintf(text, sizeof text, "Include none%d/*\n", i);
        config_read_text(config, "x/a.conf", text, strlen(text), true);
    }
    ck_assert_str_eq(config_searched(config, CONFIG_FILES_MAX - 1), "x/none255");
    ck_assert_ptr_null(config_searched(config, CONFIG_FILES_MAX));
}
END_TEST

START_TEST(where_there_are_no_files_nothing_is_included)
{
    char text[] = "include x\nUser u\n";

    config_read_text(config, "name", text, strlen(text), false);
    ck_assert_str_eq(config_problems(config), "name:1: Include is not possible here\n");
    ck_assert_str_eq(config_entry(config, 0)->value, "u");
}
END_TEST

/* ---- sizes ---- */

static void read_file_of(size_t size)
{
    char *text = malloc(size + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, '#', size);
    memcpy(text, "User u\n", 7);
    text[size] = 0;
    again();
    read_text(text);
    free(text);
}

START_TEST(a_file_has_up_to_1_mib)
{
    read_file_of(1024 * 1024);
    ck_assert_str_eq(config_problems(config), "");
    ck_assert_str_eq(config_entry(config, 0)->value, "u");
    read_file_of(1024 * 1024 + 1);
    assert_says(config_problems(config), "/a.conf");
    ck_assert_ptr_null(config_entry(config, 0));
}
END_TEST

START_TEST(there_may_be_any_number_of_entries)
{
    enum { ENTRIES = 300 };
    static char texts[ENTRIES][16];
    char value[16];

    for (unsigned i = 0; i < ENTRIES; i++) {
        (void)snprintf(texts[i], sizeof texts[0], "HostKey %u\n", i);
        config_read_text(config, "a", texts[i], strlen(texts[i]), false);
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        (void)snprintf(value, sizeof value, "%u", i);
        ck_assert_str_eq(config_entry(config, i)->value, value);
    }
    ck_assert_ptr_null(config_entry(config, ENTRIES));
}
END_TEST

START_TEST(a_name_without_end_is_left_out_of_a_problem)
{
    char name[1200], text[] = "Nonsense", expected[1300];

    for (size_t len = 1018; len <= 1022; len++) { /* ":1: " follows it */
        memset(name, 'n', len);
        name[len] = 0;
        again();
        config_read_text(config, name, text, strlen(text), false);
        (void)snprintf(expected, sizeof expected, "%s:1: there", len < 1020 ? name : "");
        ck_assert_int_eq(strncmp(config_problems(config), len < 1020 ? expected : "there",
                                 len < 1020 ? len + 9 : 5),
                         0);
    }
}
END_TEST

START_TEST(a_value_has_its_place_and_others_have_none)
{
    char text[] = "\nUser u\n", place[64] = "before";

    ck_assert_str_eq(config_place(NULL, "u", place, sizeof place), "");
    config_read_text(config, "name", text, strlen(text), false);
    ck_assert_str_eq(config_place(config, config_entry(config, 0)->value, place, sizeof place),
                     "name:2");
    ck_assert_str_eq(config_place(config, "other", place, sizeof place), "");
    ck_assert_ptr_null(config_command(config));
}
END_TEST

/* ---- memory ---- */

#define LINES "User u\nList a b c\nHostKey \"k\"\nCommand one two\nInclude b.inc n*\nNonsense x\n"

/* Each allocation fails in turn, until there is none left to fail. */
START_TEST(without_memory_there_is_a_problem)
{
    const char *file = scratch_write("a.conf", LINES, 0600);
    bool all = false;
    unsigned n;

    (void)scratch_write("b.inc", "User v\n", 0600);
    for (n = 1; !all && n < 100; n++) {
        again();
        leftovers_refuse(n);
        config_read(config, file);
        leftovers_refuse(0);
        all = strstr(config_problems(config), "out of memory") == NULL &&
              strstr(config_problems(config), "Nonsense") != NULL &&
              config_entry(config, 4) != NULL && config_searched(config, 0) != NULL &&
              config_file(config, 1) != NULL;
        ck_assert(all || config_problems(config)[0] != 0);
    }
    ck_assert_uint_gt(n, 10);
    ck_assert(all);
    leftovers_refuse(1);
    ck_assert_ptr_null(config_new(&line));
}
END_TEST

/* ---- unknown keywords ---- */

START_TEST(the_nearest_keyword_is_named)
{
    static const char *const words[][2] = {
        {"Usr", "User"},
        {"USERS", "User"},
        {"usee", "User"},
        {"Includes", "Include"},
        {"include_", "Include"},
        {"Hostkeys", "HostKey"},
        {"H-o-s-t-Key", "HostKey"},
        {"quite", "Quiet"},
        {"Lists", "List"},
        {"x", "User"},
        {"Uiet", "Quiet"},
        {"ommand", "Command"},
        /* A letter counts once, whether it is added, removed or replaced. */
        {"Hos", "List"},
        {"HostList", "HostKey"},
        {"qList", "List"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[32], expected[128];

        again();
        (void)snprintf(text, sizeof text, "%s x", words[i][0]);
        config_read_text(config, "n", text, strlen(text), false);
        (void)snprintf(expected, sizeof expected,
                       "n:1: there is no keyword '%s'; the nearest is %s\n", words[i][0],
                       words[i][1]);
        ck_assert_str_eq(config_problems(config), expected);
    }
}
END_TEST

START_TEST(of_a_word_without_end_64_bytes_are_shown)
{
    char text[200], expected[200];

    memset(text, 'z', 100);
    memcpy(text + 100, " x", 3);
    config_read_text(config, "n", text, strlen(text), false);
    (void)snprintf(expected, sizeof expected, "n:1: there is no keyword '%.*s'; the nearest is ",
                   64, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    ck_assert_int_eq(strncmp(config_problems(config), expected, strlen(expected)), 0);
}
END_TEST

/* ---- the example ---- */

START_TEST(the_example_of_a_small_program)
{
    const char *file = scratch_write("example", "", 0600);
    FILE *out = fopen(file, "we");
    char *text;

    config_print_example(out, &line);
    ck_assert_int_eq(fclose(out), 0);
    text = scratch_read(file);
    ck_assert_str_eq(text,
                     "# Configuration of p: see nacre.conf(5). Every keyword is shown with its\n"
                     "# default, or with the form of its value, in a comment.\n"
                     "\n# who it is; default: alice\n#User alice\n"
                     "\n# " A37 " " A37 "b\n# c\n#Quiet no\n"
                     "\n# " A37 "\n# " A37 "bc d; repeatable; default: key, if it\n"
                     "# exists\n#HostKey key\n"
                     "\n# a list; default: none of these\n#List A,B\n"
                     "\n# what it runs\n#Command WORD\n");
    free(text);
}
END_TEST

START_TEST(a_line_break_cannot_be_printed)
{
    const char *file = scratch_write("printed", "", 0600);
    FILE *out = fopen(file, "we");
    char *text;

    ck_assert(config_print_value(out, &rows[0], "a b"));
    ck_assert(!config_print_words(out, &rows[3], (const char *const[]){"x", "y\n", "z", NULL}));
    leftovers_refuse(1);
    ck_assert(!config_print_value(out, &rows[0], "u"));
    ck_assert_int_eq(fclose(out), 0);
    text = scratch_read(file);
    ck_assert_str_eq(text, "User \"a b\"\nList x\nUser\n");
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, a_search_that_fails_is_a_problem);
    add_test(suite, folders_that_were_searched_are_known);
    add_test(suite, up_to_256_folders_are_known);
    add_test(suite, where_there_are_no_files_nothing_is_included);
    add_test(suite, a_file_has_up_to_1_mib);
    add_test(suite, there_may_be_any_number_of_entries);
    add_test(suite, a_name_without_end_is_left_out_of_a_problem);
    add_test(suite, a_value_has_its_place_and_others_have_none);
    add_test(suite, without_memory_there_is_a_problem);
    add_test(suite, the_nearest_keyword_is_named);
    add_test(suite, of_a_word_without_end_64_bytes_are_shown);
    add_test(suite, the_example_of_a_small_program);
    add_test(suite, a_line_break_cannot_be_printed);
}
