/* What a case observed, and whether that is what its row expects.
 *
 * The words are those of the column "expected" of cases.tsv. `|` separates alternatives, `,` joins
 * outcomes that must all hold, `;` separates the parts of a case. A reply that an alternative does
 * not name contradicts it. */
#ifndef NACRE_APPS_SPEC_OUTCOME_H
#define NACRE_APPS_SPEC_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTCOMES_MAX = 12, /* different replies in one part */
    OUTCOME_MAX = 64,  /* bytes of one's text, NUL included */
    PARTS_MAX = 40,
    OBSERVED_MAX = 512, /* bytes of the text of all parts */
};

/* How a part ended. */
enum ending {
    ENDING_NONE,    /* the case did not ask */
    ENDING_GO_ON,   /* the fence was answered */
    ENDING_CLOSE,   /* the connection ended */
    ENDING_SILENT,  /* nothing came, and nothing had to come */
    ENDING_TIMEOUT, /* an answer had to come, and did not */
};

/* How the program that is tested ended: a client. */
enum program_end {
    PROGRAM_UNKNOWN, /* nobody asked */
    PROGRAM_RUNS,    /* it did not end */
    PROGRAM_ZERO,    /* with exit status 0 */
    PROGRAM_NONZERO,
    PROGRAM_SIGNAL, /* a signal killed it, not ours */
};

/* One part of a case: the replies, each with how often it came, and the end. */
struct outcome {
    struct {
        char text[OUTCOME_MAX]; /* "unimpl(seq)", "auth-failure" */
        uint32_t times;
    } replies[OUTCOMES_MAX];
    size_t count;
    enum ending ending;
    bool late;       /* go-on, but the fence was only answered when more had been sent */
    uint32_t reason; /* of the peer's DISCONNECT; 0: it sent none */
    char said[64];   /* its description, without control characters */
    enum program_end program;
    int status; /* its exit status, or the signal */
};

void outcome_add(struct outcome *o, const char *reply);

enum match {
    MATCH_NO,
    MATCH_WARN, /* tolerated: an outcome marked "as warn", or not the preferred one */
    MATCH_YES,
};

/* Does it satisfy an alternative of the expectation, which has no `;`? */
enum match outcome_matches(const struct outcome *o, const char *expected);

/* The same for all parts: with as many parts in the expectation, or each part against all of it. */
enum match outcomes_match(const struct outcome *parts, size_t count, const char *expected);

/* "unimpl(seq), go-on", with `;` between parts that differ. */
void outcomes_text(char out[OBSERVED_MAX], const struct outcome *parts, size_t count);

#endif
