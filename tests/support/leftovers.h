/* A check after each test that it left no heap block and no descriptor. */
#ifndef NACRE_TESTS_SUPPORT_LEFTOVERS_H
#define NACRE_TESTS_SUPPORT_LEFTOVERS_H

#include <check.h>

/* Absent in programs that are not linked with it. */
void suite_leftovers(TCase *tests) __attribute__((weak));

#endif
