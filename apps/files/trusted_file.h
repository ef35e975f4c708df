/* Read a small file that decides who may log in, after making sure that nobody else could have
 * written it (or, for a secret, read it). */
#ifndef NACRE_APPS_TRUSTED_FILE_H
#define NACRE_APPS_TRUSTED_FILE_H

#include "apps/session/errbuf.h"
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
                                           mode_t forbidden, size_t max, const struct errbuf *p);

/* Wipe and free. Harmless when called twice, or on zeros. */
void trusted_file_clear(struct trusted_file *file);

/* A file as it was when it was last read, so as not to read it each time. Zeros to begin with. */
struct trusted_copy {
    struct trusted_file file; /* empty unless it was FILE_READ */
    struct stat seen;         /* what it was like before; zeros: it could not be looked at */
    bool settled;             /* a change since then would show in its time stamps */
};

enum trusted_copy_state {
    COPY_CURRENT,  /* the file has not changed */
    COPY_DOUBTFUL, /* it may have: a change right after it was read can leave every time stamp */
    COPY_STALE,    /* it has */
};

/* Look whether the copy is still right. *now: what the file is like, for trusted_copy_read. */
enum trusted_copy_state trusted_copy_look(const struct trusted_copy *copy, const char *path,
                                          struct stat *now);

/* Read the file anew, as trusted_file_read does. */
enum trusted_file_result trusted_copy_read(struct trusted_copy *copy, const char *path,
                                           const struct stat *now, mode_t forbidden, size_t max,
                                           const struct errbuf *p);

#endif
