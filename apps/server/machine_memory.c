#include "apps/server/machine_memory.h"

#include "apps/session/number.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS_MAX = 4096, LIMIT_MAX = 64 /* bytes of these files */ };

static bool read_file(const char *name, char *text, size_t size)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, size - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* The limit in one folder of a tree: "max", or a number. */
static uint64_t limit_in(const char *tree, const char *group, const char *file)
{
    char name[PATH_MAX], text[LIMIT_MAX];
    const char *at = text;
    uint64_t bytes;
    int len = snprintf(name, sizeof name, "%s%s/%s", tree, group, file);

    if (len < 0 || (size_t)len >= sizeof name || !read_file(name, text, sizeof text) ||
        !number_read(&at, 0, UINT64_MAX, &bytes))
        return UINT64_MAX;
    return bytes;
}

/* The least limit from the group up to the root of the tree. Inside a container the tree may be
 * mounted without the folders above, and the root is the group. */
static uint64_t least_limit(const char *tree, char *group, const char *file)
{
    uint64_t least = limit_in(tree, "", file);

    while (*group != 0) {
        uint64_t here = limit_in(tree, group, file);

        least = here < least ? here : least;
        *strrchr(group, '/') = 0;
    }
    return least;
}

/* A line of cgroups(7), "NUMBER:CONTROLLERS:/GROUP": version 2 lists no controllers. */
static uint64_t limit_of_line(char *line, const char *root)
{
    char *controllers = strchr(line, ':'), *group, tree[PATH_MAX];
    bool second;
    int len;

    group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL || group[1] != '/')
        return UINT64_MAX;
    *group++ = 0;
    second = controllers[1] == 0;
    if (!second && strcmp(controllers + 1, "memory") != 0)
        return UINT64_MAX;
    len = snprintf(tree, sizeof tree, "%s%s", root, second ? "" : "/memory");
    if (len < 0 || (size_t)len >= sizeof tree)
        return UINT64_MAX;
    return least_limit(tree, group, second ? "memory.max" : "memory.limit_in_bytes");
}

uint64_t machine_memory_of_cgroup(const char *groups, const char *root)
{
    char text[GROUPS_MAX], *rest = text, *line;
    uint64_t least = UINT64_MAX;

    if (!read_file(groups, text, sizeof text))
        return UINT64_MAX;
    while ((line = strsep(&rest, "\n")) != NULL) {
        uint64_t limit = limit_of_line(line, root);

        least = limit < least ? limit : least;
    }
    return least;
}

uint64_t machine_memory(void)
{
    uint64_t group = machine_memory_of_cgroup("/proc/self/cgroup", "/sys/fs/cgroup");
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t machine = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;

    return group < machine ? group : machine;
}
