/* What is wiped. A program that calls a function of this file gets a wipe() that keeps a copy of
 * what it wipes; in the others it is the library's. */
#ifndef NACRE_TESTS_SUPPORT_WIPED_H
#define NACRE_TESTS_SUPPORT_WIPED_H

#include "crypto/bytes.h"

/* Forget what was wiped so far, and keep what is wiped from now on. */
void wiped_record(void);

/* How many times exactly `len` bytes were wiped. */
size_t wiped_times(size_t len);

/* True when exactly these bytes were wiped together. */
bool wiped_exactly(struct bytes secret);

/* True when a wipe ended with exactly these bytes. */
bool wiped_ends_with(struct bytes secret);

#define assert_wiped(len, times) ck_assert_uint_eq(wiped_times(len), (times))

#endif
