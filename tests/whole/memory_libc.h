/* Memory that runs out for everything: in SCARCE_TESTS (tests.mk) the library and the programs call
 * the functions of memory_libc.c instead of the C library's. */
#ifndef NACRE_TESTS_WHOLE_MEMORY_LIBC_H
#define NACRE_TESTS_WHOLE_MEMORY_LIBC_H

#include "tests/support/scarce.h"

/* From now on `s` decides about every allocation of this thread; NULL: all succeed. */
void scarce_everywhere(struct scarce *s);

#endif
