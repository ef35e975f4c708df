/* A step in a process of its own, for what a process cannot undo. */
#ifndef NACRE_TESTS_SUPPORT_CHILD_H
#define NACRE_TESTS_SUPPORT_CHILD_H

/* What the last child wrote to standard error, as text. */
extern char child_said[4096];

/* Run `step` in a child process, whose exit status is what it returns, and wait for it. Returns the
 * wait status. */
int in_child(int (*step)(void));

/* Run it, and fail the test unless it returns 0. */
void succeeds_in_child(int (*step)(void));

#endif
