#include "tests/support/real_clock.h"

#include <stddef.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names. The
 * second is the function on 32-bit machines, and absent on others. */
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __real___clock_gettime64(clockid_t clock, struct timespec *now) __attribute__((weak));

int real_clock_gettime(clockid_t clock, struct timespec *now)
{
    return __real___clock_gettime64 != NULL ? __real___clock_gettime64(clock, now)
                                            : __real_clock_gettime(clock, now);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
