/* Asking a person for a password: on the terminal, without echo. */
#ifndef NACRE_APPS_PASSWD_TERMINAL_H
#define NACRE_APPS_PASSWD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Show the prompt and read a line, which is put into `line` (`size` bytes) as NUL-terminated text.
 * A signal that ends or stops the process finds the terminal as it was; after a stop it asks again.
 * False: the person ended the input, or there is no terminal; `line` is empty. *too_long: the line
 * did not fit. */
bool terminal_ask(const char *prompt, char *line, size_t size, bool *too_long);

/* Read a line from a descriptor in the same way. False at its end, or when it cannot be read. */
bool read_line(int fd, char *line, size_t size, bool *too_long);

#endif
