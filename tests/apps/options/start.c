#include "apps/options/start.h"

#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* Bits of the descriptors to close: 1 for standard input, 2 for output, 4 for error. */
static int closed;

/* What opens next must not get one of their numbers, and what is open stays as it is. */
static int start_without_descriptors(void)
{
    int before = dup(STDERR_FILENO), wrong = 0;

    for (int fd = 0; fd < 3; fd++)
        if (closed & 1 << fd)
            close(fd);
    program_start();
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            wrong = 1;
    if ((closed & 2) && write(STDOUT_FILENO, "x", 1) != 1)
        wrong = 2;
    if ((closed & 1) && read(STDIN_FILENO, &wrong, 1) != 0)
        wrong = 3;
    if (open("/etc/passwd", O_RDONLY) != before + 1)
        wrong = 4;
    return wrong;
}

START_TEST(missing_descriptors_are_filled)
{
    for (closed = 0; closed < 8; closed++)
        succeeds_in_child(start_without_descriptors);
}
END_TEST

static int write_without_reader(void)
{
    int ends[2];

    program_start();
    if (pipe(ends) != 0 || close(ends[0]) != 0)
        return 1;
    return write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2;
}

START_TEST(a_reader_that_has_gone_is_an_error_of_the_write)
{
    succeeds_in_child(write_without_reader);
}
END_TEST

static int write_beyond_the_limit(void)
{
    int fd = open(scratch_path("file"), O_WRONLY | O_CREAT, 0600);

    program_start();
    if (fd < 0 || setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0}) != 0)
        return 1;
    return write(fd, "x", 1) < 0 && errno == EFBIG ? 0 : 2;
}

START_TEST(a_file_that_is_too_large_is_an_error_of_the_write)
{
    succeeds_in_child(write_beyond_the_limit);
}
END_TEST

static int inspect_actions(void)
{
    struct sigaction action;

    program_start();
    return sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler == SIG_IGN;
}

START_TEST(programs_that_it_starts_do_not_inherit_an_ignored_signal)
{
    succeeds_in_child(inspect_actions);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, missing_descriptors_are_filled);
    add_test(suite, a_reader_that_has_gone_is_an_error_of_the_write);
    add_test(suite, a_file_that_is_too_large_is_an_error_of_the_write);
    add_test(suite, programs_that_it_starts_do_not_inherit_an_ignored_signal);
}
