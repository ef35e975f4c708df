/* Writes what the manual pages, README.md and SECURITY.md say about options into a folder:
 *
 *     NAME.mdoc         a group of options, or the words of a program, for the manual pages
 *     NAME_keywords.mdoc  the keywords of a group in a configuration file
 *     PROGRAM.conf      an example of a configuration file
 *     NAME.md           the same as a table for README.md
 *     log_events.mdoc   the events of the servers' logs, and their fields, for nacre-log(5)
 *     metrics_table.mdoc  the metrics of the servers
 *     limits.md         the first columns of SECURITY.md's table of limits
 *
 * "make options" puts them in their places (tests/tools/option_pages). */
#include "apps/client/options.h"
#include "apps/daemon/limits.h"
#include "apps/daemon/log_events.h"
#include "apps/daemon/metrics.h"
#include "apps/echo/options.h"
#include "apps/load/options.h"
#include "apps/options/config_print.h"
#include "apps/passwd/options.h"
#include "apps/serve/options.h"
#include "apps/spec/options.h"
#include "apps/trace/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX = 4096,
    WIDTH = 100,
    UNBROKEN = 24 /* characters of a word without a line break */
};

static const struct command_line *const programs[] = {
    &echo_command_line,   &serve_command_line, &load_command_line, &client_command_line,
    &passwd_command_line, &trace_command_line, &spec_command_line,
};

static const char *folder;
static bool shows_keywords; /* in place of options */

static FILE *create(const char *name, const char *ending)
{
    char path[TEXT_MAX];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* ---- manual pages: mdoc(7) ---- */

/* Is the text a word of the argument, as BEGIN is of BEGIN:RATE:FULL? */
static bool is_argument(const char *argument, const char *text, size_t len)
{
    const char *at = argument;

    if (len == 0)
        return false;
    while (at != NULL && *at != 0) {
        size_t n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (n == len && memcmp(at, text, n) == 0)
            return true;
        at += n + (at[n] != 0);
    }
    return false;
}

/* Text of a macro's line. A long word may be broken after a comma, and is not hyphenated. */
static void put_escaped(FILE *out, const char *text, size_t len)
{
    bool breaks = len > UNBROKEN;

    if (breaks)
        (void)fputs("\\%", out);
    for (size_t i = 0; i < len; i++)
        if (text[i] == '-')
            (void)fputs("\\-", out);
        else
            (void)fprintf(out, "%c%s", text[i], breaks && text[i] == ',' ? "\\:" : "");
}

/* Macros for a literal in which words of the argument may be: "+LIST", "ADDR:PORT". */
static void put_literal(FILE *out, const char *argument, const char *text, size_t len)
{
    const char *start = text;
    bool first = true;

    while (len > 0) {
        size_t capitals = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        size_t n = capitals < len ? capitals : len;
        bool is_name = is_argument(argument, text, n);

        if (text[0] == ' ' && argument == start) { /* two arguments */
            (void)fputc(' ', out);
            text++;
            len--;
            first = true;
            continue;
        }

        (void)fputs(first ? "" : " Ns ", out);
        if (is_name) {
            (void)fputs("Ar ", out);
            for (size_t i = 0; i < n; i++)
                (void)fputc(tolower((unsigned char)text[i]), out);
        } else {
            for (n += n == 0;
                 n < len &&
                 !is_argument(argument, text + n, strspn(text + n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));)
                n++;
            if (n > 1 || first)
                (void)fputs("Li ", out);
            if (first && ispunct((unsigned char)text[0]))
                (void)fputs("\\&", out); /* or mdoc would take it for punctuation */
            put_escaped(out, text, n);
        }
        text += n;
        len -= n;
        first = false;
    }
}

/* The row of an option of a server: its name is the beginning of the text. */
static const struct option_row *server_row(const char *name, size_t len)
{
    for (const struct option_use *use = serve_command_line.uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
                return row;
    return NULL;
}

/* The keyword of an option; false: it has none. */
static bool put_keyword_of(FILE *out, const char *name, size_t len)
{
    const struct option_row *row = server_row(name, strcspn(name, "` "));
    char keyword[CONFIG_KEYWORD_MAX];

    if (row == NULL || config_keyword(row, keyword)[0] == 0)
        return false;
    (void)fprintf(out, "Cm %s%.*s", keyword, (int)(len - strlen(row->name)),
                  name + strlen(row->name));
    return true;
}

/* The macro of what is between backticks. */
static void put_quoted(FILE *out, const char *argument, const char *text, size_t len)
{
    if (len > 2 && text[0] == '-' && text[1] == '-' && shows_keywords &&
        put_keyword_of(out, text + 2, len - 2))
        return;
    if (len > 2 && text[0] == '-' && text[1] == '-')
        (void)fprintf(out, "Fl Fl %.*s", (int)len - 2, text + 2);
    else if (len > 1 && text[0] == '-' && islower((unsigned char)text[1]))
        (void)fprintf(out, "Fl %.*s", (int)len - 1, text + 1);
    else
        put_literal(out, text[0] == '$' ? NULL : argument, text, len);
}

/* A line of text that is being filled. */
struct line {
    FILE *out;
    size_t len;
};

static void end_line(struct line *l)
{
    if (l->len > 0)
        (void)fputc('\n', l->out);
    l->len = 0;
}

static void put_plain(struct line *l, const char *word, size_t len)
{
    if (l->len + 1 + len > WIDTH)
        end_line(l);
    (void)fprintf(l->out, "%s%.*s", l->len > 0 ? " " : "", (int)len, word);
    l->len += 1 + len;
    if (word[len - 1] == '.')
        end_line(l);
}

/* What follows a macro on its line: punctuation, as words. */
static void put_punctuation(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)fprintf(out, " %c", text[i]);
    (void)fputc('\n', out);
}

/* "sshd_config(5)": the length of the name; 0: it is no page. */
static size_t page_name(const char *word, size_t len)
{
    size_t n = strcspn(word, "(");

    return n > 0 && n + 3 <= len && isdigit((unsigned char)word[n + 1]) && word[n + 2] == ')' ? n
                                                                                              : 0;
}

/* One word of a text, or one `literal` with spaces. Returns its end. */
static const char *put_word(struct line *l, const char *argument, const char *word)
{
    size_t len = strcspn(word, " "), name;

    if (word[0] == '`') {
        size_t quoted = strcspn(word + 1, "`");

        end_line(l);
        len = quoted + 2 + strcspn(word + quoted + 2, " ");
        (void)fputc('.', l->out);
        put_quoted(l->out, argument, word + 1, quoted);
        put_punctuation(l->out, word + quoted + 2, len - quoted - 2);
        return word + len;
    }
    name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (is_argument(argument, word, name) && strcspn(word + name, ".,;: ") == 0) {
        end_line(l);
        (void)fputc('.', l->out);
        put_literal(l->out, argument, word, name);
        put_punctuation(l->out, word + name, len - name);
    } else if ((name = page_name(word, len)) > 0) {
        end_line(l);
        (void)fprintf(l->out, ".Xr %.*s %c", (int)name, word, word[name + 1]);
        put_punctuation(l->out, word + name + 3, len - name - 3);
    } else {
        put_plain(l, word, len);
    }
    return word + len;
}

static void put_man_text(FILE *out, const char *argument, const char *text)
{
    struct line l = {.out = out};

    while (*text != 0) {
        text = put_word(&l, argument, text);
        text += strspn(text, " ");
    }
    end_line(&l);
}

/* A phrase as a sentence. */
static void put_man_sentence(FILE *out, const char *argument, const char *before,
                             const char *phrase)
{
    char text[TEXT_MAX];

    (void)snprintf(text, sizeof text, "%s%s.", before, phrase);
    text[0] = (char)toupper((unsigned char)text[0]);
    put_man_text(out, argument, text);
}

/* " Ar bytes Ns Op Li , Ns Ar seconds" */
static void put_man_argument(FILE *out, const char *argument)
{
    const char *optional = strchr(argument, '[');

    (void)fputc(' ', out);
    put_literal(out, argument, argument,
                optional != NULL ? (size_t)(optional - argument) : strlen(argument));
    if (optional != NULL) {
        (void)fputs(" Ns Op ", out);
        put_literal(out, argument, optional + 1, strcspn(optional + 1, "]"));
    }
}

static void put_man_name(FILE *out, const struct option_row *row)
{
    char keyword[CONFIG_KEYWORD_MAX];

    (void)fputs(".It ", out);
    if (row->letter != 0 && !shows_keywords)
        (void)fprintf(out, "Fl %c , ", row->letter);
    (void)fprintf(out, "%s %s", shows_keywords ? "Cm" : "Fl Fl",
                  shows_keywords ? config_keyword(row, keyword) : row->name);
    if (row->argument != NULL)
        put_man_argument(out, row->argument);
    else if (shows_keywords)
        (void)fputs(" Cm yes Ns | Ns Cm no", out);
    (void)fputc('\n', out);
}

/* As an option or, with shows_keywords, as a keyword. */
static void put_man_option(FILE *out, const struct option_row *row)
{
    char text[TEXT_MAX];

    put_man_name(out, row);
    put_man_sentence(out, row->argument, "", row->help);
    if (row->more != NULL)
        put_man_text(out, row->argument, row->more);
    if (row->repeatable)
        (void)fprintf(out, "The %s may be given up to %" PRIu64 " times.\n",
                      shows_keywords ? "keyword" : "option", row->most);
    if (shows_keywords && row->fixed)
        put_man_text(out, row->argument, "A running server cannot change it.");
    if (option_default(row, text, sizeof text)[0] != 0)
        put_man_sentence(out, row->argument, "the default is ", text);
    else if (shows_keywords && row->argument == NULL)
        put_man_sentence(out, NULL, "the default is ", "`no`");
}

static void put_origin(FILE *out)
{
    (void)fputs(".\\\" \"make options\" writes this file from the table of the options.\n", out);
}

static void put_man_group(const struct option_group *group)
{
    FILE *out = create(group->name, "mdoc");

    put_origin(out);
    for (const struct option_row *row = group->rows; row->name != NULL; row++)
        put_man_option(out, row);
    (void)fclose(out);
}

static bool has_keywords(const struct option_group *group)
{
    char keyword[CONFIG_KEYWORD_MAX];

    for (const struct option_row *row = group->rows; row->name != NULL; row++)
        if (config_keyword(row, keyword)[0] != 0)
            return true;
    return false;
}

/* The keywords of a group, in nacre.conf(5). */
static void put_man_keywords(const struct option_group *group)
{
    char name[TEXT_MAX], keyword[CONFIG_KEYWORD_MAX];
    FILE *out;

    if (!has_keywords(group))
        return;
    (void)snprintf(name, sizeof name, "%s_keywords", group->name);
    out = create(name, "mdoc");
    shows_keywords = true;
    put_origin(out);
    for (const struct option_row *row = group->rows; row->name != NULL; row++)
        if (config_keyword(row, keyword)[0] != 0)
            put_man_option(out, row);
    shows_keywords = false;
    (void)fclose(out);
}

/* The keyword for the command of a program, which is no option. */
static void put_man_command(const struct option_row *row)
{
    const struct option_group group = {.name = "command",
                                       .rows = (const struct option_row[]){*row, {0}}};

    put_man_keywords(&group);
}

/* What only the programs have that read a configuration file. */
static void put_configuration(const struct command_line *line)
{
    FILE *out = create(line->name, "conf");

    config_print_example(out, line);
    (void)fclose(out);
    for (const struct option_use *use = line->uses; use->group != NULL; use++)
        put_man_keywords(use->group);
    if (line->command != NULL)
        put_man_command(line->command);
}

static void put_man_words(const struct option_words *words)
{
    FILE *out = create(words->name, "mdoc");
    struct option_word word;

    put_origin(out);
    for (size_t i = 0; words->word(i, &word); i++) {
        (void)fprintf(out, ".It Cm %s", word.name);
        if (word.argument != NULL)
            put_man_argument(out, word.argument);
        (void)fputc('\n', out);
        put_man_sentence(out, word.argument, "", word.about);
    }
    (void)fclose(out);
}

/* ---- README.md, SECURITY.md: tables ---- */

static void put_event_fields(FILE *out, const char *fields)
{
    const char *before = "Fields:\n";

    while (*fields != 0) {
        size_t len = strcspn(fields, " ");

        (void)fputs(before, out);
        if (fields[0] == '@')
            (void)fputs(".Pf ( Cm one for each limit )", out);
        else
            (void)fprintf(out, ".Cm %.*s", (int)len, fields);
        fields += len + (fields[len] == ' ');
        before = " ,\n";
    }
    (void)fputs(" .\n", out);
}

static void put_man_events(void)
{
    FILE *out = create("log_events", "mdoc");

    put_origin(out);
    (void)fputs(".Ss Events\n.Bl -tag -width authorized_keys\n", out);
    for (const struct log_event *e = log_events; e->name != NULL; e++) {
        (void)fprintf(out, ".It Sy %s Pq %s\n", e->name, e->level);
        put_man_text(out, NULL, e->when);
        put_event_fields(out, e->fields);
    }
    (void)fputs(".El\n.Ss Fields\n.Bl -tag -width no_new_privileges\n", out);
    for (const struct log_field *f = log_fields; f->name != NULL; f++) {
        (void)fprintf(out, ".It Cm %s\n", f->name);
        put_man_text(out, NULL, f->about);
    }
    (void)fputs(".El\n", out);
    (void)fclose(out);
}

static void put_man_metrics(void)
{
    FILE *out = create("metrics_table", "mdoc");

    put_origin(out);
    (void)fputs(".Bl -tag -width Ds\n", out);
    for (const struct metric *m = metrics_table; m->name != NULL; m++) {
        (void)fprintf(out, ".It Sy %s Pq %s\n", m->name, m->type);
        put_man_text(out, NULL, m->help);
        if (m->labels != NULL)
            (void)fprintf(out, "Labels: %s.\n", m->labels);
    }
    (void)fputs(".El\n", out);
    (void)fclose(out);
}

static void put_name(FILE *out, const struct option_row *row)
{
    (void)fputs("| ", out);
    if (row->letter != 0)
        (void)fprintf(out, "`-%c`, ", row->letter);
    (void)fprintf(out, "`--%s%s%s` |", row->name, row->argument != NULL ? " " : "",
                  row->argument != NULL ? row->argument : "");
}

static void put_keyword(FILE *out, const struct option_row *row)
{
    char keyword[CONFIG_KEYWORD_MAX];

    if (config_keyword(row, keyword)[0] != 0)
        (void)fprintf(out, " `%s`", keyword);
    (void)fputs(" |", out);
}

static void put_default(FILE *out, const struct option_row *row)
{
    char text[TEXT_MAX];

    if (option_default(row, text, sizeof text)[0] != 0)
        (void)fprintf(out, " %s", text);
    (void)fputs(" |\n", out);
}

/* A program's options, but for the limits, which SECURITY.md has. */
static void put_options_table(const struct command_line *line)
{
    FILE *out = create(line->name, "md");

    (void)fputs(line->reads_config
                    ? "| option | keyword in a file | meaning | default |\n|---|---|---|---|\n"
                    : "| option | meaning | default |\n|---|---|---|\n",
                out);
    for (const struct option_use *use = line->uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows;
             use->group != &limit_options && row->name != NULL; row++) {
            put_name(out, row);
            if (line->reads_config)
                put_keyword(out, row);
            (void)fprintf(out, " %s%s |", row->help, row->repeatable ? "; repeatable" : "");
            put_default(out, row);
        }
    (void)fclose(out);
}

static void put_words_table(const struct option_words *words)
{
    FILE *out = create(words->name, "md");
    struct option_word word;

    (void)fputs("| command | effect |\n|---|---|\n", out);
    for (size_t i = 0; words->word(i, &word); i++)
        (void)fprintf(out, "| `%s%s%s` | %s |\n", word.name, word.argument != NULL ? " " : "",
                      word.argument != NULL ? word.argument : "", word.about);
    (void)fclose(out);
}

static void put_limits_table(void)
{
    FILE *out = create("limits", "md");

    for (const struct option_row *row = limit_options.rows; row->name != NULL; row++) {
        size_t len = row->more != NULL ? strlen(row->more) : 0;

        put_name(out, row);
        (void)fprintf(out, " %s%s%.*s |", row->help, len > 0 ? ". " : "",
                      len > 0 ? (int)len - 1 : 0, len > 0 ? row->more : "");
        put_default(out, row);
    }
    (void)fclose(out);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        for (const struct option_use *use = programs[i]->uses; use->group != NULL; use++)
            put_man_group(use->group);
        if (programs[i]->words != NULL) {
            put_man_words(programs[i]->words);
            put_words_table(programs[i]->words);
        }
        put_options_table(programs[i]);
        if (programs[i]->reads_config)
            put_configuration(programs[i]);
    }
    put_limits_table();
    put_man_events();
    put_man_metrics();
    return 0;
}
