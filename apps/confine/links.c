/* Symbolic links on the way to files that are read again. Landlock allows folders, not names: when
 * `current -> releases/1` becomes `current -> releases/2`, the new folder must be allowed already.
 */
#include "apps/confine/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as in the kernel */

struct search {
    void (*allow)(void *context, const char *folder);
    void *context;
    unsigned links; /* followed so far */
};

/* The folder that contains a file or folder, as dirname(1) prints it. */
static void parent_of(char out[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (slash == NULL)
        memcpy(out, ".", 2);
    else
        (void)snprintf(out, PATH_MAX, "%.*s", (int)len, path);
}

static bool is_beneath(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static bool is_root(const char *folder)
{
    return strcmp(folder, "/") == 0;
}

/* A link to a folder will be set to another folder, which is where this one is: beneath the folder
 * of the link, or beside its target. A link to a file needs the folders of both. */
static void allow_around(const struct search *s, const char *link)
{
    char folder[PATH_MAX], above[PATH_MAX], target[PATH_MAX], beside[PATH_MAX];
    struct stat status;

    parent_of(above, link);
    if (realpath(above, folder) == NULL || realpath(link, target) == NULL ||
        stat(target, &status) != 0)
        return;
    parent_of(beside, target);
    if (!is_root(folder) && (!S_ISDIR(status.st_mode) || is_beneath(target, folder)))
        s->allow(s->context, folder);
    if (!is_root(beside) && !(S_ISDIR(status.st_mode) && is_beneath(target, folder)))
        s->allow(s->context, beside);
}

static void walk(struct search *s, const char *path);

/* Walk on to the target of a link, which may contain links too. */
static void follow(struct search *s, const char *link)
{
    char target[PATH_MAX], folder[PATH_MAX], next[2 * PATH_MAX];
    ssize_t len = readlink(link, target, sizeof target - 1);

    if (len <= 0 || ++s->links > LINKS_MAX)
        return;
    target[len] = '\0';
    parent_of(folder, link);
    (void)snprintf(next, sizeof next, "%s%s%s", target[0] == '/' ? "" : folder,
                   target[0] == '/' ? "" : "/", target);
    walk(s, next);
}

static void walk(struct search *s, const char *path)
{
    char name[PATH_MAX];
    struct stat status;

    for (size_t i = 1; i < sizeof name && path[i - 1] != '\0'; i++) {
        if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/')
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)i, path);
        if (lstat(name, &status) != 0 || !S_ISLNK(status.st_mode))
            continue;
        allow_around(s, name);
        follow(s, name);
    }
}

void confine_links(const char *path, void (*allow)(void *context, const char *folder),
                   void *context)
{
    struct search s = {allow, context, 0};

    walk(&s, path);
}
