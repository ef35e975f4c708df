#include "apps/options/help.h"

#include "transport/api.h"

#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 80,  /* columns of a line */
    INDENT = 29, /* ... before the text of an option */
    TEXT_MAX = 1024
};

/* The columns of a word without its backticks. */
static int columns(const char *word, size_t len)
{
    int n = 0;

    for (size_t i = 0; i < len; i++)
        n += word[i] != '`';
    return n;
}

/* The length of the next word. One that is longer than a line ends after a comma. */
static size_t word_length(const char *text, int room)
{
    size_t len = strcspn(text, " "), fits = 0;

    if (columns(text, len) <= room)
        return len;
    for (size_t i = 1; i <= len && columns(text, i) <= room; i++)
        if (text[i - 1] == ',')
            fits = i;
    return fits > 0 ? fits : len;
}

/* Print a text from column `at` on, its further lines from column `indent`; without backticks. */
static void put_text(const char *text, int at, int indent)
{
    bool first = true;

    while (*text != 0) {
        size_t len = word_length(text, WIDTH - indent);
        bool spaced = !first && text[-1] == ' ';

        if (!first && at + spaced + columns(text, len) > WIDTH) {
            (void)printf("\n%*s", indent, "");
            at = indent;
        } else if (spaced) {
            (void)putchar(' ');
            at++;
        }
        for (size_t i = 0; i < len; i++)
            if (text[i] != '`')
                (void)putchar(text[i]);
        at += columns(text, len);
        text += len;
        text += *text == ' ';
        first = false;
    }
    (void)putchar('\n');
}

/* " -l, --listen ADDR:PORT": returns its columns. */
static int put_name(const struct option_row *row)
{
    const char letter[] = {'-', row->letter, ',', 0};

    return printf(" %3s --%s%s%s", row->letter != 0 ? letter : "", row->name,
                  row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
}

/* From the end of a name to the column where the texts begin. */
static void put_gap(int at)
{
    if (at > INDENT - 2)
        (void)printf("\n%*s", INDENT, "");
    else
        (void)printf("%*s", INDENT - at, "");
}

static void put_option(const struct option_row *row)
{
    char text[TEXT_MAX], fallback[TEXT_MAX / 2];
    const char *standard = option_default(row, fallback, sizeof fallback);

    put_gap(put_name(row));
    if (standard[0] != 0)
        (void)snprintf(text, sizeof text, "%s (%sdefault: %s)", row->help,
                       row->repeatable ? "repeatable; " : "", standard);
    else
        (void)snprintf(text, sizeof text, "%s%s", row->help,
                       row->repeatable ? " (repeatable)" : "");
    put_text(text, INDENT, INDENT);
}

static void put_words(const struct option_words *words)
{
    struct option_word word;

    (void)printf("\n%s\n", words->title);
    for (size_t i = 0; words->word(i, &word); i++) {
        put_gap(printf("  %s%s%s", word.name, word.argument != NULL ? " " : "",
                       word.argument != NULL ? word.argument : ""));
        put_text(word.about, INDENT, INDENT);
    }
}

static void put_help(const struct command_line *line)
{
    (void)printf("usage: %s [OPTION]...%s%s\n", line->name, line->usage != NULL ? " " : "",
                 line->usage != NULL ? line->usage : "");
    put_text(line->about, 0, 0);
    if (line->words != NULL)
        put_words(line->words);
    (void)putchar('\n');
    for (const struct option_use *use = line->uses; use->group != NULL; use++) {
        if (use->group->title != NULL)
            (void)printf("\n%s\n", use->group->title);
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            put_option(row);
    }
    if (line->notes != NULL) {
        (void)putchar('\n');
        put_text(line->notes, 0, 0);
    }
}

static void put_version(const struct command_line *line)
{
    (void)printf("%s " NACRE_VERSION "\n", line->name);
}

/* clang-format off */
static const struct option_row general_rows[] = {
    {.name = "help", .letter = 'h', .answer = put_help, .help = "print this summary"},
    {.name = "version", .answer = put_version, .help = "print the version"},
    {0},
};
/* clang-format on */

const struct option_group general_options = {.name = "general_options", .rows = general_rows};
