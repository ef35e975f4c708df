/* The verdict on a case, or on a watch. */
#ifndef NACRE_APPS_SPEC_VERDICT_H
#define NACRE_APPS_SPEC_VERDICT_H

#include "apps/spec/case.h"
#include "apps/spec/outcome.h"

enum verdict_kind {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_WARN,
    VERDICT_INFO,
    VERDICT_SKIP,
    VERDICT_XFAIL, /* a failure that was expected */
    VERDICT_XPASS, /* a success that was not */
    VERDICT_ERROR, /* a fault of ours, or the case could not run */
    VERDICT_KINDS,
};

const char *verdict_name(enum verdict_kind kind);

/* strict: SHOULD counts as MUST. */
enum verdict_kind verdict_of_match(enum spec_level level, enum match match, bool strict);
enum verdict_kind verdict_of_watch(const struct spec_case *row, const struct watched *w,
                                   bool strict);

/* Does it fail the run? */
bool verdict_is_bad(enum verdict_kind kind);

#endif
