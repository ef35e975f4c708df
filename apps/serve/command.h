/* The command that nacre-serve runs. */
#ifndef NACRE_APPS_SERVE_COMMAND_H
#define NACRE_APPS_SERVE_COMMAND_H

#include "apps/options/config.h"

#include <limits.h>

/* A copy of at least one word, NULL-terminated, which may change: the words of a configuration file
 * are compared later. The words are borrowed; the caller frees the copy. NULL: out of memory. */
char **command_copy(char **command);

/* Is there such a program? Put its path, which is searched for in PATH unless it has one, into
 * command[0]; `path` is memory for it. config: what may have named it, or NULL. False: there is
 * none, which has been printed. */
bool command_find(char **command, char path[PATH_MAX], const struct config *config);

#endif
