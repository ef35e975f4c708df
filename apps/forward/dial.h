/* Connecting to a place without blocking: the addresses of a name in turn. */
#ifndef NACRE_APPS_FORWARD_DIAL_H
#define NACRE_APPS_FORWARD_DIAL_H

#include "apps/forward/parts.h"

struct addrinfo;
struct resolving;

/* Embedded in its owner. */
struct dial {
    struct nacre_forwards *forwards;
    struct source source; /* the socket of the current attempt */
    struct timer timer;
    struct task task; /* reports what is known at once */
    struct resolving *resolving;
    struct addrinfo *found, *trying;
    uint64_t give_up_ms; /* for all addresses together */
    int fd;
    const char *failure;
    /* Called once, from the loop, unless the dial was cancelled: with a connected socket, which
     * belongs to the owner then, or -1 and a sentence. */
    void (*done)(struct dial *dial, int fd, const char *failure);
};

/* False: it cannot begin, and done is not called. */
bool dial_begin(struct dial *dial, struct nacre_forwards *f, const struct nacre_target *target,
                void (*done)(struct dial *dial, int fd, const char *failure));

/* Also after it is done. */
void dial_cancel(struct dial *dial);

#endif
