#include "apps/options/options.h"

#include "apps/options/config.h"
#include "apps/options/config_print.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { LONG = 256 /* getopt's answer to a long option is this and the number of its row */ };

/* The rows of a program in one list, as getopt_long takes them. */
struct table {
    const struct option_row *rows[OPTIONS_MAX];
    void *structs[OPTIONS_MAX]; /* each row's */
    bool given[OPTIONS_MAX];    /* on the command line */
    bool in_file[OPTIONS_MAX];  /* set by a configuration file */
    int count;
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 + 2 * OPTIONS_MAX + 1];
};

/* A command line that is being read. */
struct reading {
    const struct command_line *line;
    void *options;
    int argc;
    char **argv;
    struct table table;
    struct config_options *config; /* NULL: the program reads no configuration file */
};

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

static void make_table(struct reading *r)
{
    struct table *t = &r->table;

    /* +: stop at the first word; :: tell a missing value from an unknown option */
    (void)snprintf(t->letters, sizeof t->letters, "%s", r->line->runs_command ? "+:" : ":");
    for (const struct option_use *use = r->line->uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            if (t->count < OPTIONS_MAX)
                add_row(t, row, (char *)r->options + use->at);
}

/* ---- the command line ---- */

static int find(const struct table *t, int answer)
{
    int i = 0;

    if (answer >= LONG)
        return answer - LONG;
    while (t->rows[i]->letter != answer)
        i++;
    return i;
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

static void begin_options(void)
{
    opterr = 0;
    optind = 0; /* glibc: from the start */
}

static int next_option(struct reading *r)
{
    return getopt_long(r->argc, r->argv, r->table.letters, r->table.longs, NULL);
}

/* Go to the first word after `from` that is no option. False: the last option lacks its value. */
static bool skip_options(const struct reading *r, int from)
{
    int answer, last = 0;

    begin_options();
    while ((answer = getopt_long(r->argc - from, r->argv + from, r->table.letters, r->table.longs,
                                 NULL)) != -1)
        last = answer;
    return last != ':';
}

/* Put a host after the options that follow it, and before its command. False: *status is the exit
 * status. */
static bool move_host(const struct reading *r, int *status)
{
    int at, more;
    char *host;

    (void)skip_options(r, 0);
    at = optind;
    if (at >= r->argc || strcmp(r->argv[at - 1], "--") == 0)
        return true;
    if (!skip_options(r, at)) {
        *status = wrong_option(r->line, ':', r->argv[at + optind - 1]);
        return false;
    }
    host = r->argv[at];
    more = optind - 1; /* the host is in the place of the program's name */
    memmove(r->argv + at, r->argv + at + 1, (size_t)more * sizeof r->argv[0]);
    r->argv[at + more] = host;
    return true;
}

/* Find out which options there are, and set those about the configuration file. False: *status is
 * the exit status. */
static bool look_through(struct reading *r, int *status)
{
    char errbuf[OPTION_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    struct table *t = &r->table;
    int answer;

    begin_options();
    while ((answer = next_option(r)) != -1) {
        const struct option_row *row;
        int i;

        if (answer == '?' || answer == ':') {
            *status = wrong_option(r->line, answer, r->argv[optind - 1]);
            return false;
        }
        i = find(t, answer);
        row = t->rows[i];
        t->given[i] = true;
        if (row->answer != NULL) {
            row->answer(r->line);
            *status = 0;
            return false;
        }
        if (t->structs[i] == r->config && !option_set(row, r->config, optarg, &p)) {
            *status = options_misused(r->line, "%s", errbuf);
            return false;
        }
    }
    return true;
}

/* The value of an option takes the place of an earlier one. */
static bool set_given(struct reading *r, const struct errbuf *p)
{
    struct table *t = &r->table;
    int answer;

    begin_options();
    while ((answer = next_option(r)) != -1) {
        int i = find(t, answer);
        const char *standard = t->rows[i]->default_value;

        if ((standard != NULL && !option_set(t->rows[i], t->structs[i], standard, p)) ||
            !option_set(t->rows[i], t->structs[i], optarg, p))
            return false;
    }
    return true;
}

static bool set_defaults(struct reading *r, const struct errbuf *p)
{
    struct table *t = &r->table;

    for (int i = 0; i < t->count; i++)
        if (t->rows[i]->default_value != NULL &&
            !option_set(t->rows[i], t->structs[i], t->rows[i]->default_value, p))
            return false;
    return true;
}

/* ---- the configuration file ---- */

static int index_of(const struct table *t, const struct option_row *row)
{
    for (int i = 0; i < t->count; i++)
        if (t->rows[i] == row)
            return i;
    return -1; /* the command */
}

/* The first value of a keyword counts, or all of them if the option is repeatable. */
static bool is_effective(const struct table *t, int i)
{
    return i >= 0 && !t->given[i] && (t->rows[i]->repeatable || !t->in_file[i]);
}

static void set_from_file(struct reading *r)
{
    struct config *config = r->config->config;
    struct table *t = &r->table;
    const struct config_entry *entry;

    for (size_t n = 0; (entry = config_entry(config, n)) != NULL; n++) {
        char keyword[CONFIG_KEYWORD_MAX], why[OPTION_SENTENCE_MAX];
        const struct errbuf p = errbuf_in(why, sizeof why);
        int i = index_of(t, entry->row);

        if (!is_effective(t, i))
            continue;
        t->in_file[i] = true;
        if (!option_set_as(entry->row, t->structs[i], entry->value,
                           config_keyword(entry->row, keyword), &p))
            config_problem(config, &entry->at, "%s", why);
    }
}

/* False: out of memory. */
static bool read_file(struct reading *r)
{
    struct config_options *o = r->config;

    o->config = config_new(r->line);
    if (o->config == NULL)
        return false;
    if (o->file != NULL)
        config_read(o->config, o->file);
    set_from_file(r);
    return true;
}

/* The same; false: there is a problem, which was printed. */
static bool read_file_and_print(struct reading *r)
{
    struct config_options *o = r->config;

    if (!read_file(r)) {
        (void)fprintf(stderr, "%s: out of memory\n", r->line->name);
        return false;
    }
    if (o->test && !o->print) /* there may be more to find */
        return true;
    (void)fputs(config_problems(o->config), stderr);
    return config_problems(o->config)[0] == 0;
}

/* ---- -T ---- */

/* The last value of the option on the command line, or all of them. */
static bool print_given(struct reading *r, int i)
{
    const struct option_row *row = r->table.rows[i];
    const char *last = NULL;
    bool good = true;
    int answer;

    begin_options();
    while ((answer = next_option(r)) != -1)
        if (find(&r->table, answer) == i) {
            last = row->argument != NULL ? optarg : "yes";
            good = (!row->repeatable || config_print_value(stdout, row, last)) && good;
        }
    return good && (row->repeatable || config_print_value(stdout, row, last));
}

static bool print_from_file(const struct reading *r, const struct option_row *row)
{
    const struct config_entry *entry;
    bool good = true, found = false;

    for (size_t n = 0; (entry = config_entry(r->config->config, n)) != NULL; n++)
        if (entry->row == row && (row->repeatable || !found)) {
            good = config_print_value(stdout, row, entry->value) && good;
            found = true;
        }
    return good;
}

static bool print_row(struct reading *r, int i)
{
    const struct option_row *row = r->table.rows[i];
    char keyword[CONFIG_KEYWORD_MAX];

    if (config_keyword(row, keyword)[0] == 0)
        return true;
    if (row->show != NULL)
        return config_print_value(stdout, row, row->show(r->table.structs[i]));
    if (r->table.given[i])
        return print_given(r, i);
    if (r->table.in_file[i])
        return print_from_file(r, row);
    if (row->default_value != NULL)
        return config_print_value(stdout, row, row->default_value);
    return row->argument != NULL || config_print_value(stdout, row, "no");
}

static bool print_command(const struct reading *r, int first)
{
    const struct option_row *row = r->line->command;
    char **words = first < r->argc ? r->argv + first : config_command(r->config->config);

    return row == NULL || words == NULL ||
           config_print_words(stdout, row, (const char *const *)words);
}

static int print_all(struct reading *r, int first)
{
    bool good = print_command(r, first);

    for (int i = 0; i < r->table.count; i++)
        good = print_row(r, i) && good;
    if (!good)
        (void)fprintf(stderr, "%s: a value contains a line break, which no file can have\n",
                      r->line->name);
    return good ? 0 : 1;
}

static struct reading begin(const struct command_line *line, void *options, int argc, char **argv)
{
    struct reading r = {.line = line, .options = options, .argc = argc, .argv = argv};

    make_table(&r);
    if (line->reads_config)
        r.config = (void *)((char *)options + line->config);
    return r;
}

int options_read(const struct command_line *line, void *options, int argc, char **argv, int *status)
{
    struct reading r = begin(line, options, argc, argv);
    char errbuf[OPTION_SENTENCE_MAX];
    struct errbuf p = errbuf_in(errbuf, sizeof errbuf);
    int first;

    if ((line->host_first && !move_host(&r, status)) || !look_through(&r, status))
        return 0;
    if (set_defaults(&r, &p) && line->reads_config && !read_file_and_print(&r)) {
        *status = 1;
        return 0;
    }
    if (errbuf[0] != 0 || !set_given(&r, &p)) {
        *status = options_misused(line, "%s", errbuf);
        return 0;
    }
    first = optind;
    if (r.config == NULL || !r.config->print)
        return first;
    *status = print_all(&r, first);
    return 0;
}

/* ---- once more ---- */

static void check_fixed(struct reading *r, const struct config *before)
{
    struct config *config = r->config->config;

    for (int i = 0; i < r->table.count; i++)
        if (r->table.rows[i]->fixed && !r->table.given[i])
            config_compare(config, before, r->table.rows[i]);
    if (r->line->command != NULL && optind == r->argc) /* the command line has none */
        config_compare(config, before, r->line->command);
}

int options_reread(const struct command_line *line, void *options, const void *before, int argc,
                   char **argv, const struct errbuf *p)
{
    const struct config_options *old = (const void *)((const char *)before + line->config);
    struct reading r = begin(line, options, argc, argv);
    int status;

    if (!look_through(&r, &status) || !set_defaults(&r, p))
        return 0; /* neither happens: they were good before */
    if (!read_file(&r)) {
        errbuf_say(p, "out of memory");
        return 0;
    }
    if (!set_given(&r, p))
        return 0;
    if (config_problems(r.config->config)[0] == 0)
        check_fixed(&r, old->config);
    if (config_problems(r.config->config)[0] == 0)
        return optind;
    errbuf_say(p, "%s", config_problems(r.config->config));
    return 0;
}
