/* Asking a person on the terminal, with echo or, for a password, without. */
#ifndef NACRE_APPS_TERMINAL_PROMPT_H
#define NACRE_APPS_TERMINAL_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/* Show the question on /dev/tty and read a line into `text`, of `size` bytes, NUL included. A
 * signal that ends or stops the process takes effect after the terminal is restored; after a stop
 * the question is shown again. False: end of input, or there is no terminal; `text` is empty.
 * *too_long: the line did not fit, or contains a NUL. */
bool prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long);

/* Is there a terminal to ask on? */
bool prompt_is_possible(void);

/* Read a line from a descriptor in the same way. False: end of input, or an error. */
bool prompt_read_line(int fd, char *line, size_t size, bool *too_long);

#endif
