/* A temporary folder for the files of one test. */
#ifndef NACRE_TESTS_SUPPORT_SCRATCH_H
#define NACRE_TESTS_SUPPORT_SCRATCH_H

#include "tests/support/suite.h"

#include <stddef.h>
#include <sys/stat.h>

/* Give each test an empty folder, which is removed afterwards with its contents. */
void scratch_folder(struct suite *suite);

/* The full name of a file in it. The text is valid until the eighth call after this one. */
const char *scratch_path(const char *name);

/* Write a file there with that mode, independent of the umask; an existing file is overwritten in
 * place. Returns its full name. */
const char *scratch_write(const char *name, const char *text, mode_t mode);
const char *scratch_write_bytes(const char *name, const void *data, size_t len, mode_t mode);

/* The contents of a file as text; the caller frees it. */
char *scratch_read(const char *path);

/* Fail the test, showing both, unless the sentence contains the text. */
void assert_says(const char *sentence, const char *text);

#endif
