/* nacre-trace's command line, and output that cannot be written. */
#include "apps/trace/run.h"
#include "apps/trace/commands.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 5 };

static const char line[] = "{\"trace\":1}\n";
static char path[256];

static int run(const char *a, const char *b, const char *c, const char *d)
{
    const char *const given[ARGUMENTS] = {"nacre-trace", a, b, c, d};
    char copies[ARGUMENTS][256], *argv[ARGUMENTS + 1] = {NULL};
    int argc = 0;

    for (; argc < ARGUMENTS && given[argc] != NULL; argc++) {
        (void)snprintf(copies[argc], sizeof copies[argc], "%s", given[argc]);
        argv[argc] = copies[argc];
    }
    return trace_run(argc, argv);
}

static void expect_misused(const char *a, const char *b, const char *c, const char *sentence)
{
    int status;

    printed_begin(STDERR_FILENO);
    status = run(a, b, c, NULL);
    assert_says(printed_end(), sentence);
    ck_assert_int_eq(status, 2);
}

static void write_trace(void)
{
    (void)snprintf(path, sizeof path, "%s", scratch_write("t", line, 0600));
}

START_TEST(a_command_and_its_traces_are_needed)
{
    write_trace();
    expect_misused(NULL, NULL, NULL, "give a COMMAND and a TRACE");
    expect_misused("--conn", "1", NULL, "give a COMMAND and a TRACE");
    expect_misused("js", path, NULL, "there is no COMMAND 'js'");
    expect_misused("json", NULL, NULL, "json needs one TRACE");
    expect_misused("json", path, path, "json needs one TRACE");
    expect_misused("diff", path, NULL, "diff needs two TRACEs");
    expect_misused("--nothing", NULL, NULL, "--nothing");
}
END_TEST

START_TEST(a_command_runs)
{
    int status;

    write_trace();
    printed_begin(STDOUT_FILENO);
    status = run("json", path, NULL, NULL);
    expect_printed(line);
    ck_assert_int_eq(status, 0);
    printed_begin(STDOUT_FILENO);
    status = run("--conn", "1", "json", path);
    expect_printed(line);
    ck_assert_int_eq(status, 0);
    printed_begin(STDERR_FILENO);
    status = run("json", scratch_path("missing"), NULL, NULL);
    assert_says(printed_end(), "missing: No such file");
    ck_assert_int_eq(status, 1);
}
END_TEST

START_TEST(an_answer_ends_the_program)
{
    int status;

    printed_begin(STDOUT_FILENO);
    status = run("--version", NULL, NULL, NULL);
    assert_says(printed_end(), "nacre-trace");
    ck_assert_int_eq(status, 0);
}
END_TEST

/* The status of a command that fails is kept. */
START_TEST(output_that_cannot_be_written_is_an_error)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), own = dup(STDOUT_FILENO), status[3];

    ck_assert_int_ge(full, 0);
    write_trace();
    (void)fflush(stdout);
    printed_begin(STDERR_FILENO);
    (void)dup2(full, STDOUT_FILENO);
    status[0] = run("json", path, NULL, NULL);
    status[1] = run("json", path, NULL, NULL); /* nothing is left to write, but it failed before */
    (void)fputs("x", stdout);
    status[2] = run("json", scratch_path("missing"), NULL, NULL);
    (void)dup2(own, STDOUT_FILENO);
    clearerr(stdout);
    assert_says(printed_end(), "nacre-trace: the output could not be written\n");
    (void)close(own);
    (void)close(full);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(status[i], 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    scratch_folder(suite);
    add_test(suite, a_command_and_its_traces_are_needed);
    add_test(suite, a_command_runs);
    add_test(suite, an_answer_ends_the_program);
    add_test(suite, output_that_cannot_be_written_is_an_error);
}
