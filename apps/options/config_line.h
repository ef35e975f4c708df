/* One line of a configuration file, in the syntax of sshd_config(5). */
#ifndef NACRE_APPS_OPTIONS_CONFIG_LINE_H
#define NACRE_APPS_OPTIONS_CONFIG_LINE_H

#include <stddef.h>

enum { CONFIG_WORDS_MAX = 255 };

/* The words of a line. They point into the text that was split. */
struct config_line {
    char *words[CONFIG_WORDS_MAX + 1]; /* the keyword first; NULL-terminated */
    size_t count;                      /* 0: the line is blank, or a comment */
};

/* Split the text in place: a keyword, white space or one '=', and the words of its value. Quotes
 * of both kinds keep white space, a backslash quotes a quote, a backslash and outside of quotes a
 * space, and '#' at the beginning of a word begins a comment. NULL, or what is wrong: a sentence
 * that lives for ever. */
const char *config_line_split(struct config_line *line, char *text);

/* How the word is written in a file: in quotes if it needs them. Returns the length; `out` has
 * 2 * strlen(word) + 3 bytes. */
size_t config_word_quote(char *out, const char *word);

#endif
