/* Asking for a password on the terminal, without echo. */
#ifndef NACRE_APPS_PASSWD_TERMINAL_H
#define NACRE_APPS_PASSWD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Show the prompt and read a line into `line`, of `size` bytes, as NUL-terminated text. A signal
 * that ends or stops the process takes effect after the terminal is restored; after a stop the
 * prompt is shown again. False: end of input, or there is no terminal; `line` is empty. *too_long:
 * the line did not fit, or contains a NUL. */
bool terminal_ask(const char *prompt, char *line, size_t size, bool *too_long);

/* Read a line from a descriptor in the same way. False: end of input, or an error. */
bool read_line(int fd, char *line, size_t size, bool *too_long);

#endif
