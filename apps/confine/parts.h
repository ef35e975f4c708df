/* What the files of confine share. */
#ifndef NACRE_APPS_CONFINE_PARTS_H
#define NACRE_APPS_CONFINE_PARTS_H

#include "apps/confine/confine.h"

#include <limits.h>

/* What came of a measure. */
struct confine_note {
    char value[CONFINE_NOTE_MAX];  /* for the log: "yes", or what it is */
    char reason[CONFINE_NOTE_MAX]; /* a sentence, when something about it is to be known; or "" */
};

/* The measures: done, or not, with a note either way. */
bool confine_identity(const struct confinement *c, struct confine_note *note);
bool confine_capabilities(const struct confinement *c, struct confine_note *note);
bool confine_files(const struct confinement *c, struct confine_note *note);
bool confine_calls(const struct confinement *c, struct confine_note *note);

/* The directory that a file to be read lies in, as far as its name is the same for all users:
 * "/home/%u/.ssh/keys" is in "/home", "keys" in ".". */
void confine_folder(char out[PATH_MAX], const char *pattern);

/* Does the name depend on the user? */
bool confine_is_pattern(const char *pattern);

/* What happens in the system call that is not on the list, for the test. */
enum { CONFINE_FORBIDDEN_SIGNAL = 31 /* SIGSYS: how the process ends */ };

#endif
