#include "apps/serve/capacity.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    RESERVED = 32,             /* descriptors for everything but connections and sessions, */
    RESERVED_EACH_WORKER = 16, /* ... of which the start of a program takes some for a moment */
    PROCESSES_EACH = 2,        /* of a session: a shell, and what it runs */
    SESSIONS_MAX = 1000000,
    PATH_SIZE = 4096 /* bytes */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint32_t capacity_sessions(const struct capacity_limits *l)
{
    uint64_t reserved = RESERVED + (uint64_t)RESERVED_EACH_WORKER * l->workers;
    uint64_t rest = l->descriptors > reserved ? l->descriptors - reserved : 0;
    uint64_t even = rest / (CAPACITY_DESCRIPTORS_EACH + 1);
    uint64_t connections = l->connections > 0 ? least(l->connections, even) : even;
    uint64_t sessions = (rest - connections) / CAPACITY_DESCRIPTORS_EACH;

    sessions = least(least(sessions, l->processes / PROCESSES_EACH), SESSIONS_MAX);
    return sessions > 0 ? (uint32_t)sessions : 1;
}

/* A number at the beginning of a file; UINT64_MAX: there is none, "max" for example. */
static uint64_t read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long number;
    bool found = file != NULL && fscanf(file, "%llu", &number) == 1;

    if (file != NULL)
        (void)fclose(file);
    return found ? number : UINT64_MAX;
}

/* pids.max of a control group and of those above it. */
static uint64_t read_groups(const char *root, const char *tree, char *group)
{
    uint64_t most = UINT64_MAX;
    char path[2 * PATH_SIZE];
    char *end;

    group[strcspn(group, "\n")] = 0;
    do {
        (void)snprintf(path, sizeof path, "%s%s%s/pids.max", root, tree, group);
        most = least(most, read_number(path));
        end = strrchr(group, '/');
        if (end != NULL)
            *end = 0;
    } while (end != NULL);
    return most;
}

/* Lines of /proc/self/cgroup: "0::/a/b" in version 2, "8:pids:/a/b" in version 1. */
uint64_t capacity_of_cgroup(const char *groups, const char *root)
{
    FILE *file = fopen(groups, "re");
    uint64_t most = UINT64_MAX;
    char line[PATH_SIZE];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *pids = strstr(line, ":pids:");

        if (strncmp(line, "0::", 3) == 0)
            most = least(most, read_groups(root, "", line + 3));
        else if (pids != NULL)
            most = least(most, read_groups(root, "/pids", pids + 6));
    }
    if (file != NULL)
        (void)fclose(file);
    return most;
}

uint64_t capacity_processes(void)
{
    uint64_t most = least(read_number("/proc/sys/kernel/pid_max"),
                          capacity_of_cgroup("/proc/self/cgroup", "/sys/fs/cgroup"));
    struct rlimit limit;

    if (getrlimit(RLIMIT_NPROC, &limit) == 0)
        most = least(most, limit.rlim_cur);
    return most;
}
