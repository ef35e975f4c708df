/* Two sessions in memory, and what their callbacks know. */
#ifndef NACRE_TESTS_CALLBACKS_MEMORY_H
#define NACRE_TESTS_CALLBACKS_MEMORY_H

#include "crypto/random.h"
#include "tests/callbacks/callbacks.h"
#include "transport/key_pair.h"

enum { KNOWN_MAX = 32, WIRE_MAX = 1 << 19 };

/* A channel that the application knows. */
struct known {
    struct nacre_channel *ch;
    bool refused; /* by us, perhaps: it may be used no more */
    bool later;   /* its open is to be answered */
    bool later_request;
};

struct end {
    struct side side;
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;
    bool given_up; /* nacre_session_free was called */
    struct known known[KNOWN_MAX];
    struct nacre_decision *pending, *asked;
    struct nacre_signing *signing;          /* to be answered, with `secret` */
    struct nacre_signing *signing_answered; /* by an action */
    const struct nacre_key *secret;
    bool later_ask, later_global;
    int ended, freed;
    struct random_seeded seed;
    struct random_source random;
    struct nacre_memory memory;
    uint8_t wire[WIRE_MAX]; /* bytes on the way from here */
    size_t wire_len;
};

extern struct end ends[2];
extern struct side extra; /* of a session that an action makes */
extern struct nacre_session *extra_session;
extern uint64_t clock_ms;

/* ---- memory_ends.c ---- */

struct known *known_find(struct end *e, const struct nacre_channel *ch);
void known_add(struct end *e, struct nacre_channel *ch);
/* The first that is alive, but for this one; NULL: none. */
struct nacre_channel *known_alive(struct end *e, const struct nacre_channel *but);

/* It has a session that it may use. */
bool end_is_alive(const struct end *e);

/* Answer the open question for a signature. False: there is none. */
bool answer_signing(struct end *e);

/* Move bytes, and answer what was put off, until nothing happens any more. */
void go_on(void);

/* ---- memory_scripts.c: what the callbacks do ---- */

/* Both ends with every callback, hooked, and no session yet. */
void prepare(struct nacre_endpoint_config *configs);

#endif
