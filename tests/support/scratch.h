/* A folder for the files of one test, and what tests do with files there. */
#ifndef NACRE_TESTS_SCRATCH_H
#define NACRE_TESTS_SCRATCH_H

#include <check.h>
#include <stddef.h>
#include <sys/stat.h>

/* Run `tests` (ended by NULL), each with an empty folder of its own, which is removed after it with
 * all that is in it. Returns the program's exit status. */
int scratch_suite(const char *name, const TTest *const tests[]);

/* The same, with the libraries of crypto/ as yet unused. */
int scratch_suite_before_crypto(const char *name, const TTest *const tests[]);

/* The full name of a file in it. The text lives until the eighth call after this one. */
const char *scratch_path(const char *name);

/* Write a file there with that mode, whatever the umask says; an old one is overwritten in place.
 * Returns its full name. */
const char *scratch_write(const char *name, const char *text, mode_t mode);
const char *scratch_write_bytes(const char *name, const void *data, size_t len, mode_t mode);

/* The whole of a file as text; the caller frees it. */
char *scratch_read(const char *path);

/* Is the text in the sentence? Fails the test, showing both, when it is not. */
void assert_says(const char *sentence, const char *text);

#endif
