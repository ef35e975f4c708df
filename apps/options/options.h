/* The options of a program, one row each. Parsing, --help, the options in the manual page and the
 * table in README.md all come from the rows; "make options" writes the last two.
 *
 * Texts are plain English, in which `backticks` mark what is typed or printed literally. */
#ifndef NACRE_APPS_OPTIONS_OPTIONS_H
#define NACRE_APPS_OPTIONS_OPTIONS_H

#include "apps/session/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OPTIONS_MAX = 128,         /* options of one program */
    OPTION_SENTENCE_MAX = 1024 /* bytes of a sentence about a mistake */
};

struct command_line;

struct option_row {
    const char *name;     /* "listen" for --listen */
    char letter;          /* 'l' for -l, or 0 */
    const char *argument; /* "ADDR:PORT"; NULL: the option takes no value */

    /* One of three functions. parse and take set members of `options`, the struct of the row's
     * group. False: the value is not what `expects` describes. value is NULL without an argument.
     */
    bool (*parse)(void *options, const char *value);
    /* The same for functions that rows share (values.h). A sentence in *p replaces `expects`. */
    bool (*take)(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p);
    /* Print an answer to standard output; then the program ends. */
    void (*answer)(const struct command_line *line);

    const char *expects; /* "a number from 1 to 9": the end of "'x' is not ..." */

    /* For take */
    size_t member;         /* offset of the member that it sets */
    uint64_t least, most;  /* range of a number */
    uint32_t scale;        /* a number without a letter is multiplied by this; 0: by 1 */
    const char *unlimited; /* the value that stands for NACRE_UNLIMITED, or NULL */
    bool units;            /* a size, such as 256k */
    uint32_t second;       /* a time, such as 10s: a second in the unit of the member; 0: none */
    int which;             /* tells rows with the same function apart */

    const char *help;          /* a phrase for --help, README.md and the manual page */
    const char *more;          /* sentences for the manual page, or NULL */
    const char *default_value; /* set before the command line is read; or NULL */
    const char *default_text;  /* the default in the texts, if its value is not enough */
    bool repeatable;

    /* In a configuration file (config.h) */
    const char *keyword; /* NULL: the name in CamelCase; "": the option has no keyword */
    char join;           /* joins the words of a value, such as ','; 0: there is one word */
    /* The value that `options` has, for a row whose value other options change too; or NULL */
    const char *(*show)(const void *options);
    bool fixed; /* the program must be restarted when it changes (options_reread) */
};

/* Rows that belong together, and that programs share. */
struct option_group {
    const char *name;              /* of its part of the manual page, apps/man/NAME.mdoc */
    const char *title;             /* its heading in --help, or NULL */
    const struct option_row *rows; /* the last one has no name */
};

/* A group in one program: it fills the struct at offset `at` of the program's options. */
struct option_use {
    const struct option_group *group;
    size_t at;
};

/* A word other than an option: a mode of nacre-load, a command of nacre-echo. */
struct option_word {
    const char *name, *argument; /* "chargen", "N" or NULL */
    const char *about;           /* a phrase */
};

struct option_words {
    const char *name;                                 /* of its part of the manual page */
    const char *title;                                /* its heading in --help */
    bool (*word)(size_t i, struct option_word *word); /* the i-th; false past the last */
};

/* The command line of a program. */
struct command_line {
    const char *name;                 /* "nacre-echo" */
    const char *usage;                /* what follows the options, "FILE USER"; or NULL */
    const char *about;                /* sentences */
    const struct option_use *uses;    /* the last one has no group */
    const struct option_words *words; /* or NULL */
    const char *notes;                /* sentences after the options, or NULL */
    bool runs_command;                /* words that follow the options are a command to run */
    bool host_first; /* ... after a host, which more options may follow, as in ssh */

    /* For a program that reads a configuration file */
    bool reads_config;
    size_t config;                    /* offset of its struct config_options */
    const struct option_row *command; /* the keyword of the command that it runs; or NULL */
};

/* For the notes of a program with such options. */
#define OPTION_UNITS_NOTE                                                                          \
    "TIME is a number of seconds, or numbers with s, m, h, d or w, such as 10s or 1h30m. SIZE is " \
    "a number of bytes, or one with K, M, G or T, such as 256k. "

/* Set `options`, the program's struct, to the defaults, then as the configuration file says, then
 * as the command line does. The words of argv are put in another order. Returns the index of the
 * first word after the options. 0: the program is over, *status is its exit status, and the answer
 * or the mistake has been printed. */
int options_read(const struct command_line *line, void *options, int argc, char **argv,
                 int *status);

/* Read the same command line once more, for a program that runs: its configuration file may have
 * changed. before: what options_read or options_reread has read before, the program's options; a
 * value of a row that is `fixed` must be the same there. Prints nothing. Returns what options_read
 * does; 0: *p has a sentence for each problem, on lines of their own. */
int options_reread(const struct command_line *line, void *options, const void *before, int argc,
                   char **argv, const struct errbuf *p);

/* Set one option. False: *p has a sentence about its value, "--NAME: ...". */
bool option_set(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p);

/* The same with another label than --NAME. */
bool option_set_as(const struct option_row *row, void *options, const char *value,
                   const char *label, const struct errbuf *p);

/* Print "NAME: TEXT (try NAME --help)" on standard error. Returns the exit status, 2. */
int options_misused(const struct command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The default of a row as its texts show it, with backticks; "": it has none. */
const char *option_default(const struct option_row *row, char *out, size_t size);

#endif
