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

static void set_named(pid_t pid, const char *count, const char *names)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", (int)pid);
    (void)setenv("LISTEN_PID", text, 1);
    (void)setenv("LISTEN_FDS", count, 1);
    (void)setenv("LISTEN_FDNAMES", names, 1);
}

static void set_variables(pid_t pid, const char *count)
{
    set_named(pid, count, "one:two");
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
    if (!open_two() || !inherited_take(&in, &p) || in.count != 2 || in.sockets[1] != 4 ||
        in.metrics != -1)
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

static int take_metrics(void)
{
    static const char *const first[] = {"metrics", "metrics:", "metrics:ssh", "metrics:metric"};
    static const char *const second[] = {"ssh:metrics", ":metrics", "xmetrics:metrics:metrics"};
    static const char *const none[] = {"", "ssh", "metricsx:metric", "ssh:ssh:metrics",
                                       ":::metrics"};

    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        set_named(getpid(), "2", first[i]);
        if (!open_two() || !inherited_take(&in, &p) || in.metrics != 3 || in.sockets[0] != 4)
            return 1;
    }
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        set_named(getpid(), "2", second[i]);
        if (!open_two() || !inherited_take(&in, &p) || in.metrics != 4 || in.sockets[0] != 3)
            return 2;
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        set_named(getpid(), "2", none[i]);
        if (!open_two() || !inherited_take(&in, &p) || in.metrics != -1 || in.count != 2)
            return 3;
    }
    return has_variables() ? 4 : 0;
}

START_TEST(the_one_for_metrics_is_known_by_its_name)
{
    succeeds_in_child(take_metrics);
}
END_TEST

/* Sixteen and one are as many as there may be. */
static int take_most(void)
{
    static const char names[] = "::::::::::::::::metrics";

    for (int fd = INHERITED_FIRST; fd < INHERITED_FIRST + INHERITED_MAX + 1; fd++)
        if (dup2(0, fd) < 0)
            return 1;
    set_named(getpid(), "17", names);
    if (!inherited_take(&in, &p) || in.count != INHERITED_MAX || in.metrics != 19)
        return 2;
    set_named(getpid(), "17", "");
    if (inherited_take(&in, &p))
        return 3;
    (void)fprintf(stderr, "%s\n", sentence);
    set_named(getpid(), "2", "metrics:metrics");
    if (inherited_take(&in, &p))
        return 4;
    (void)fprintf(stderr, "%s\n", sentence);
    return 0;
}

START_TEST(there_is_only_one_for_metrics)
{
    succeeds_in_child(take_most);
    assert_says(child_said, "LISTEN_FDS: more than 16 sockets\n");
    assert_says(child_said, "LISTEN_FDNAMES: two sockets are named metrics\n");
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
        static const char *const bad[] = {"18", "-1", "x"};

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
    add_test(suite, the_one_for_metrics_is_known_by_its_name);
    add_test(suite, there_is_only_one_for_metrics);
    add_test(suite, those_of_another_process_are_not);
    add_test(suite, a_number_that_is_wrong_is_refused);
}
