/* Output for a terminal. Names and phases are printed as they are in a trace; one that somebody
 * made up must not reach the terminal with control characters. */
#ifndef NACRE_APPS_TRACE_VISIBLE_H
#define NACRE_APPS_TRACE_VISIBLE_H

#include <stddef.h>
#include <stdio.h>

/* Print lines of text. Control characters (C0 except the newline, DEL, C1) become \x1b and the
 * like. */
void visible_print(FILE *out, const char *text, size_t len);

#endif
