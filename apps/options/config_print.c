#include "apps/options/config_print.h"

#include "apps/options/config_line.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024, WIDTH = 78 /* columns of a comment */ };

bool config_print_words(FILE *out, const struct option_row *row, const char *const *words)
{
    char keyword[CONFIG_KEYWORD_MAX];
    bool good = true;

    (void)fputs(config_keyword(row, keyword), out);
    for (; *words != NULL && good; words++) {
        char *quoted = malloc(2 * strlen(*words) + 3);

        good = quoted != NULL && strchr(*words, '\n') == NULL;
        if (good) {
            (void)config_word_quote(quoted, *words);
            (void)fprintf(out, " %s", quoted);
        }
        free(quoted);
    }
    (void)fputc('\n', out);
    return good;
}

bool config_print_value(FILE *out, const struct option_row *row, const char *value)
{
    return config_print_words(out, row, (const char *const[]){value, NULL});
}

/* ---- the example ---- */

/* A text without backticks, as a comment. */
static void put_comment(FILE *out, const char *text)
{
    size_t at = 0;

    while (*text != 0) {
        size_t len = strcspn(text, " ");

        if (at > 0 && at + 1 + len > WIDTH) {
            (void)fputc('\n', out);
            at = 0;
        }
        (void)fputs(at == 0 ? "# " : " ", out);
        at += at == 0 ? 2 : 1;
        for (size_t i = 0; i < len; i++)
            if (text[i] != '`')
                (void)fputc(text[i], out);
        at += len;
        text += len + (text[len] == ' ');
    }
    (void)fputc('\n', out);
}

/* The value that the example shows: the default, if it is one value, otherwise the form. */
static void put_shown_value(FILE *out, const struct option_row *row)
{
    const char *text = row->default_text;

    if (row->argument == NULL)
        (void)fputs("no", out);
    else if (row->default_value != NULL)
        (void)fputs(row->default_value, out);
    else if (text != NULL && text[0] == '`')
        (void)fprintf(out, "%.*s", (int)strcspn(text + 1, "`"), text + 1);
    else
        (void)fputs(row->argument, out);
}

static void put_setting(FILE *out, const struct option_row *row)
{
    char text[TEXT_MAX], standard[TEXT_MAX / 2], keyword[CONFIG_KEYWORD_MAX];
    bool has_default = option_default(row, standard, sizeof standard)[0] != 0;

    (void)snprintf(text, sizeof text, "%s%s%s%s", row->help, row->repeatable ? "; repeatable" : "",
                   has_default ? "; default: " : "", standard);
    (void)fputc('\n', out);
    put_comment(out, text);
    (void)fprintf(out, "#%s ", config_keyword(row, keyword));
    put_shown_value(out, row);
    (void)fputc('\n', out);
}

void config_print_example(FILE *out, const struct command_line *line)
{
    const struct option_row *row;

    (void)fprintf(out,
                  "# Configuration of %s: see nacre.conf(5). Every keyword is shown with its\n"
                  "# default, or with the form of its value, in a comment.\n",
                  line->name);
    for (size_t i = 0; (row = config_next_row(line, i)) != NULL; i++)
        put_setting(out, row);
}
