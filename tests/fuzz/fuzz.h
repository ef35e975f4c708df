/* The function that every fuzz_*.c defines, for libFuzzer or replay.c. It aborts on an error. */
#ifndef NACRE_TESTS_FUZZ_FUZZ_H
#define NACRE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert, with NDEBUG too */
static inline void require(_Bool good)
{
    if (!good)
        abort();
}

#endif
