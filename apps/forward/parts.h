/* What the forwards of a session are made of; for the files of this room. */
#ifndef NACRE_APPS_FORWARD_PARTS_H
#define NACRE_APPS_FORWARD_PARTS_H

#include "apps/forward/forwards.h"
#include "apps/runtime/loop.h"
#include "apps/session/container_of.h"
#include "apps/session/session.h"

struct remote;

struct nacre_forwards {
    const struct nacre_forwarding *policy;
    struct forwards_home home;
    struct nacre_forward_listener *listeners; /* doubly linked */
    uint32_t listener_count;
    uint32_t connections;
    struct remote *remotes; /* where the server listens for us; oldest first */
};

/* A connection begins; false: it may not. And it ends. */
bool forwards_begin(struct nacre_forwards *f);
void forwards_end(struct nacre_forwards *f);

void forwards_event(const struct nacre_forwards *f, enum nacre_forward_event event,
                    const struct nacre_target *target, const char *text);

/* Read a place. False: it is malformed. */
bool forwards_place(struct nacre_target *target, const char *place);

#endif
