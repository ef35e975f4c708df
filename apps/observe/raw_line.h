/* Writing lines to a terminal that may be in raw mode, as that of nacre-client is. */
#ifndef NACRE_APPS_OBSERVE_RAW_LINE_H
#define NACRE_APPS_OBSERVE_RAW_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is it a terminal that does not begin a line at its left edge by itself? */
bool raw_line_is_needed(int fd);

/* Write the first line, or what there is of it, and a carriage return before its newline. Returns
 * how many of the bytes were written, possibly 0, or -1 with errno. */
ssize_t raw_line_write(int fd, const char *text, size_t len);

#endif
