/* What SIGHUP changes, call by call: the server that takes the new configuration is not there. */
#include "apps/daemon/reload.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/notify.h"
#include "apps/daemon/signals.h"
#include "apps/echo/options.h"
#include "apps/files/key_file.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char one; /* its address is what matters */
static struct setup now, *next;
static struct server_options options;
static bool refused, unopened;
static char path[512], key[512], passwords[512];

#define SERVER ((struct nacre_server *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(bool, nacre_server_reconfigure, struct nacre_server *server,
    const struct nacre_server_config *config, char *errbuf, size_t size)
{
    const struct errbuf p = {errbuf, size};

    next = config->context;
    if (server != SERVER || next->options != next->own || config->workers != 3 ||
        config->sockets[0] != 77 || config->host_keys[0] == NULL)
        ck_abort_msg("it is another configuration");
    note("reconfigure;");
    return !refused || errbuf_say(&p, "refused\nfor two reasons");
}

OWN(void, log_threshold, enum log_level level)
{
    note("level %d;", (int)level);
}

OWN(bool, log_reopen, const struct errbuf *p)
{
    note("reopen;");
    return !unopened || errbuf_say(p, "not opened");
}

/* "[EVENT field...]" */
OWN(void, log_end, struct log_line *l)
{
    const char *level = memmem(l->text, l->len, "level=", 6);

    note("[%.*s];", (int)(l->text + l->len - level), level);
}

OWN(void, notify_say, enum notice notice, uint32_t number)
{
    static const char *const names[NOTICES] = {[NOTIFY_READY] = "ready",
                                               [NOTIFY_RELOADING] = "reloading",
                                               [NOTIFY_RELOAD_FAILED] = "reload failed"};

    note("%s %u;", names[notice], number);
}

OWN(void, signals_set_drain, uint32_t ms)
{
    note("drain %u;", ms);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void reloaded(const struct server_options *o)
{
    note("reloaded %s;", o == next->options ? "its own" : "others");
}

static void on_problem(void *context, const char *value, const char *sentence)
{
    (void)context;
    (void)value;
    ck_abort_msg("%s", sentence);
}

static char name[] = "nacre-echo", short_file[] = "-f";
static char *arguments[] = {name, short_file, path, NULL};
static char host_key[] = "--host-key", users[] = "--passwords";
static char *no_file[] = {name, host_key, key, users, passwords, NULL};

static struct server_program program = {.name = name,
                                        .line = &echo_command_line,
                                        .options_size = sizeof(struct server_options),
                                        .reloaded = reloaded};

static void write_config(const char *more)
{
    char text[2048];

    (void)snprintf(text, sizeof text, "HostKey %s\nPasswords %s\n%s", key, passwords, more);
    (void)snprintf(path, sizeof path, "%s", scratch_write("a.conf", text, 0600));
}

/* A server that runs with these arguments */
static void start(int argc, char **argv)
{
    const struct setup_report report = {.problem = on_problem, .only_try = true};
    int status = 0;

    program.argc = argc;
    program.argv = argv;
    options = (struct server_options){.level = LOG_INFO};
    ck_assert_int_ne(options_read(program.line, &options, argc, argv, &status), 0);
    options.no_sandbox = true;
    now = (struct setup){.program = &program,
                         .options = &options,
                         .server = SERVER,
                         .workers = 3,
                         .sockets = {.sockets = {77}, .count = 1}};
    ck_assert(setup_read(&now, &report));
    noted[0] = 0;
}

static void set_up(void)
{
    char errbuf[512];
    struct nacre_key *made = nacre_key_make(scratch_path("key"), errbuf, sizeof errbuf);

    ck_assert_msg(made != NULL, "%s", errbuf);
    nacre_key_free(made);
    (void)snprintf(key, sizeof key, "%s", scratch_path("key"));
    (void)snprintf(passwords, sizeof passwords, "%s",
                   scratch_write("passwords", "alice:secret\n", 0600));
    write_config("");
    start(3, arguments);
}

static void tear_down(void)
{
    setup_clear(&now);
    server_options_clear(&options);
}

START_TEST(a_new_configuration_takes_effect_in_this_order)
{
    char expected[1024];

    write_config("LogLevel warn\nDrain 5\n");
    reload(&now);
    (void)snprintf(expected, sizeof expected,
                   "reloading 0;reopen;reconfigure;level %d;drain 5000;reloaded its own;"
                   "[level=info event=reloaded file=%s hostkeys=1];ready 0;",
                   (int)LOG_WARN, path);
    expect_notes(expected);
    ck_assert_ptr_eq(next->program, &program);
    ck_assert_ptr_eq(next->server, SERVER);
    ck_assert_ptr_eq(next->host_keys.keys[0], now.host_keys.keys[0]); /* the file is the same */
    setup_released(next);
}
END_TEST

START_TEST(without_a_configuration_file_the_keys_are_read_again)
{
    tear_down();
    start(5, no_file);
    program.reloaded = NULL;
    reload(&now);
    expect_notes("reloading 0;reopen;reconfigure;level 2;drain 0;"
                 "[level=info event=reloaded hostkeys=1];ready 0;");
    setup_released(next);
}
END_TEST

START_TEST(each_problem_is_a_line_of_the_log_and_nothing_changes)
{
    char expected[2048];

    write_config("Banner nothing\nWorkers 5\nSomething x\n");
    reload(&now);
    (void)snprintf(expected, sizeof expected, "\"%s:5: there is no keyword 'Something'", path);
    assert_says(noted, expected);
    ck_assert_ptr_nonnull(strstr(noted, "reloading 0;reopen;[level=error event=reload_failed "));
    ck_assert_ptr_null(strstr(noted, "reconfigure"));
    ck_assert_ptr_null(strstr(noted, "level 2;"));
    ck_assert_str_eq(noted + strlen(noted) - strlen(";reload failed 0;"), ";reload failed 0;");
    noted[0] = 0;
}
END_TEST

START_TEST(what_is_wrong_with_a_file_has_its_line)
{
    char expected[2048];

    write_config("Banner /no/such/banner\nAuthorizedKeysFile /no/such/folder/%u\n"
                 "AuthenticationMethods keyboard-interactive\n");
    reload(&now);
    (void)snprintf(expected, sizeof expected,
                   "reloading 0;reopen;"
                   "[level=error event=reload_failed reason=\"%s:3: /no/such/banner: cannot read "
                   "the banner: No such file or directory\"];"
                   "[level=error event=reload_failed reason=\"%s:5: --require "
                   "keyboard-interactive needs --keyboard-interactive\"];reload failed 0;",
                   path, path);
    expect_notes(expected);
}
END_TEST

START_TEST(what_the_server_refuses_is_logged_too)
{
    refused = true;
    reload(&now);
    expect_notes("reloading 0;reopen;reconfigure;"
                 "[level=error event=reload_failed reason=refused];"
                 "[level=error event=reload_failed reason=\"for two reasons\"];reload failed 0;");
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_again_is_no_obstacle)
{
    unopened = true;
    reload(&now);
    ck_assert_ptr_nonnull(
        strstr(noted, "reopen;[level=warn event=log reason=\"not opened\"];reconfigure;"));
    noted[0] = 0;
    setup_released(next);
}
END_TEST

START_TEST(without_memory_the_server_goes_on_as_before)
{
    for (unsigned n = 1; n <= 2; n++) {
        leftovers_refuse(n);
        reload(&now);
        expect_notes("reloading 0;reopen;[level=error event=reload_failed reason=\"out of "
                     "memory\"];reload failed 0;");
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, a_new_configuration_takes_effect_in_this_order);
    add_test(suite, without_a_configuration_file_the_keys_are_read_again);
    add_test(suite, each_problem_is_a_line_of_the_log_and_nothing_changes);
    add_test(suite, what_is_wrong_with_a_file_has_its_line);
    add_test(suite, what_the_server_refuses_is_logged_too);
    add_test(suite, a_log_that_cannot_be_opened_again_is_no_obstacle);
    add_test(suite, without_memory_the_server_goes_on_as_before);
}
