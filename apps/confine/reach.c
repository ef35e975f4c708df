/* Which files a sandbox reaches. */
#include "apps/confine/parts.h"

#include <stdlib.h>
#include <string.h>

/* The folder of a file, without symbolic links. */
static bool real_folder(char out[PATH_MAX], const char *pattern)
{
    char folder[PATH_MAX];

    confine_folder(folder, pattern);
    return realpath(folder, out) != NULL;
}

/* Is the folder this one, or below it? */
static bool is_in(const char *folder, const char *pattern)
{
    char allowed[PATH_MAX];
    size_t len;

    if (!real_folder(allowed, pattern))
        return false;
    len = strlen(allowed);
    return strncmp(folder, allowed, len) == 0 && (folder[len] == 0 || folder[len] == '/');
}

bool confine_reaches(const struct confinement *c, const char *pattern)
{
    char folder[PATH_MAX];

    if (c->off || c->starts_programs || CONFINE_SANITIZED)
        return true;
    if (!real_folder(folder, pattern))
        return false;
    for (size_t i = 0; c->reads[i] != NULL; i++)
        if (is_in(folder, c->reads[i]))
            return true;
    for (size_t i = 0; c->reloads[i] != NULL; i++)
        if (is_in(folder, c->reloads[i]))
            return true;
    return false;
}
