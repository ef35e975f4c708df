/* The main function of every test program. Its arguments are parts of the names of the tests to
 * run; without any it runs all. */
#include "tests/support/suite.h"

int main(int argc, char **argv)
{
    (void)argc;
    return suite_main(argv + 1, add_tests);
}
