/* A program in a new process: what posix_spawn cannot do is to give it a descriptor limit. */
#ifndef NACRE_APPS_SERVE_SPAWN_H
#define NACRE_APPS_SERVE_SPAWN_H

#include <sys/resource.h>
#include <sys/types.h>

struct spawn {
    char *const *argv; /* argv[0]: a path */
    char *const *environment;
    const char *terminal;             /* the path of its terminal; NULL: it has streams */
    int streams[3];                   /* become its descriptors 0, 1 and 2; 3 or above */
    const char *folder;               /* where it starts, or else in /; NULL: where the server is */
    const struct rlimit *descriptors; /* its limit of descriptors; NULL: the server's */
};

/* Start it as the leader of a new session, with no other descriptors, and with no signal blocked,
 * ignored or caught. A terminal becomes its controlling terminal. *pidfd is readable once it has
 * ended. Returns 0 or an errno. */
int spawn(const struct spawn *s, pid_t *pid, int *pidfd);

#endif
