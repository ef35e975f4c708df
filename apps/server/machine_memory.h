/* How much memory there is for the process: the machine's, or less where a cgroup limits it. */
#ifndef NACRE_APPS_SERVER_MACHINE_MEMORY_H
#define NACRE_APPS_SERVER_MACHINE_MEMORY_H

#include <stdint.h>

/* In bytes. */
uint64_t machine_memory(void);

/* The least limit that the cgroups of the process set; UINT64_MAX: none.
 * groups  the list of its cgroups, /proc/self/cgroup
 * root    where the trees of cgroups are mounted, /sys/fs/cgroup */
uint64_t machine_memory_of_cgroup(const char *groups, const char *root);

#endif
