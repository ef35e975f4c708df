/* What every fuzz_*.c defines, and libFuzzer or replay.c calls. Aborts when something is wrong. */
#ifndef NACRE_TESTS_FUZZ_H
#define NACRE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* assert, whatever NDEBUG says */
static inline void require(_Bool good)
{
    if (!good)
        abort();
}

#endif
