/* The system's clock, for programs in which clock_gettime is the test's own. */
#ifndef NACRE_TESTS_SUPPORT_REAL_CLOCK_H
#define NACRE_TESTS_SUPPORT_REAL_CLOCK_H

#include <time.h>

/* The same as clock_gettime. */
int real_clock_gettime(clockid_t clock, struct timespec *now);

#endif
