/* The main function of every test program. Its arguments are parts of the names of the tests to
 * run; without any it runs all. */
#include "tests/support/suite.h"

#include <malloc.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
    (void)argc;
    (void)umask(022); /* with 002, as users of Debian 13 have, some files would be refused */
    (void)mallopt(M_PERTURB, 0xa5); /* memory is zero only if somebody has cleared it */
    return suite_main(argv + 1, add_tests);
}
