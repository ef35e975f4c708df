#include "apps/files/leftover.h"

#include <string.h>
#include <strings.h>

/* What a leftover's name ends with. */
static const char *const endings[] = {
    "~",                                                  /* Emacs, vi, nano, patch */
    ".bak",    ".old",     ".orig",    ".rej",    ".tmp", /* people, sed -i, patch, many programs */
    ".save",   ".swp",     ".swo",     ".swn",    ".swx", /* nano, vi */
    ".pacnew", ".pacsave", ".pacorig", ".apk-new"         /* Arch Linux, Alpine */
};

/* What follows the last dot. */
static const char *const beginnings[] = {
    "dpkg-",  "ucf-",                          /* Debian: .dpkg-old, .ucf-dist... */
    "rpmnew", "rpmsave", "rpmorig", "rpmmoved" /* RPM */
};

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name), tail = strlen(ending);

    return len >= tail && strcasecmp(name + len - tail, ending) == 0;
}

/* Does the name have an extension that begins like this? */
static bool has_extension(const char *name, const char *beginning)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && strncasecmp(dot + 1, beginning, strlen(beginning)) == 0;
}

bool leftover_name(const char *name)
{
    if (name[0] == '.' || name[0] == '#') /* .alice.swp, .#alice; #alice# */
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(name, endings[i]))
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (has_extension(name, beginnings[i]))
            return true;
    return false;
}
