/* A configuration file: keywords for the options of a program, in the syntax of sshd_config(5).
 *
 * Reading a file only records which keywords have which values; options.c then sets the options.
 * Problems are collected, so that all of them can be printed at once. */
#ifndef NACRE_APPS_OPTIONS_CONFIG_H
#define NACRE_APPS_OPTIONS_CONFIG_H

#include "apps/options/options.h"

enum {
    CONFIG_DEPTH_MAX = 16,  /* files that include each other */
    CONFIG_FILES_MAX = 256, /* files, each as often as it is included */
    CONFIG_KEYWORD_MAX = 64 /* bytes of a keyword, its NUL included */
};

/* The options -f, -t and -T. The struct of this group is a struct config_options. */
extern const struct option_group config_options;

struct config_options {
    const char *file;      /* --config FILE; or NULL */
    bool test, print;      /* --test-config, --print-config */
    struct config *config; /* what options_read has read; or NULL */
};

void config_options_clear(struct config_options *options);

/* Where a value is: "FILE:LINE". */
struct config_place {
    const char *file;
    unsigned line;
};

/* A keyword and its value. Values live as long as the struct config. */
struct config_entry {
    const struct option_row *row;
    const char *value;        /* the command of a program that runs one: its first word */
    const char *const *words; /* the words of the value, NULL-terminated */
    struct config_place at;
};

/* A keyword of the table: that of the row, or its name in CamelCase; "" for a row that has none. */
const char *config_keyword(const struct option_row *row, char out[CONFIG_KEYWORD_MAX]);

/* The i-th row of the program that has a keyword; NULL past the last one. */
const struct option_row *config_next_row(const struct command_line *line, size_t i);

/* NULL: out of memory. */
struct config *config_new(const struct command_line *line);
void config_free(struct config *config);

/* Read a file and what it includes. A file that other users can write to is a problem. */
void config_read(struct config *config, const char *file);

/* Read a text as if it was the content of that file: `len` bytes, which are changed. Without
 * `includes`, Include is a problem. */
void config_read_text(struct config *config, const char *file, char *text, size_t len,
                      bool includes);

/* The i-th entry, in the order of the files; NULL past the last one. */
const struct config_entry *config_entry(const struct config *config, size_t i);

/* The i-th file that was read; NULL past the last one. */
const char *config_file(const struct config *config, size_t i);

/* The i-th folder in which files were looked for with wildcards; NULL past the last one. */
const char *config_searched(const struct config *config, size_t i);

/* The command of a program that runs one, NULL-terminated; NULL: there is none in the file. */
char **config_command(const struct config *config);

/* The place of a value that an option points to: "FILE:LINE" in `out`, otherwise "". */
const char *config_place(const struct config *config, const char *value, char *out, size_t size);

/* Add a problem, "FILE:LINE: SENTENCE"; or "SENTENCE" without a place. */
void config_problem(struct config *config, const struct config_place *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add a problem if a row has other values than before: it cannot change while the program runs. */
void config_compare(struct config *config, const struct config *before,
                    const struct option_row *row);

/* All problems, each with its newline; "": there is none. */
const char *config_problems(const struct config *config);

#endif
