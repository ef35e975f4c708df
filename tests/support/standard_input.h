/* Descriptor 0 is open in each test, as it is in the programs (apps/daemon/descriptors.c): without
 * this leftovers.c closes it, and another file may get its number. */
#ifndef NACRE_TESTS_SUPPORT_STANDARD_INPUT_H
#define NACRE_TESTS_SUPPORT_STANDARD_INPUT_H

#include "tests/support/suite.h"

void standard_input(struct suite *suite);

#endif
