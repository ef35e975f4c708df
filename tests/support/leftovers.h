/* A check after each test that it left no heap block, no descriptor and no lock that is held. */
#ifndef NACRE_TESTS_SUPPORT_LEFTOVERS_H
#define NACRE_TESTS_SUPPORT_LEFTOVERS_H

#include <check.h>

/* Absent in programs that are not linked with it. */
void suite_leftovers(TCase *tests) __attribute__((weak));

/* The n-th allocation from here on fails, once; 0: none does. Each test begins without it. Check
 * allocates memory for an assertion, so none comes between this and the call under test. */
void leftovers_refuse(unsigned n);

#endif
