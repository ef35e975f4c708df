/* What nacre-serve makes of its command line, and what it gives to the server, which is not there.
 */
#include "apps/serve/run.h"
#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/daemon/program.h"
#include "apps/serve/capacity.h"
#include "apps/serve/end.h"
#include "apps/serve/options.h"
#include "apps/serve/quota.h"
#include "apps/serve/serve.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 10, DESCRIPTORS = 10000, PROCESSES = 5000 };

static struct serve_config config;
static int result; /* of the server */
static bool raised;
static char variable[16]; /* the first one of its environment */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(void, server_program_start, void)
{
    note("start;");
}

OWN(void, serve_configure, const struct serve_config *given)
{
    config = *given;
    if (config.environment[0] != NULL)
        (void)snprintf(variable, sizeof variable, "%s", config.environment[0]);
    for (char **word = config.command; word != NULL && *word != NULL; word++)
        note("%s ", *word);
    note("configured;");
}

OWN(void, descriptors_raise, void)
{
    raised = true;
}

OWN(rlim_t, descriptors_limit, void)
{
    ck_assert(raised);
    return DESCRIPTORS;
}

OWN(uint64_t, capacity_processes, void)
{
    return PROCESSES;
}

OWN(void, quota_configure, uint32_t all, uint32_t per_user)
{
    note("quota %u %u;", all, per_user);
}

/* Its configuration may change while it runs. */
OWN(int, program_serve, const struct server_program *program, const struct server_options *o)
{
    struct serve_options changed = {.per_user_sessions = 3};

    changed.server.limits.admission.max_connections = 7;
    ck_assert_str_eq(program->name, "nacre-serve");
    ck_assert(program->app == &serve_app && program->line == &serve_command_line);
    ck_assert(program->starts_programs && program->stopped == end_all);
    ck_assert_uint_eq(program->descriptors_each, 1 + CAPACITY_DESCRIPTORS_EACH);
    ck_assert_uint_eq(program->options_size, sizeof changed);
    ck_assert_str_eq(program->argv[0], "nacre-serve");
    ck_assert_ptr_null(program->argv[program->argc]);
    ck_assert_int_eq(program->forwarding != NULL, config.agent_forwarding);
    note("serve%s;", o->config.test ? " -t" : "");
    program->reloaded(&changed.server);
    return result;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int run(const char *const *words)
{
    char copies[ARGUMENTS][256], *argv[ARGUMENTS + 1] = {NULL};
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        ck_assert_int_lt(argc, ARGUMENTS);
        (void)snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    return serve_run(argc, argv);
}

#define RUN(...) run((const char *const[]){"nacre-serve", __VA_ARGS__, NULL})

/* The quota is that of these limits at the start, and of 7 connections later. */
static void expect_quota(const char *command, uint32_t connections, uint32_t workers,
                         uint32_t per_user, const char *served)
{
    struct capacity_limits limits = {.descriptors = DESCRIPTORS,
                                     .processes = PROCESSES,
                                     .connections = connections,
                                     .workers = workers};
    uint32_t first = capacity_sessions(&limits);
    char expected[NOTES_MAX];

    limits.connections = 7;
    (void)snprintf(expected, sizeof expected, "start;%sconfigured;quota %u %u;%s;quota %u 3;",
                   command, first, per_user, served, capacity_sessions(&limits));
    expect_notes(expected);
}

static void expect_served(const char *command, const char *served)
{
    expect_quota(command, 0, 1, 0, served);
}

START_TEST(a_command_is_served)
{
    ck_assert_int_eq(RUN("--", "/bin/cat", "-u"), 0);
    expect_served("/bin/cat -u ", "serve");
    ck_assert(!config.exec && !config.key_environment && !config.agent_forwarding);
    ck_assert_ptr_eq(config.events, &channel_log);
    ck_assert_ptr_null(config.folder);
    result = 5;
    ck_assert_int_eq(RUN("--", "/bin/cat"), 1);
}
END_TEST

START_TEST(options_reach_the_sessions)
{
    ck_assert_int_eq(RUN("--exec", "--permit-user-environment", "--allow-agent-forwarding",
                         "--subsystem", "s=x", "--env", "A=1", "--", "/bin/cat"),
                     0);
    ck_assert(config.exec && config.key_environment && config.agent_forwarding);
    ck_assert_str_eq(variable, "A=1");
}
END_TEST

START_TEST(without_a_command_there_must_be_a_subsystem)
{
    int status;

    printed_begin(STDERR_FILENO);
    status = RUN("-q");
    assert_says(printed_end(), "name the command to serve, after -- or with Command in a "
                               "configuration file");
    ck_assert_int_eq(status, 2);
    expect_notes("start;");
    ck_assert_int_eq(RUN("--subsystem", "sftp=/bin/cat"), 0);
    expect_served("", "serve");
    ck_assert_ptr_null(config.command);
}
END_TEST

START_TEST(the_command_may_be_in_the_configuration_file)
{
    const char *file = scratch_write("serve.conf", "Command /bin/cat -n\n", 0600);

    ck_assert_int_eq(RUN("-f", file), 0);
    expect_served("/bin/cat -n ", "serve");
    ck_assert_int_eq(RUN("-f", file, "--", "/bin/ls"), 0); /* the command line wins */
    expect_served("/bin/ls ", "serve");
}
END_TEST

START_TEST(a_command_that_does_not_exist_is_checked_further_only_by_a_test)
{
    int status[2];

    printed_begin(STDERR_FILENO);
    status[0] = RUN("--", "/missing/cat");
    status[1] = RUN("-t", "--", "/missing/cat");
    assert_says(printed_end(), "/missing/cat");
    ck_assert(status[0] == 1 && status[1] == 1);
    noted[strlen("start;start;/missing/cat configured;")] = 0;
    expect_notes("start;start;/missing/cat configured;");
    ck_assert_int_eq(RUN("-t", "--", "/bin/cat"), 0);
    expect_served("/bin/cat ", "serve -t");
}
END_TEST

START_TEST(an_answer_ends_the_program)
{
    int status;

    printed_begin(STDOUT_FILENO);
    status = RUN("--version");
    assert_says(printed_end(), "nacre-serve");
    ck_assert_int_eq(status, 0);
    expect_notes("start;");
}
END_TEST

START_TEST(the_quota_depends_on_the_options)
{
    ck_assert_int_eq(
        RUN("--max-connections", "9", "-w", "4", "--per-user-max-sessions", "2", "--", "/bin/cat"),
        0);
    expect_quota("/bin/cat ", 9, 4, 2, "serve");
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    scratch_folder(suite);
    add_test(suite, a_command_is_served);
    add_test(suite, options_reach_the_sessions);
    add_test(suite, without_a_command_there_must_be_a_subsystem);
    add_test(suite, the_command_may_be_in_the_configuration_file);
    add_test(suite, a_command_that_does_not_exist_is_checked_further_only_by_a_test);
    add_test(suite, an_answer_ends_the_program);
    add_test(suite, the_quota_depends_on_the_options);
}
