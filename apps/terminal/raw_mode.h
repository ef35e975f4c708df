/* The terminal on standard input, when what is typed is for a program on another machine. */
#ifndef NACRE_APPS_TERMINAL_RAW_MODE_H
#define NACRE_APPS_TERMINAL_RAW_MODE_H

#include <stdbool.h>

/* Pass every keystroke on as it is typed: no echo, no line editing, no signals. False: standard
 * input is no terminal. In the background it waits, as any program that changes the terminal. */
bool raw_mode_enter(void);

/* Restore what raw_mode_enter has changed; also done when the program exits. Harmless otherwise. */
void raw_mode_leave(void);

bool raw_mode_is_on(void);

#endif
