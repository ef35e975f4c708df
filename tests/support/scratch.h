/* A folder for the files of one test, and what tests do with files there. */
#ifndef NACRE_TESTS_SUPPORT_SCRATCH_H
#define NACRE_TESTS_SUPPORT_SCRATCH_H

#include "tests/support/suite.h"

#include <stddef.h>
#include <sys/stat.h>

/* Give each test an empty folder, which is removed after it with all that is in it. */
void scratch_folder(struct suite *suite);

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
