/* One process at a time edits a file.
 *
 * The lock is on an empty file `.NAME.nacre-lock` beside it, which only its owner can open: whoever
 * cannot write to the folder cannot hold the lock. It is removed when the lock is released; what a
 * killed process leaves is not locked, and the next one uses it. */
#ifndef NACRE_APPS_FILES_EDIT_LOCK_H
#define NACRE_APPS_FILES_EDIT_LOCK_H

#include "apps/session/errbuf.h"

#include <limits.h>
#include <signal.h>

#define EDIT_LOCK_WAIT_MS 5000 /* an edit takes milliseconds */

struct edit_lock {
    int fd;          /* -1: not locked */
    sigset_t before; /* the signals that were blocked before */
    char path[PATH_MAX];
};

/* The name of a hidden file beside `path`: `.NAME` and the suffix. False: too long. */
bool edit_lock_name(char out[PATH_MAX], const char *path, const char *suffix);

/* Lock `path`, which need not exist. Waits for at most EDIT_LOCK_WAIT_MS. False with a sentence.
 * This thread receives no signals while it has the lock, so none ends the process halfway. */
bool edit_lock_take(struct edit_lock *lock, const char *path, const struct errbuf *p);

/* Harmless when it is not locked. */
void edit_lock_release(struct edit_lock *lock);

#endif
