/* Memory that runs out for everything: in SCARCE_TESTS (tests.mk) the library and the programs call
 * the functions of memory_libc.c instead of the C library's. */
#ifndef NACRE_TESTS_WHOLE_MEMORY_LIBC_H
#define NACRE_TESTS_WHOLE_MEMORY_LIBC_H

#include "tests/support/scarce.h"

/* Ask `s` before every allocation that this thread makes; NULL: no more. */
void scarce_everywhere(struct scarce *s);

#endif
