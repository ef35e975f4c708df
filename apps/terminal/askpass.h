/* Asking a person through the program that $SSH_ASKPASS names, as ssh does. */
#ifndef NACRE_APPS_TERMINAL_ASKPASS_H
#define NACRE_APPS_TERMINAL_ASKPASS_H

#include <stdbool.h>
#include <stddef.h>

/* Is that program to be asked rather than a person on the terminal? ssh(1): $SSH_ASKPASS_REQUIRE is
 * force or prefer; or it is not never, there is no terminal, and there is a display. */
bool askpass_is_wanted(void);

/* Run it, and read the first line that it prints. False: it is not set, it failed (as it does when
 * the person cancels), or the line is too long; `text` is empty. */
bool askpass_ask(const char *question, char *text, size_t size);

#endif
