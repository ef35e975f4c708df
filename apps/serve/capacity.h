/* How many sessions the system's limits allow. */
#ifndef NACRE_APPS_SERVE_CAPACITY_H
#define NACRE_APPS_SERVE_CAPACITY_H

#include <stdint.h>

/* Descriptors of a session while its program runs: two or three for its streams, one for the size
 * of its terminal, and one for its end. */
enum { CAPACITY_DESCRIPTORS_EACH = 4 };

struct capacity_limits {
    uint64_t descriptors; /* of this process */
    uint64_t processes;   /* that this process may have started at one time */
    uint32_t connections; /* that it accepts; 0: as many as sessions */
    uint32_t workers;
};

/* At least 1. Connections keep their descriptors, and some are left for everything else. */
uint32_t capacity_sessions(const struct capacity_limits *limits);

/* The lowest number of processes that the process's control groups allow; UINT64_MAX: any.
 * groups  their list, /proc/self/cgroup
 * root    where the trees of groups are mounted, /sys/fs/cgroup */
uint64_t capacity_of_cgroup(const char *groups, const char *root);

/* The lowest of the limits that the system sets to the number of processes. */
uint64_t capacity_processes(void);

#endif
