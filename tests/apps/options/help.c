/* How --help breaks lines. */
#include "apps/options/help.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define A10 "aaaaaaaaaa"
#define B10 "bbbbbbbbbb"
#define GAP "                             " /* 29 columns, before the text of an option */
#define BESIDE "                     "      /* ... and so many after "     --a" */

/* What --help of that program prints; the caller frees it. */
static char *print(const struct command_line *line)
{
    int before = dup(STDOUT_FILENO);
    const char *file = scratch_write("out", "", 0600);

    ck_assert_ptr_nonnull(freopen(file, "w", stdout));
    general_options.rows[0].answer(line);
    (void)fflush(stdout);
    ck_assert_int_eq(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(before);
    return scratch_read(file);
}

static void expect_option(const struct option_row *row, const char *expected)
{
    const struct option_row rows[] = {*row, {0}};
    const struct option_group group = {.name = "rows", .rows = rows};
    const struct option_use uses[] = {{&group, 0}, {0}};
    const struct command_line line = {.name = "p", .about = "x", .uses = uses};
    char whole[2048], *text = print(&line);

    (void)snprintf(whole, sizeof whole, "usage: p [OPTION]...\nx\n\n%s", expected);
    ck_assert_str_eq(text, whole);
    free(text);
}

START_TEST(a_name_of_up_to_27_columns_has_its_text_beside_it)
{
    expect_option(&(struct option_row){.name = "a", .letter = 'x', .help = "help"},
                  " -x, --a                     help\n");
    expect_option(&(struct option_row){.name = "a", .argument = "N", .help = "help"},
                  "     --a N                   help\n");
    expect_option(&(struct option_row){.name = A10 A10, .help = "help"},
                  "     --" A10 A10 "  help\n");
    expect_option(&(struct option_row){.name = A10 A10 "c", .help = "help"},
                  "     --" A10 A10 "c\n" GAP "help\n");
}
END_TEST

/* 51 columns are left for the text of an option. */
static const struct {
    const char *help, *printed;
} texts[] = {
    /* words */
    {"one two", "one two\n"},
    {A10 A10 "aaaaa " B10 B10 "bbbbb c", A10 A10 "aaaaa " B10 B10 "bbbbb\n" GAP "c\n"},
    {A10 A10 "aaaaa " B10 B10 "bbbbbb", A10 A10 "aaaaa\n" GAP B10 B10 "bbbbbb\n"},
    {A10 A10 A10 A10 A10 "a b", A10 A10 A10 A10 A10 "a\n" GAP "b\n"},
    /* what is printed literally has no columns for its marks */
    {"`" A10 "` " A10 A10 " `" B10 B10 "`", A10 " " A10 A10 "\n" GAP B10 B10 "\n"},
    {"`" A10 "` " A10 A10 " `" B10 "bbbbbbbb`", A10 " " A10 A10 " " B10 "bbbbbbbb\n"},
    /* a word that is too long ends after a comma, if it has one there */
    {A10 A10 A10 "," B10 B10 B10, A10 A10 A10 ",\n" GAP B10 B10 B10 "\n"},
    {"a,b," A10 A10 A10 A10 "aaaaaa," B10, "a,b," A10 A10 A10 A10 "aaaaaa,\n" GAP B10 "\n"},
    {"a,b," A10 A10 A10 A10 "aaaaaaa," B10, "a,b,\n" GAP A10 A10 A10 A10 "aaaaaaa,\n" GAP B10 "\n"},
    {"a,b," A10 A10 A10 A10 "aaaaaa,", "a,b," A10 A10 A10 A10 "aaaaaa,\n"},
    {"x " A10 A10 A10 A10 A10 A10 " y", "x\n" GAP A10 A10 A10 A10 A10 A10 "\n" GAP "y\n"},
};

START_TEST(a_line_has_80_columns)
{
    char printed[1024];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)snprintf(printed, sizeof printed, "     --a%s%s", BESIDE, texts[i].printed);
        expect_option(&(struct option_row){.name = "a", .help = texts[i].help}, printed);
    }
}
END_TEST

START_TEST(defaults_and_repetitions_are_named)
{
    static const struct option_row rows[] = {
        {.name = "a", .help = "h", .default_value = "5"},
        {.name = "a", .help = "h", .default_text = "as `b` says"},
        {.name = "a", .help = "h", .repeatable = true},
        {.name = "a", .help = "h", .repeatable = true, .default_value = "5"},
    };
    static const char *const printed[] = {"h (default: 5)", "h (default: as b says)",
                                          "h (repeatable)", "h (repeatable; default: 5)"};
    char line[256];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(line, sizeof line, "     --a%s%s\n", BESIDE, printed[i]);
        expect_option(&rows[i], line);
    }
}
END_TEST

static bool put_word(size_t i, struct option_word *word)
{
    static const struct option_word words[] = {{"walk", "N", "walks"},
                                               {"stay", NULL, "stays"},
                                               {A10 B10 "bbbbb", NULL, "is long"},
                                               {A10 B10 "bbbbbb", NULL, "is longer"}};

    if (i >= sizeof words / sizeof words[0])
        return false;
    *word = words[i];
    return true;
}

START_TEST(the_parts_of_a_help_come_in_this_order)
{
    static const struct option_row rows[] = {{.name = "a", .help = "one"}, {0}};
    const struct option_group first = {.name = "first", .rows = rows},
                              second = {.name = "second", .title = "More:", .rows = rows};
    const struct option_use uses[] = {{&first, 0}, {&second, 0}, {0}};
    const struct option_words words = {.name = "words", .title = "Words:", .word = put_word};
    const struct command_line line = {.name = "p",
                                      .usage = "FILE",
                                      .about = A10 A10 A10 A10 " " B10 B10 B10 "bbbbbbbbb c",
                                      .words = &words,
                                      .uses = uses,
                                      .notes = "The end."};
    char *text = print(&line);

    ck_assert_str_eq(text,
                     "usage: p [OPTION]... FILE\n" A10 A10 A10 A10 " " B10 B10 B10 "bbbbbbbbb\nc\n"
                     "\nWords:\n"
                     "  walk N                     walks\n"
                     "  stay                       stays\n"
                     "  " A10 B10 "bbbbb  is long\n"
                     "  " A10 B10 "bbbbbb\n" GAP "is longer\n"
                     "\n     --a                     one\n"
                     "\nMore:\n"
                     "     --a                     one\n"
                     "\nThe end.\n");
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_name_of_up_to_27_columns_has_its_text_beside_it);
    add_test(suite, a_line_has_80_columns);
    add_test(suite, defaults_and_repetitions_are_named);
    add_test(suite, the_parts_of_a_help_come_in_this_order);
}
