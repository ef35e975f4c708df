/* What the files of this room share. */
#ifndef NACRE_APPS_CONFINE_PARTS_H
#define NACRE_APPS_CONFINE_PARTS_H

#include "apps/confine/confine.h"

#include <limits.h>

/* The measures. Each returns whether it was taken, and fills in the note either way. */
bool confine_identity(const struct confinement *c, struct confine_note *note);
bool confine_capabilities(const struct confinement *c, struct confine_note *note);
bool confine_files(const struct confinement *c, struct confine_note *note);
bool confine_calls(const struct confinement *c, struct confine_note *note);

/* Write a sentence as printf does, cut to `size` bytes. Always false, for `return
 * confine_say(...)`. */
bool confine_say(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The folder that contains a file, up to the part of its name that depends on the user:
 * "/home/%u/.ssh/keys" is in "/home", "keys" in ".". */
void confine_folder(char out[PATH_MAX], const char *pattern);

/* Call `allow` with each folder that may be needed when a symbolic link on the way to `path` is set
 * to another target. Never with the root. */
void confine_links(const char *path, void (*allow)(void *context, const char *folder),
                   void *context);

/* Does the name depend on the user? */
bool confine_is_pattern(const char *pattern);

#endif
