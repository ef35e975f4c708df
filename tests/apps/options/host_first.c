/* A host that stands among the options, as in ssh, and the largest table of options. */
#include "apps/options/options.h"
#include "apps/options/values.h"
#include "tests/support/child.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct options {
    uint32_t number;
    bool quiet;
};

static const struct option_row rows[] = {
    {.name = "number",
     .letter = 'n',
     .argument = "N",
     OPTION_U32(struct options, number),
     .most = 9,
     .help = "a number"},
    {.name = "quiet", .letter = 'q', OPTION_FLAG(struct options, quiet), .help = "say nothing"},
    {0},
};
static const struct option_group group = {.name = "group", .rows = rows};
static const struct option_use uses[] = {{&group, 0}, {0}};
static const struct command_line line = {
    .name = "p", .about = "Does.", .uses = uses, .runs_command = true, .host_first = true};

enum { WORDS = 8 };

static char text[WORDS][32];
static char *words[WORDS + 1];

/* Split a command line. Returns the number of its words. */
static int split(const char *command)
{
    int count = 0;

    for (size_t len; *command != 0; command += len + (command[len] == ' ')) {
        len = strcspn(command, " ");
        (void)snprintf(text[count], sizeof text[0], "%.*s", (int)len, command);
        words[count] = text[count];
        count++;
    }
    words[count] = NULL;
    return count;
}

static const struct {
    const char *command, *order; /* as it was given, and afterwards */
    int first;                   /* word that is no option: the host */
    uint32_t number;
    bool quiet;
} lines[] = {
    {"p host", "p host", 1, 0, false},
    {"p host ls", "p host ls", 1, 0, false},
    {"p -q host", "p -q host", 2, 0, true},
    {"p host -q", "p -q host", 2, 0, true},
    {"p host -q ls -n", "p -q host ls -n", 2, 0, true},
    {"p host -n 5 -q ls", "p -n 5 -q host ls", 4, 5, true},
    {"p -n 5 host --quiet ls -q", "p -n 5 --quiet host ls -q", 4, 5, true},
    {"p --number 5 host", "p --number 5 host", 3, 5, false},
    {"p --number=7 host -n3", "p --number=7 -n3 host", 3, 3, false},
    {"p host -- -q", "p -- host -q", 2, 0, false},
    {"p host -q -- -n", "p -q -- host -n", 3, 0, true},
    {"p -- host -q", "p -- host -q", 2, 0, false},
    {"p -q -- host -n", "p -q -- host -n", 3, 0, true},
    {"p", "p", 1, 0, false},
    {"p -q", "p -q", 2, 0, true},
};

START_TEST(options_may_follow_the_host_but_not_its_command)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct options options = {0};
        int status = -1, count = split(lines[i].command);

        ck_assert_int_eq(options_read(&line, &options, count, words, &status), lines[i].first);
        noted[0] = 0;
        for (int k = 0; k < count; k++)
            note("%s%s", k == 0 ? "" : " ", words[k]);
        expect_notes(lines[i].order);
        ck_assert_ptr_null(words[count]);
        ck_assert_uint_eq(options.number, lines[i].number);
        ck_assert_int_eq(options.quiet, lines[i].quiet);
    }
}
END_TEST

static const char *command;

static int read_command(void)
{
    struct options options = {0};
    int status = -1, count = split(command);

    return options_read(&line, &options, count, words, &status) != 0 ? 99 : status;
}

START_TEST(a_mistake_on_either_side_of_the_host_is_named)
{
    static const char *const mistakes[][2] = {
        {"p -n", "p: -n: the value is missing (try p --help)\n"},
        {"p host -n", "p: -n: the value is missing (try p --help)\n"},
        {"p -q host --quiet --number", "p: --number: the value is missing (try p --help)\n"},
        {"p host -x", "p: -x: there is no such option (try p --help)\n"},
        {"p --other host", "p: --other: there is no such option (try p --help)\n"},
        {"p host --quiet=5", "p: --quiet=5: the option takes no value (try p --help)\n"},
        {"p host -n 10", "p: --number: '10' is not a number from 0 to 9 (try p --help)\n"},
    };

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        command = mistakes[i][0];
        ck_assert_int_eq(WEXITSTATUS(in_child(read_command)), 2);
        ck_assert_str_eq(child_said, mistakes[i][1]);
    }
}
END_TEST

/* A program has up to OPTIONS_MAX options: here each has a letter and a value. */
static struct option_row many[OPTIONS_MAX + 2];
static char names[OPTIONS_MAX + 1][8];
static uint32_t values[OPTIONS_MAX + 1];

static const struct option_group many_group = {.name = "many", .rows = many};
static const struct option_use many_uses[] = {{&many_group, 0}, {0}};
static const struct command_line many_line = {.name = "p", .about = "Does.", .uses = many_uses};

static void make_many(void)
{
    for (unsigned i = 0; i <= OPTIONS_MAX; i++) {
        (void)snprintf(names[i], sizeof names[0], "o%u", i);
        many[i] = (struct option_row){.name = names[i],
                                      .letter = (char)('0' + i % 64),
                                      .argument = "N",
                                      .take = option_u32,
                                      .member = i * sizeof values[0],
                                      .most = 1000};
    }
}

static int read_many(const char *given)
{
    int status = -1, count = split(given);

    memset(values, 0, sizeof values);
    return options_read(&many_line, values, count, words, &status) != 0 ? count : status;
}

static int read_one_too_many(void)
{
    return read_many("p --o128=4");
}

START_TEST(a_program_has_up_to_128_options)
{
    make_many();
    ck_assert_int_eq(read_many("p --o0=1 --o127=2 --o64=3"), 4);
    ck_assert_uint_eq(values[0], 1);
    ck_assert_uint_eq(values[127], 2);
    ck_assert_uint_eq(values[64], 3);
    ck_assert_int_eq(WEXITSTATUS(in_child(read_one_too_many)), 2);
    ck_assert_str_eq(child_said, "p: --o128=4: there is no such option (try p --help)\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, options_may_follow_the_host_but_not_its_command);
    add_test(suite, a_mistake_on_either_side_of_the_host_is_named);
    add_test(suite, a_program_has_up_to_128_options);
}
