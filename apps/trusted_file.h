/* Read a small file that decides who may log in, after making sure that nobody else could have
 * written it (or, for a secret, read it). */
#ifndef NACRE_APPS_TRUSTED_FILE_H
#define NACRE_APPS_TRUSTED_FILE_H

#include "apps/problem.h"
#include "crypto/bytes.h"

#include <sys/stat.h>

/* The file's bytes; a NUL follows them. Owned; wiped and freed by trusted_file_clear. */
struct trusted_file {
    char *text; /* NULL when nothing was read */
    size_t len; /* bytes */
};

/* What others must not be able to do with the file: bits of its mode. */
#define OTHERS_MAY_NOTHING 077
#define OTHERS_MAY_READ 022

enum trusted_file_result {
    FILE_READ,
    FILE_MISSING, /* there is no such file, or no such folder; nothing is said yet */
    FILE_BAD,     /* something else is wrong with it, and said */
};

/* Read the whole of `path`: a regular file of at most `max` bytes that belongs to the user we run
 * as, or to root, and has no bit of `forbidden` in its mode. Symbolic links are followed. `file` is
 * empty unless it returns FILE_READ. */
enum trusted_file_result trusted_file_read(struct trusted_file *file, const char *path,
                                           mode_t forbidden, size_t max, const struct problem *p);

/* Wipe and free. Harmless when called twice, or on zeros. */
void trusted_file_clear(struct trusted_file *file);

#endif
