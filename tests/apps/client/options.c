/* What follows from nacre-client's command line. */
#include "apps/client/options.h"
#include "apps/client/client.h"
#include "tests/support/child.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/standard_input.h"

#include <pty.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client_options options;
static int status;

/* Standard input is no terminal, there is no agent, and the home is the test's folder. */
static void begin(void)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    ck_assert_int_eq(setenv("HOME", scratch_path("."), 1), 0);
    ck_assert_int_eq(unsetenv("SSH_AUTH_SOCK"), 0);
}

static bool read_words(char **words)
{
    int count = 0;

    while (words[count] != NULL)
        count++;
    optind = 0; /* getopt starts from the beginning */
    status = 0;
    return client_read_options(count, words, &options, &status);
}

#define READ(...) read_words((char *[]){"nacre-client", __VA_ARGS__, NULL})

START_TEST(the_words_after_the_host_are_the_command)
{
    begin();
    ck_assert(READ("-l", "alice", "-p", "2022", "127.0.0.1", "echo", "a  b", "-t", ""));
    ck_assert_str_eq(options.command, "echo a  b -t ");
    ck_assert_str_eq(options.user, "alice");
    ck_assert_str_eq(options.target, "127.0.0.1:2022");
    ck_assert_uint_eq(options.login_s, 120);
    ck_assert(!options.terminal && !options.wants_terminal);
    ck_assert(options.host.is_default);
    client_clear_options(&options);
    ck_assert(READ("--insecure", "host"));
    ck_assert_ptr_null(options.command);
    ck_assert_str_eq(options.target, "host:22");
    ck_assert_str_eq(options.user, getpwuid(getuid())->pw_name);
    ck_assert_ptr_null(options.host.known_hosts);
    client_clear_options(&options);
    ck_assert(READ("bob@host", "true"));
    ck_assert_str_eq(options.command, "true");
    ck_assert_str_eq(options.user, "bob");
    client_clear_options(&options);
}
END_TEST

static void expect_command(bool read, const char *user, const char *command)
{
    ck_assert(read);
    ck_assert_str_eq(options.host_name, "host");
    ck_assert_str_eq(options.user, user);
    ck_assert_str_eq(options.port, "2022");
    ck_assert(command == NULL ? options.command == NULL : strcmp(options.command, command) == 0);
    client_clear_options(&options);
}

/* As with ssh. */
START_TEST(options_may_follow_the_host)
{
    begin();
    expect_command(READ("host", "-p", "2022", "-l", "bob"), "bob", NULL);
    expect_command(READ("-p", "2022", "host", "-l", "bob", "ls", "-l"), "bob", "ls -l");
    expect_command(READ("-p2022", "bob@host", "-T", "--insecure", "true", "-p", "1"), "bob",
                   "true -p 1");
    expect_command(READ("host", "--port=2022", "-l", "bob", "--", "-x", "-y"), "bob", "-x -y");
    expect_command(READ("-p", "2022", "-l", "bob", "--", "host", "-T"), "bob", "-T");
    ck_assert(!READ("host", "-p", "2022", "--nonsense", "true"));
    ck_assert(!READ("host", "-p"));
    ck_assert(!READ("-T", "-p", "2022"));
}
END_TEST

static bool wants_terminal(bool read)
{
    ck_assert(read);
    client_clear_options(&options);
    return options.wants_terminal;
}

START_TEST(a_shell_on_a_terminal_gets_one)
{
    int master, slave;

    begin();
    ck_assert(!wants_terminal(READ("host")));
    ck_assert(wants_terminal(READ("-t", "host")));
    ck_assert(wants_terminal(READ("-t", "host", "true")));
    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
    ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    (void)close(slave);
    ck_assert(wants_terminal(READ("host")));
    ck_assert(!wants_terminal(READ("-T", "host")));
    ck_assert(!wants_terminal(READ("host", "true")));
    (void)close(master);
}
END_TEST

START_TEST(options_have_their_limits)
{
    begin();
    ck_assert(READ("--login-timeout", "1", "host"));
    ck_assert_uint_eq(options.login_s, 1);
    client_clear_options(&options);
    ck_assert(READ("--login-timeout", "1000000", "-l", "b", "-p", "65535", "host"));
    ck_assert_uint_eq(options.login_s, 1000000);
    ck_assert_str_eq(options.user, "b");
    ck_assert_str_eq(options.target, "host:65535");
    client_clear_options(&options);
    ck_assert(!READ("--login-timeout", "1000001", "host"));
    client_clear_options(&options);
}
END_TEST

/* What is wrong with it is told only if no login succeeds. */
START_TEST(an_agent_is_asked_if_the_environment_names_one)
{
    begin();
    ck_assert_int_eq(setenv("SSH_AUTH_SOCK", "", 1), 0);
    ck_assert(READ("host"));
    ck_assert_str_eq(options.note, "");
    client_clear_options(&options);
    ck_assert_int_eq(setenv("SSH_AUTH_SOCK", "0", 1), 0);
    ck_assert(READ("host"));
    ck_assert_str_ne(options.note, "");
    client_clear_options(&options);
}
END_TEST

START_TEST(the_environment_may_name_a_key_log)
{
    begin();
    ck_assert(READ("host"));
    ck_assert_ptr_null(options.study.keylog);
    client_clear_options(&options);
    ck_assert_int_eq(setenv("NACRE_KEYLOG", "/k", 1), 0);
    ck_assert(READ("host"));
    ck_assert_str_eq(options.study.keylog, "/k");
    client_clear_options(&options);
    ck_assert_int_eq(unsetenv("NACRE_KEYLOG"), 0);
}
END_TEST

START_TEST(the_usual_keys_are_read_unless_others_are_named)
{
    begin();
    ck_assert_int_eq(mkdir(scratch_path(".ssh"), 0700), 0);
    ck_assert(READ("host"));
    ck_assert_uint_eq(options.identity.key_count, 0);
    client_clear_options(&options);
    (void)scratch_write(".ssh/id_ecdsa", openssh_nistp256, 0600);
    (void)scratch_write(".ssh/id_ed25519", openssh_ed25519, 0600);
    ck_assert(READ("host"));
    ck_assert_uint_eq(options.identity.key_count, 2);
    ck_assert_str_eq(options.note, "");
    client_clear_options(&options);
    ck_assert(READ("-i", (char *)(uintptr_t)scratch_path(".ssh/id_ecdsa"), "host"));
    ck_assert_uint_eq(options.identity.key_count, 1);
    client_clear_options(&options);
    ck_assert(READ("-i", (char *)(uintptr_t)scratch_path(".ssh/id_ecdsa"), "-i",
                   (char *)(uintptr_t)scratch_path(".ssh/id_ed25519"), "host"));
    ck_assert_uint_eq(options.identity.key_count, 2);
    client_clear_options(&options);
    (void)scratch_write(".ssh/id_rsa", "nonsense", 0600);
    ck_assert(READ("host"));
    ck_assert_uint_eq(options.identity.key_count, 2);
    assert_says(options.note, "id_rsa");
    client_clear_options(&options);
    ck_assert(READ("--probe", "host"));
    ck_assert_uint_eq(options.identity.key_count, 0);
    client_clear_options(&options);
}
END_TEST

START_TEST(the_usual_keys_are_found_in_a_home_with_the_longest_path)
{
    char home[PATH_MAX - sizeof "/.ssh/id_ed25519" + 1];

    begin();
    ck_assert_int_eq(mkdir(scratch_path(".ssh"), 0700), 0);
    (void)scratch_write(".ssh/id_ed25519", openssh_ed25519, 0600);
    memset(home, '/', sizeof home);
    memcpy(home, scratch_path("."), strlen(scratch_path(".")));
    home[sizeof home - 1] = 0;
    ck_assert_int_eq(setenv("HOME", home, 1), 0);
    ck_assert(READ("host"));
    ck_assert_uint_eq(options.identity.key_count, 1);
    client_clear_options(&options);
}
END_TEST

static int misuse(void)
{
    char *const *words[] = {
        (char *[]){"nacre-client", NULL},
        (char *[]){"nacre-client", "-t", "-T", "host", NULL},
        (char *[]){"nacre-client", "--probe", "host", "true", NULL},
        (char *[]){"nacre-client", "--json", "host", NULL},
        (char *[]){"nacre-client", "-p", "0", "host", NULL},
        (char *[]){"nacre-client", "-p", "65536", "host", NULL},
        (char *[]){"nacre-client", "--login-timeout", "0", "host", NULL},
        (char *[]){"nacre-client", "-l", "", "host", NULL},
        (char *[]){"nacre-client", "host:22", NULL},
        (char *[]){"nacre-client", "-i", "/nonexistent", "host", NULL},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (read_words((char **)(uintptr_t)words[i]) || status != 255)
            return (int)i + 1;
        client_clear_options(&options);
    }
    return 0;
}

START_TEST(what_makes_no_sense_is_refused_with_status_255)
{
    static const char *const says[] = {"give a HOST",
                                       "-t and -T exclude each other",
                                       "--probe runs no COMMAND",
                                       "--json goes with --probe",
                                       "--port: '0' is not a number from 1 to 65535",
                                       "--port: '65536' is not",
                                       "--login-timeout: '0' is not",
                                       "--user: the value is empty",
                                       "goes after -p",
                                       "/nonexistent: "};

    begin();
    succeeds_in_child(misuse);
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        assert_says(child_said, says[i]);
}
END_TEST

static int ask_for_help(void)
{
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    return READ("--version") || status != 0 || fflush(stdout) != 0;
}

START_TEST(a_question_is_answered_with_status_0)
{
    begin();
    succeeds_in_child(ask_for_help);
    ck_assert_ptr_eq(strstr(child_said, "nacre-client "), child_said);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    scratch_folder(suite);
    add_test(suite, the_words_after_the_host_are_the_command);
    add_test(suite, options_may_follow_the_host);
    add_test(suite, a_shell_on_a_terminal_gets_one);
    add_test(suite, options_have_their_limits);
    add_test(suite, an_agent_is_asked_if_the_environment_names_one);
    add_test(suite, the_environment_may_name_a_key_log);
    add_test(suite, the_usual_keys_are_read_unless_others_are_named);
    add_test(suite, the_usual_keys_are_found_in_a_home_with_the_longest_path);
    add_test(suite, what_makes_no_sense_is_refused_with_status_255);
    add_test(suite, a_question_is_answered_with_status_0);
}
