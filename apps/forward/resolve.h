/* Looking up names without waiting for them. */
#ifndef NACRE_APPS_FORWARD_RESOLVE_H
#define NACRE_APPS_FORWARD_RESOLVE_H

#include "apps/forward/parts.h"

struct addrinfo;
struct resolving;

/* Call done(owner, ...) from the loop, with the addresses, which belong to the owner then (free
 * them with freeaddrinfo), or NULL and a sentence. NULL: it cannot begin. */
struct resolving *
resolve_begin(const struct nacre_forwards *f, const struct nacre_target *target,
              void (*done)(void *owner, struct addrinfo *found, const char *failure), void *owner);

/* The owner has gone: nothing is called. NULL is fine. */
void resolve_forget(struct resolving *r);

/* An address that is written in digits. NULL: it is a name. */
struct addrinfo *resolve_digits(const struct nacre_target *target);

#endif
