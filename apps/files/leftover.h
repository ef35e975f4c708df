/* Names of files that editors and package managers leave beside the files that they change. */
#ifndef NACRE_APPS_FILES_LEFTOVER_H
#define NACRE_APPS_FILES_LEFTOVER_H

#include <stdbool.h>

/* Is this such a name, or hidden (`.alice.swp`)? Then it must not be taken for a user's file: it
 * may contain keys that were removed since. */
bool leftover_name(const char *name);

#endif
