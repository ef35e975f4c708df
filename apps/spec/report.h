/* The results, as text, as JSON lines and as JUnit. */
#ifndef NACRE_APPS_SPEC_REPORT_H
#define NACRE_APPS_SPEC_REPORT_H

#include "apps/spec/run.h"

#include <stdio.h>

struct report {
    const struct run *run;
    const char *again; /* the command line up to the ids, to run one case once more */
    uint64_t us;       /* the whole run */
    size_t slow_left;
    bool colour, verbose;
};

/* How many results have this verdict. */
size_t report_count(const struct run *run, enum verdict_kind kind);

void report_head(FILE *out, const struct report *r);
void report_text(FILE *out, const struct report *r);
void report_json(FILE *out, const struct report *r);
void report_junit(FILE *out, const struct report *r);

/* The id without its section: "guess-right". */
const char *short_id(const struct spec_case *row);

#endif
