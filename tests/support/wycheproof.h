/* Runs the test sets of Project Wycheproof, if they are there (see tests/support/vectors.h). */
#ifndef NACRE_TESTS_SUPPORT_WYCHEPROOF_H
#define NACRE_TESTS_SUPPORT_WYCHEPROOF_H

#include "tests/support/json.h"

/* Call `run` for every case of `name` in the folder wycheproof/, and print how many ran: `run`
 * returns false for a case that does not apply. `group` has what its tests share; `context` is
 * passed through. */
void wycheproof(const char *name,
                bool (*run)(struct json *group, struct json *test, const void *context),
                const void *context);

/* Fail the test, naming the case, unless `accepted` is what the set expects: "valid" must be
 * accepted and "invalid" must not. For "acceptable" the caller decides with `acceptable`. */
void wycheproof_verdict(struct json *test, bool accepted, bool acceptable);

#endif
