/* Calls that a test's own version of a function notes, in order: "shell;eof;". */
#ifndef NACRE_TESTS_SUPPORT_NOTES_H
#define NACRE_TESTS_SUPPORT_NOTES_H

enum { NOTES_MAX = 4096 };

extern char noted[NOTES_MAX];

/* Append to the notes what printf would print; the rest is cut off when they are full. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fail the test unless the notes are these, and begin again. */
void expect_notes(const char *expected);

/* The head of a test's own version of a function that its program wraps (tests/wrapped.mk). Its
 * body follows. */
#define OWN(result, name, ...)                                                                     \
    result __wrap_##name(__VA_ARGS__);                                                             \
    result __wrap_##name(__VA_ARGS__)

#endif
