/* The connections of a program, as traces, key logs and captures see them. Each of these is a part:
 * an observer with a state for each connection. One observer, which the sessions get, calls them
 * all; the parts are added before the first connection. */
#ifndef NACRE_APPS_OBSERVE_OBSERVED_H
#define NACRE_APPS_OBSERVE_OBSERVED_H

#include "transport/observer.h"

enum { OBSERVED_ADDRESS_MAX = 80, OBSERVED_PARTS_MAX = 4 };

/* A connection. */
struct observed {
    uint64_t id;          /* from 1 */
    enum nacre_role role; /* ours */
    char local[OBSERVED_ADDRESS_MAX],
        peer[OBSERVED_ADDRESS_MAX]; /* "127.0.0.1:2022"; "": unknown */
};

struct observed_part {
    /* A connection begins: its state. NULL: out of memory; the part does not see this one. */
    void *(*open)(const struct observed *connection);
    /* Its functions are called with that state. */
    struct nacre_observer sees;
    /* The connection is over: free the state. Called once for each state. */
    void (*closed)(void *state, const struct nacre_end *why);
};

/* Say what a connection is. context is the observer's, a nacre_peer or a nacre_client; id 0: the
 * next number. */
typedef void observed_describe(void *context, struct observed *connection);

/* What most of them say: our role, and both addresses, which are copied. */
void observed_set(struct observed *connection, enum nacre_role role, const char *local,
                  const char *peer);

/* Before the parts are added. own: called first, with its usual context; or NULL. Copied. */
void observed_begin(observed_describe *describe, const struct nacre_observer *own);

/* The part is borrowed, for the rest of the process. */
void observed_add(const struct observed_part *part);

/* For the configuration of the sessions: `own` alone as long as there is no part; NULL: nobody
 * observes. */
const struct nacre_observer *observed_observer(void);

/* Call this at the end of each connection, on its thread. */
void observed_ended(void *context, const struct nacre_end *why);

/* The connections that have not ended, which must be none. For tests. */
size_t observed_count(void);

#endif
