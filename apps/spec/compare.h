/* Results of several runs side by side: a case is a row, a run is a column. */
#ifndef NACRE_APPS_SPEC_COMPARE_H
#define NACRE_APPS_SPEC_COMPARE_H

#include "apps/session/errbuf.h"
#include "apps/trace/value.h"

#include <stdio.h>

/* A line of the results: the run, or a case. */
struct compared_line {
    struct value_memory memory;
    const struct value *object; /* borrows from the text of its run */
};

struct compared_run {
    const char *name; /* of the file */
    char *text;
    struct compared_line *lines; /* the first describes the run */
    size_t count;
};

/* A case: what each run has about it, or NULL. `first` is the first of these that is not NULL. */
struct compared_case {
    const struct value *first, **cells;
};

/* Starts as zeros. */
struct comparison {
    struct compared_run *runs;
    size_t run_count;
    struct compared_case *cases; /* in the order of the tables, then those of other versions */
    size_t case_count;
};

/* Add the results that --json wrote. False and a sentence: they cannot be read, or are none. */
bool compare_read(struct comparison *c, const char *file, const struct errbuf *p);

/* The same from `len` bytes of text, followed by a NUL, from malloc. It is freed in any case. */
bool compare_add(struct comparison *c, const char *name, char *text, size_t len,
                 const struct errbuf *p);

/* When all are there: make the rows. False: out of memory. */
bool compare_align(struct comparison *c);

/* Did two runs get different verdicts? Only runs in which the case was not skipped count. */
bool compare_differs(const struct comparison *c, const struct compared_case *one);

/* The cases that differ as text; or all. */
void compare_text(FILE *out, const struct comparison *c, bool all);

void compare_clear(struct comparison *c);

#endif
