#include "apps/options/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONG = 256 /* getopt's answer to a long option is this and the number of its row */ };

/* The rows of a program in one list, as getopt_long takes them. */
struct table {
    const struct option_row *rows[OPTIONS_MAX];
    void *structs[OPTIONS_MAX]; /* each row's */
    int count;
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 + 2 * OPTIONS_MAX + 1];
};

int options_misused(const struct command_line *line, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "%s: ", line->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, " (try %s --help)\n", line->name);
    return 2;
}

static void add_row(struct table *t, const struct option_row *row, void *options)
{
    char *letters = t->letters + strlen(t->letters);

    t->longs[t->count] = (struct option){
        row->name, row->argument != NULL ? required_argument : no_argument, NULL, LONG + t->count};
    if (row->letter != 0) {
        *letters++ = row->letter;
        if (row->argument != NULL)
            *letters = ':';
    }
    t->rows[t->count] = row;
    t->structs[t->count++] = options;
}

static void make_table(struct table *t, const struct command_line *line, void *options)
{
    /* +: stop at the first word; :: tell a missing value from an unknown option */
    *t = (struct table){.letters = {0}};
    (void)snprintf(t->letters, sizeof t->letters, "%s", line->runs_command ? "+:" : ":");
    for (const struct option_use *use = line->uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            if (t->count < OPTIONS_MAX)
                add_row(t, row, (char *)options + use->at);
}

static int find(const struct table *t, int answer)
{
    int i = 0;

    if (answer >= LONG)
        return answer - LONG;
    while (t->rows[i]->letter != answer)
        i++;
    return i;
}

bool option_set(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    char why[OPTION_SENTENCE_MAX];
    struct errbuf more = errbuf_in(why, sizeof why);

    if (row->parse != NULL ? row->parse(options, value) : row->take(row, options, value, &more))
        return true;
    if (why[0] != 0)
        return errbuf_say(p, "--%s: %s", row->name, why);
    return errbuf_say(p, "--%s: '%s' is not %s", row->name, value, row->expects);
}

static bool set_defaults(const struct command_line *line, const struct table *t, int *status)
{
    char errbuf[OPTION_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);

    for (int i = 0; i < t->count; i++)
        if (t->rows[i]->default_value != NULL &&
            !option_set(t->rows[i], t->structs[i], t->rows[i]->default_value, &p)) {
            *status = options_misused(line, "%s", errbuf);
            return false;
        }
    return true;
}

/* What getopt_long answers '?' or ':' to; `word` is where it was. */
static int wrong_option(const struct command_line *line, int answer, const char *word)
{
    const char letter[] = {'-', (char)optopt, 0};

    if (answer == ':')
        return options_misused(line, "%s: the value is missing", word);
    if (optopt >= LONG)
        return options_misused(line, "%s: the option takes no value", word);
    return options_misused(line, "%s: there is no such option", optopt == 0 ? word : letter);
}

int options_read(const struct command_line *line, void *options, int argc, char **argv, int *status)
{
    char errbuf[OPTION_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    struct table t;
    int answer;

    make_table(&t, line, options);
    if (!set_defaults(line, &t, status))
        return 0;
    opterr = 0;
    while ((answer = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
        int i;

        if (answer == '?' || answer == ':') {
            *status = wrong_option(line, answer, argv[optind - 1]);
            return 0;
        }
        i = find(&t, answer);
        if (t.rows[i]->answer != NULL) {
            t.rows[i]->answer(line);
            *status = 0;
            return 0;
        }
        if (!option_set(t.rows[i], t.structs[i], optarg, &p)) {
            *status = options_misused(line, "%s", errbuf);
            return 0;
        }
    }
    return optind;
}

const char *option_default(const struct option_row *row, char *out, size_t size)
{
    if (row->default_text != NULL)
        (void)snprintf(out, size, "%s", row->default_text);
    else if (row->default_value != NULL)
        (void)snprintf(out, size, "`%s`", row->default_value);
    else
        out[0] = 0;
    return out;
}
