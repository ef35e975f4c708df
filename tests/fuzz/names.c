/* Prints the names of all algorithms as words for libFuzzer: one in quotes per line. */
#include "transport/algorithms.h"

#include <stdio.h>

int main(void)
{
    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++)
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
            (void)printf("\"%s\"\n", a->name);
    return 0;
}
