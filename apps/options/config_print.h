/* Printing configuration files: the one in effect, and an example. */
#ifndef NACRE_APPS_OPTIONS_CONFIG_PRINT_H
#define NACRE_APPS_OPTIONS_CONFIG_PRINT_H

#include "apps/options/config.h"

#include <stdio.h>

/* Print "KEYWORD VALUE" as a line of a file. False: no file can have this value. */
bool config_print_value(FILE *out, const struct option_row *row, const char *value);

/* Print "KEYWORD WORD...". */
bool config_print_words(FILE *out, const struct option_row *row, const char *const *words);

/* An example: every keyword with its default, in comments. */
void config_print_example(FILE *out, const struct command_line *line);

#endif
