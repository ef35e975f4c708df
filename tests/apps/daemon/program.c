/* A server program from its start to its end, each in a process of its own. */
#include "apps/daemon/program.h"
#include "apps/daemon/descriptors.h"
#include "apps/daemon/log.h"
#include "apps/files/key_file.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct nacre_channel_app app = {.open = NULL};
static struct server_options options;
static bool stopped;

static void on_stopped(void)
{
    struct rlimit limit;

    stopped = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max &&
              descriptors_inherited() != NULL;
}

/* The options of a program that listens on a free port, has a key and knows one password. */
static int serve(void)
{
    static const struct server_program program = {
        .name = "program", .app = &app, .stopped = on_stopped};
    int status;

    options.listen.items[0] = "127.0.0.1:0";
    options.listen.count = 1;
    options.host_keys.items[0] = scratch_path("host_key");
    options.host_keys.count = 1;
    options.no_sandbox = true;
    options.level = LOG_INFO;
    if (chdir(scratch_path("")) != 0)
        return 9;
    status = program_serve(&program, &options);
    return status == 0 && !stopped ? 8 : status;
}

static void make_files(void)
{
    static char passwords[4096];
    char errbuf[512];
    struct nacre_key *key = nacre_key_make(scratch_path("host_key"), errbuf, sizeof errbuf);

    ck_assert_msg(key != NULL, "%s", errbuf);
    nacre_key_free(key);
    (void)snprintf(passwords, sizeof passwords, "%s",
                   scratch_write("passwords", "alice:secret\n", 0600));
    options = (struct server_options){.passwords = passwords};
}

static void expect_refusal(const char *says)
{
    int status = in_child(serve);

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x: %s", (unsigned)status,
                  child_said);
    assert_says(child_said, says);
}

START_TEST(a_required_method_must_be_offered)
{
    make_files();
    options.require = "publickey";
    expect_refusal("program: --require publickey needs --authorized-keys");
    options.require = "password,keyboard-interactive";
    expect_refusal("program: --require keyboard-interactive needs --keyboard-interactive");
    options.passwords = NULL;
    options.authorized_keys = scratch_write("keys", "", 0600);
    options.require = "password";
    expect_refusal("program: --require password or keyboard-interactive needs a password file");
}
END_TEST

START_TEST(a_file_that_is_missing_is_named)
{
    make_files();
    options.banner_file = scratch_path("missing");
    expect_refusal("missing: ");
    options.passwords = scratch_path("absent");
    expect_refusal("absent: ");
}
END_TEST

/* The signal waits until the server can handle it. */
static int serve_and_stop(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTERM);
    return serve();
}

START_TEST(sigterm_stops_it_with_status_0)
{
    make_files();
    succeeds_in_child(serve_and_stop);
    assert_says(child_said, "event=listening");
    assert_says(child_said, "event=stopped");
}
END_TEST

START_TEST(a_worker_per_processor_unless_a_number_was_given)
{
    struct server_options o = {.workers = 3};
    cpu_set_t set;

    ck_assert_uint_eq(server_workers(&o), 3);
    o.workers = 0;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_uint_ge(server_workers(&o), (unsigned)CPU_COUNT(&set));
    o.workers = 1;
    ck_assert_uint_eq(server_workers(&o), 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_required_method_must_be_offered);
    add_test(suite, a_file_that_is_missing_is_named);
    add_test(suite, a_worker_per_processor_unless_a_number_was_given);
    add_test(suite, sigterm_stops_it_with_status_0);
}
