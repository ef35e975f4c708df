/* A step that a process cannot undo, run in a child process. */
#ifndef NACRE_TESTS_SUPPORT_CHILD_H
#define NACRE_TESTS_SUPPORT_CHILD_H

/* What the last child wrote to standard error. */
extern char child_said[4096];

/* Run `step` in a child process, which exits with what it returns. Returns the wait status. */
int in_child(int (*step)(void));

/* The same; fail the test unless `step` returns 0. */
void succeeds_in_child(int (*step)(void));

#endif
