/* Check notes the place of every assertion that holds in a file, and reads all of them at the end
 * of the test, which takes most of the time of a test with many. Calls of its function come here:
 * only the first places of each test are noted. They are what Check prints as "after this point"
 * when a signal or the time limit ends the test. */
#include "tests/support/suite.h"

#include <stdatomic.h>

enum { MARKS = 200 };

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
/* Check's function, and the one that is called instead. */
void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

void __wrap__mark_point(const char *file, int line)
{
    static atomic_int marks; /* each test runs in a process of its own */

    if (atomic_load_explicit(&marks, memory_order_relaxed) >= MARKS)
        return;
    (void)atomic_fetch_add(&marks, 1);
    __real__mark_point(file, line);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
