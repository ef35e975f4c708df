/* The table of measures: which of them are taken, in a process of their own. */
#include "apps/confine/confine.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Confine this process, and print the notes as the log has them. */
static bool confine_and_print(const struct confinement *c)
{
    struct confine_note notes[CONFINE_MEASURES];
    char errbuf[256] = "";

    memset(notes, 'x', sizeof notes); /* what was there before does not count */
    if (!confine(c, notes, errbuf, sizeof errbuf)) {
        (void)fprintf(stderr, "%s\n", errbuf);
        return false;
    }
    for (size_t i = 0; i < CONFINE_MEASURES; i++)
        (void)fprintf(stderr, "%s=%s ", notes[i].name, notes[i].value);
    (void)fprintf(stderr, "%s\n", notes[2].reason); /* about locked memory */
    return true;
}

static int confine_nothing(void)
{
    const struct confinement c = {.off = true};

    return confine_and_print(&c) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
                   socket(AF_INET, SOCK_STREAM, 0) >= 0
               ? 0
               : 1;
}

START_TEST(a_sandbox_that_is_off_takes_no_measure)
{
    succeeds_in_child(confine_nothing);
    assert_says(child_said, "capabilities=no locked_bytes=no undumpable=no no_core=no "
                            "no_new_privileges=no files=no calls=no ");
}
END_TEST

/* Does a file of /proc/self, opened before, have this line now? */
static bool has_line(int file, const char *line)
{
    char text[8192];
    ssize_t n = read(file, text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    return strstr(text, line) != NULL;
}

static int confine_alone(void)
{
    const struct confinement c = {.locked_memory = 4096};
    int limits = open("/proc/self/limits", O_RDONLY | O_CLOEXEC);
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

    if (!confine_and_print(&c))
        return 1;
    if (!has_line(limits, "Max core file size        0                    0  "))
        return 2;
    return has_line(status, "NoNewPrivs:\t1\nSeccomp:\t2\n") ? 0 : 3;
}

START_TEST(a_server_that_starts_no_programs_takes_every_measure)
{
    succeeds_in_child(confine_alone);
    assert_says(child_said,
                "locked_bytes=4096 undumpable=yes no_core=yes no_new_privileges=yes files=");
}
END_TEST

static int confine_parent(void)
{
    const struct confinement c = {.starts_programs = true};

    return confine_and_print(&c) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
                   prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
               ? 0
               : 1;
}

START_TEST(a_server_that_starts_programs_restricts_only_itself)
{
    succeeds_in_child(confine_parent);
    assert_says(child_said, "capabilities=no locked_bytes=no undumpable=yes no_core=no "
                            "no_new_privileges=no files=no calls=no "
                            "no memory can be locked (ulimit -l), so keys may reach a swap device");
}
END_TEST

static int become_a_user_as_nobody(void)
{
    const struct confinement c = {.user = "root", .changes_user = true, .off = true};

    if (geteuid() == 0 && setuid(65534) != 0)
        return 1;
    return confine_and_print(&c);
}

START_TEST(a_user_that_does_not_change_is_an_error)
{
    succeeds_in_child(become_a_user_as_nobody);
    assert_says(child_said, "--user root: cannot become that user: ");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_sandbox_that_is_off_takes_no_measure);
    add_test(suite, a_server_that_starts_no_programs_takes_every_measure);
    add_test(suite, a_server_that_starts_programs_restricts_only_itself);
    add_test(suite, a_user_that_does_not_change_is_an_error);
}
