/* Runs the test sets of project Wycheproof, when they are there (tests/support/vectors.h says
 * where). */
#ifndef NACRE_TESTS_WYCHEPROOF_H
#define NACRE_TESTS_WYCHEPROOF_H

#include "tests/support/json.h"

/* Call `run` for every case of `name` in the folder wycheproof/ and print how many it ran: `run`
 * returns false for a case that does not concern us. The group holds what its tests share;
 * `context` is handed through. */
void wycheproof(const char *name,
                bool (*run)(struct json *group, struct json *test, const void *context),
                const void *context);

/* Fail the running test, naming the case, unless `accepted` is what the set wants: "valid" must be
 * accepted and "invalid" must not. For "acceptable" the caller decides, by `acceptable`. */
void wycheproof_verdict(struct json *test, bool accepted, bool acceptable);

#endif
