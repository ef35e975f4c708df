/* Reading a small file that decides who may log in, after a check that no other user could have
 * written it (or, for a secret, read it). */
#ifndef NACRE_APPS_FILES_TRUSTED_FILE_H
#define NACRE_APPS_FILES_TRUSTED_FILE_H

#include "apps/session/errbuf.h"
#include "crypto/bytes.h"

#include <sys/stat.h>

/* The file's bytes, followed by a NUL. Owned; trusted_file_clear wipes and frees them. */
struct trusted_file {
    char *text; /* NULL when nothing was read */
    size_t len; /* bytes */
};

/* Bits of the file's mode that must not be set. A secret may be readable by its group all the same
 * if root owns it and the group is root's or one of this process's. A file that decides who may log
 * in must in addition be in folders that no other user can write to (apps/files/trusted_folder.h).
 */
#define OTHERS_MAY_NOTHING 077 /* a secret */
#define OTHERS_MAY_READ 022    /* a file that decides who may log in */

enum trusted_file_result {
    FILE_READ,
    FILE_MISSING, /* the file or its folder does not exist; errbuf is unchanged */
    FILE_BAD,     /* errbuf says what is wrong */
    FILE_UNREAD,  /* memory or descriptors were out, so nothing is known; errbuf says so */
};

/* Read the whole of `path`: a regular file of at most `max` bytes that is owned by this process's
 * user or root, and has no bit of `forbidden` in its mode. Follows symbolic links. `file` is empty
 * unless the result is FILE_READ. */
enum trusted_file_result trusted_file_read(struct trusted_file *file, const char *path,
                                           mode_t forbidden, size_t max, const struct errbuf *p);

/* The view of what was read. */
static inline struct bytes trusted_file_text(const struct trusted_file *file)
{
    return (struct bytes){(const uint8_t *)file->text, file->len};
}

/* Is this process in the group? */
bool trusted_group_is_ours(gid_t group);

/* Wipe and free. Harmless when called twice, or on zeros. */
void trusted_file_clear(struct trusted_file *file);

/* Is it the same file, unchanged? Zeros are the state of a missing one. */
bool trusted_same_state(const struct stat *a, const struct stat *b);

/* A copy of a file, which is read again only after the file changed. Begins as zeros. */
struct trusted_copy {
    struct trusted_file file; /* empty unless the last result was FILE_READ */
    struct stat seen;         /* the file's state before it was read; zeros: stat failed */
    bool settled;             /* any later change would show in the time stamps */
    bool changed;             /* the text differs from the one before, or there was none */
    uint64_t read_ms; /* when it was read, on the monotonic clock; 0: it could not be read */
};

enum trusted_copy_state {
    COPY_CURRENT,  /* the file has not changed; or it did so in the last tenth of a second */
    COPY_DOUBTFUL, /* a change right after reading may leave the time stamps as they were */
    COPY_STALE,    /* the file has changed */
};

/* Compare the copy with the file. *now: the file's state, for trusted_copy_read. */
enum trusted_copy_state trusted_copy_look(const struct trusted_copy *copy, const char *path,
                                          struct stat *now);

/* Drop the copy: it is stale. */
void trusted_copy_forget(struct trusted_copy *copy);

/* Read the file again, as trusted_file_read does. A text that has not changed stays where it is. */
enum trusted_file_result trusted_copy_read(struct trusted_copy *copy, const char *path,
                                           const struct stat *now, mode_t forbidden, size_t max,
                                           const struct errbuf *p);

#endif
