/* A trace of a session in memory: lines of schema 1 with what `nacre-trace hash` reads. */
#ifndef NACRE_TESTS_SUPPORT_SESSION_TRACE_H
#define NACRE_TESTS_SUPPORT_SESSION_TRACE_H

#include "tests/support/pair.h"

#include <stdio.h>

struct session_trace {
    FILE *out;
    enum nacre_role role; /* whose trace it is */
    bool secrets;         /* K and the keys */
    bool hashes;          /* H and the session id, which are not secret */
    bool lines[2];        /* the identification of each direction was seen */
    uint8_t session_id[64];
    size_t session_id_len;
};

/* Call it before pair_start; p->user is used. `t` must outlive the sessions. */
void session_trace(struct pair *p, struct session_trace *t);

#endif
