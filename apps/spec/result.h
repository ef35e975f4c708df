/* The result of one case, as it is reported. */
#ifndef NACRE_APPS_SPEC_RESULT_H
#define NACRE_APPS_SPEC_RESULT_H

#include "apps/spec/peer.h"
#include "apps/spec/verdict.h"

/* What the process of a case sends to the one that reports: fixed size, then `text_len` bytes. */
struct result_head {
    enum verdict_kind verdict;
    bool timed_out; /* worth another try, alone */
    bool unreached; /* the connection was refused or ended before the case's own step */
    bool went_on;   /* it ended in go-on: the peer still answers */
    bool killed;    /* the peer no longer answered afterwards */
    bool crashed;   /* a signal ended the client */
    uint32_t ms;
    char observed[OBSERVED_MAX];
    char reason[PROBLEM_MAX]; /* of a skip, an error, or an expected failure */
    struct watched watched[WATCHES];
    size_t text_len;
};

struct result {
    const struct spec_case *row;
    bool done;
    struct result_head head;
    char *text; /* the messages, a line each; NULL: none */
};

/* Fill the head from a connection that performed the case, and write its messages. */
void result_from(struct result *r, const struct peer *p, bool strict);

#endif
