#include "apps/options/help.h"
#include "apps/options/values.h"
#include "apps/echo/options.h"
#include "apps/load/options.h"
#include "apps/passwd/options.h"
#include "apps/serve/options.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct inner {
    const char *name;
};

struct outer {
    uint32_t number;
    bool quiet;
    struct option_list list;
    struct inner inner;
};

static const struct option_row outer_rows[] = {
    {.name = "number",
     .letter = 'n',
     .argument = "N",
     OPTION_U32(struct outer, number),
     .most = 9,
     .default_value = "3",
     .help = "a number"},
    {.name = "quiet", .letter = 'q', OPTION_FLAG(struct outer, quiet), .help = "`say` nothing"},
    {.name = "list",
     .argument = "ITEM",
     .repeatable = true,
     OPTION_ADD(struct outer, list),
     .most = 2,
     .help = "a very long text, one that does not fit on the rest of a line of 80 columns",
     .default_text = "`none`"},
    {0},
};
static const struct option_row inner_rows[] = {
    {.name = "name-that-is-long-enough",
     .argument = "A,VERY,LONG,ARGUMENT",
     OPTION_TEXT(struct inner, name),
     .help = "names",
     .default_text = "one-hundred-and-one,one-hundred-and-two,one-hundred-and-three,"
                     "one-hundred-and-four"},
    {0},
};
static const struct option_group outer_group = {.name = "outer", .rows = outer_rows};
static const struct option_group inner_group = {
    .name = "inner", .title = "Inner:", .rows = inner_rows};
static const struct option_use uses[] = {
    {&outer_group, 0}, {&inner_group, offsetof(struct outer, inner)}, {&general_options, 0}, {0}};

static bool put_word(size_t i, struct option_word *word)
{
    *word = (struct option_word){"walk", "N", "walk N steps"};
    return i == 0;
}

static const struct option_words words = {.name = "words", .title = "Words:", .word = put_word};
static struct command_line line;
static struct outer options;
static int status;

/* What the program printed to a standard descriptor */
static char printed[8192];

static int capture(int fd, FILE **file)
{
    int before = dup(fd);

    *file = tmpfile();
    ck_assert_ptr_nonnull(*file);
    dup2(fileno(*file), fd);
    return before;
}

static void restore(int fd, int before, FILE *file)
{
    size_t n;

    (void)fflush(stdout);
    dup2(before, fd);
    close(before);
    rewind(file);
    n = fread(printed, 1, sizeof printed - 1, file);
    printed[n] = 0;
    (void)fclose(file);
}

/* Read a command line, ended by NULL; `printed` is what went to that descriptor. The words are
 * copied: options point into them after the caller's are gone. */
static int read_line(int fd, char **given)
{
    static char copies[16][128];
    static char *argv[17];
    int argc = 0, first, before;
    FILE *file;

    for (; argc < 16 && given[argc] != NULL; argc++) {
        (void)snprintf(copies[argc], sizeof copies[argc], "%s", given[argc]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    options = (struct outer){0};
    status = -1;
    optind = 0; /* glibc: from the start */
    before = capture(fd, &file);
    first = options_read(&line, &options, argc, argv, &status);
    restore(fd, before, file);
    return first;
}

#define READ(...) read_line(STDERR_FILENO, (char *[]){(char[]){"program"}, __VA_ARGS__, NULL})
#define WORD(text) ((char[]){text})

static void set_up(void)
{
    line = (struct command_line){.name = "program", .about = "Does.", .uses = uses};
}

START_TEST(defaults_come_first_and_options_over_them)
{
    ck_assert_int_eq(READ(WORD("word")), 1);
    ck_assert_uint_eq(options.number, 3);
    ck_assert(!options.quiet);
    ck_assert_ptr_null(options.inner.name);
    ck_assert_int_eq(READ(WORD("-n"), WORD("5"), WORD("-q")), 4);
    ck_assert_uint_eq(options.number, 5);
    ck_assert(options.quiet);
    ck_assert_int_eq(READ(WORD("-qn7"), WORD("--list=a"), WORD("--list"), WORD("b")), 5);
    ck_assert_uint_eq(options.number, 7);
    ck_assert_uint_eq(options.list.count, 2);
}
END_TEST

START_TEST(a_group_fills_its_own_struct)
{
    ck_assert_int_eq(READ(WORD("--name-that-is-long-enough=x")), 2);
    ck_assert_str_eq(options.inner.name, "x");
}
END_TEST

START_TEST(words_may_stand_before_options_unless_they_are_a_command)
{
    ck_assert_int_eq(READ(WORD("word"), WORD("-q")), 2);
    ck_assert(options.quiet);
    line.runs_command = true;
    ck_assert_int_eq(READ(WORD("word"), WORD("-q")), 1);
    ck_assert(!options.quiet);
    ck_assert_int_eq(READ(WORD("-q"), WORD("--"), WORD("-n")), 3);
}
END_TEST

static void expect_mistake(const char *sentence)
{
    char expected[256];

    (void)snprintf(expected, sizeof expected, "program: %s (try program --help)\n", sentence);
    ck_assert_str_eq(printed, expected);
    ck_assert_int_eq(status, 2);
}

START_TEST(a_mistake_is_one_sentence_and_status_2)
{
    ck_assert_int_eq(READ(WORD("--nonsense")), 0);
    expect_mistake("--nonsense: there is no such option");
    ck_assert_int_eq(READ(WORD("-q"), WORD("-x")), 0);
    expect_mistake("-x: there is no such option");
    ck_assert_int_eq(READ(WORD("--quiet"), WORD("-xq")), 0);
    expect_mistake("-x: there is no such option");
    ck_assert_int_eq(READ(WORD("-n")), 0);
    expect_mistake("-n: the value is missing");
    ck_assert_int_eq(READ(WORD("--number")), 0);
    expect_mistake("--number: the value is missing");
    ck_assert_int_eq(READ(WORD("--quiet=yes")), 0);
    expect_mistake("--quiet=yes: the option takes no value");
    ck_assert_int_eq(READ(WORD("-n"), WORD("10")), 0);
    expect_mistake("--number: '10' is not a number from 0 to 9");
}
END_TEST

START_TEST(an_answer_ends_the_program_with_status_0)
{
    char *argv[] = {WORD("program"), WORD("--version"), WORD("--nonsense"), NULL};

    ck_assert_int_eq(read_line(STDOUT_FILENO, argv), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(strncmp(printed, "program ", 8), 0);
}
END_TEST

START_TEST(help_shows_each_row_on_lines_of_80_columns)
{
    char *argv[] = {WORD("program"), WORD("-h"), NULL};

    line.usage = "FILE";
    line.words = &words;
    line.notes = "That is all.";
    ck_assert_int_eq(read_line(STDOUT_FILENO, argv), 0);
    ck_assert_str_eq(
        printed,
        "usage: program [OPTION]... FILE\n"
        "Does.\n"
        "\n"
        "Words:\n"
        "  walk N                     walk N steps\n"
        "\n"
        " -n, --number N              a number (default: 3)\n"
        " -q, --quiet                 say nothing\n"
        "     --list ITEM             a very long text, one that does not fit on the rest\n"
        "                             of a line of 80 columns (repeatable; default: "
        "none)\n"
        "\n"
        "Inner:\n"
        "     --name-that-is-long-enough A,VERY,LONG,ARGUMENT\n"
        "                             names (default:\n"
        "                             one-hundred-and-one,one-hundred-and-two,\n"
        "                             one-hundred-and-three,one-hundred-and-four)\n"
        " -h, --help                  print this summary\n"
        "     --version               print the version\n"
        "\n"
        "That is all.\n");
}
END_TEST

/* ---- the options of the programs ---- */

static const struct command_line *const programs[] = {
    &echo_command_line,
    &serve_command_line,
    &load_command_line,
    &passwd_command_line,
};

static void expect_complete(const struct option_row *row)
{
    ck_assert_msg((row->parse != NULL) + (row->take != NULL) + (row->answer != NULL) == 1, "--%s",
                  row->name);
    ck_assert_msg(row->parse == NULL || row->argument == NULL || row->expects != NULL, "--%s",
                  row->name);
    ck_assert_msg(row->help != NULL && row->help[strlen(row->help) - 1] != '.', "--%s", row->name);
    ck_assert_msg(row->more == NULL || row->more[strlen(row->more) - 1] == '.', "--%s", row->name);
}

START_TEST(each_row_of_each_program_is_complete_and_unique)
{
    const struct option_row *rows[OPTIONS_MAX];

    for (size_t p = 0; p < sizeof programs / sizeof programs[0]; p++) {
        size_t n = 0;

        for (const struct option_use *use = programs[p]->uses; use->group != NULL; use++)
            for (const struct option_row *row = use->group->rows; row->name != NULL; row++) {
                expect_complete(row);
                for (size_t i = 0; i < n; i++) {
                    ck_assert_str_ne(rows[i]->name, row->name);
                    ck_assert(row->letter == 0 || rows[i]->letter != row->letter);
                }
                ck_assert_uint_lt(n, OPTIONS_MAX);
                rows[n++] = row;
            }
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, defaults_come_first_and_options_over_them);
    add_test(suite, a_group_fills_its_own_struct);
    add_test(suite, words_may_stand_before_options_unless_they_are_a_command);
    add_test(suite, a_mistake_is_one_sentence_and_status_2);
    add_test(suite, an_answer_ends_the_program_with_status_0);
    add_test(suite, help_shows_each_row_on_lines_of_80_columns);
    add_test(suite, each_row_of_each_program_is_complete_and_unique);
}
