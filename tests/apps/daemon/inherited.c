/* Sockets from a parent process, each case in a process of its own. */
#include "apps/daemon/inherited.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct inherited in;
static char sentence[256];
static const struct errbuf p = {sentence, sizeof sentence};

static void set_variables(pid_t pid, const char *count)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", (int)pid);
    (void)setenv("LISTEN_PID", text, 1);
    (void)setenv("LISTEN_FDS", count, 1);
    (void)setenv("LISTEN_FDNAMES", "one:two", 1);
}

/* Descriptors from 3 on, which programs inherit */
static bool open_two(void)
{
    return dup2(0, INHERITED_FIRST) >= 0 && dup2(0, INHERITED_FIRST + 1) >= 0;
}

static bool has_variables(void)
{
    return getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL ||
           getenv("LISTEN_FDNAMES") != NULL;
}

static int take_two(void)
{
    set_variables(getpid(), "2");
    if (!open_two() || !inherited_take(&in, &p) || in.count != 2 || in.sockets[1] != 4)
        return 1;
    if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(4, F_GETFD) & FD_CLOEXEC))
        return 2;
    inherited_close(&in);
    if (fcntl(3, F_GETFD) >= 0 || fcntl(4, F_GETFD) >= 0)
        return 3;
    return has_variables() ? 4 : 0;
}

START_TEST(descriptors_are_taken_and_not_passed_on)
{
    succeeds_in_child(take_two);
}
END_TEST

static int take_nothing(void)
{
    set_variables(getppid(), "2");
    if (!inherited_take(&in, &p) || in.count != 0 || has_variables())
        return 1;
    return inherited_take(&in, &p) && in.count == 0 ? 0 : 2;
}

START_TEST(those_of_another_process_are_not)
{
    succeeds_in_child(take_nothing);
}
END_TEST

static int take_too_many(void)
{
    if (!open_two())
        return 1;
    (void)close(5);
    set_variables(getpid(), "3");
    if (inherited_take(&in, &p))
        return 2;
    (void)fprintf(stderr, "%s\n", sentence);
    for (int i = 0; i < 3; i++) {
        static const char *const bad[] = {"17", "-1", "x"};

        set_variables(getpid(), bad[i]);
        if (inherited_take(&in, &p))
            return 3;
    }
    (void)fprintf(stderr, "%s\n", sentence);
    return 0;
}

START_TEST(a_number_that_is_wrong_is_refused)
{
    succeeds_in_child(take_too_many);
    assert_says(child_said, "LISTEN_FDS: descriptor 5: Bad file descriptor\n");
    assert_says(child_said, "LISTEN_FDS: 'x' is not a number of sockets from 0 to 16\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, descriptors_are_taken_and_not_passed_on);
    add_test(suite, those_of_another_process_are_not);
    add_test(suite, a_number_that_is_wrong_is_refused);
}
