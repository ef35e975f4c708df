/* Does the peer's memory grow while it is flooded? It is what "no growth" in a row asks.
 *
 * A peer on this machine has its end of the connection in a process that Linux's /proc shows. A
 * peer that is elsewhere, or whose process we may not look into, is not measured: nothing is
 * observed. */
#ifndef NACRE_APPS_SPEC_GROWTH_H
#define NACRE_APPS_SPEC_GROWTH_H

#include "apps/spec/peer.h"

#include <sys/types.h>

enum { GROWTH_PROCESSES = 8 };

struct growth {
    pid_t pids[GROWTH_PROCESSES]; /* the processes that hold the peer's end */
    size_t count;
    uint64_t before, peak, sent;
};

/* The processes that hold the other end of a TCP connection; returns how many. */
size_t growth_find(int fd, pid_t pids[GROWTH_PROCESSES]);

/* Begin a new peak of a process's memory. False: we may not. */
bool growth_reset(pid_t pid);

/* The peak since then, in bytes. 0: it has ended, or may not be looked into. */
uint64_t growth_peak(pid_t pid);

struct growth growth_begin(struct peer *p);

/* Before the end, for a peer that may be gone then. */
void growth_look(struct growth *g);

/* Observe "growth of N KiB" if the peer took more memory than it was sent in the meantime, and more
 * than 16 MiB, which a language with a garbage collector may take without keeping anything. */
void growth_end(struct peer *p, struct growth *g);

#endif
