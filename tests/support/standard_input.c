#include "tests/support/standard_input.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static bool opened;

static void before(void)
{
    opened = fcntl(STDIN_FILENO, F_GETFD) < 0;
    if (opened)
        ck_assert_int_eq(open("/dev/null", O_RDWR), STDIN_FILENO);
}

static void after(void)
{
    if (opened)
        ck_assert_int_eq(close(STDIN_FILENO), 0);
}

void standard_input(struct suite *suite)
{
    suite_fixture(suite, before, after);
}
