/* A check after each test that it left no heap block, no descriptor and no lock that is held. */
#ifndef NACRE_TESTS_SUPPORT_LEFTOVERS_H
#define NACRE_TESTS_SUPPORT_LEFTOVERS_H

#include <check.h>
#include <stddef.h>

/* Absent in programs that are not linked with it. */
void suite_leftovers(TCase *tests) __attribute__((weak));

/* The n-th allocation from here on fails, once; 0: none does. Each test begins without it. Check
 * allocates memory for an assertion, so none comes between this and the call under test. */
void leftovers_refuse(unsigned n);

/* The test fails if a block that is freed from here on contains these bytes, which are borrowed:
 * what is secret is wiped before. len 0: nothing is secret any more. */
void leftovers_secret(const void *bytes, size_t len);

#endif
