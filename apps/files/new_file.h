/* Creating a file that appears under its name only when it is complete.
 *
 * Until then it has no name at all, so a process that is killed leaves nothing behind. On a file
 * system without unnamed files (open(2), O_TMPFILE) it has a temporary name instead. */
#ifndef NACRE_APPS_FILES_NEW_FILE_H
#define NACRE_APPS_FILES_NEW_FILE_H

#include "crypto/bytes.h"

#include <limits.h>
#include <sys/types.h>

struct new_file {
    int fd;                   /* -1: not open */
    bool named;               /* it exists under the temporary name */
    char temporary[PATH_MAX]; /* in the same folder; free for use */
};

/* The folder of `path`: what is before the last slash, or ".". False: too long. */
bool new_file_folder(char folder[PATH_MAX], const char *path);

/* Create an empty file with mode 0600 in the folder of f->temporary, which the caller has set.
 * False with errno. In any case, call new_file_close in the end. */
bool new_file_open(struct new_file *f);

/* Write all of it, set the mode and flush it to the disk. False with errno. */
bool new_file_write(struct new_file *f, struct bytes text, mode_t mode);

/* Let it appear as `path`. False with errno; EEXIST: there is such a file, which is unchanged. */
bool new_file_link(struct new_file *f, const char *path);

/* Let it appear as `path`, in place of the file that is there. False with errno. The temporary name
 * is used for a moment; no signal ends the process in that moment. */
bool new_file_replace(struct new_file *f, const char *path);

/* Close it, and remove it unless it has appeared under its name. Keeps errno. */
void new_file_close(struct new_file *f);

#endif
