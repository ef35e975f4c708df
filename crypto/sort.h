/* Sorting in constant time. */
#ifndef NACRE_CRYPTO_SORT_H
#define NACRE_CRYPTO_SORT_H

#include "crypto/bytes.h"

enum {
    SORT_LEN = 1024,
};

/* Sort SORT_LEN numbers, smallest first. Time and memory accesses do not depend on the numbers. To
 * sort fewer, fill up with UINT32_MAX. */
void sort_1024(uint32_t numbers[SORT_LEN]);

#endif
