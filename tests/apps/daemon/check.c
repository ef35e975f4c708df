/* What --test-config finds, in a process of its own. */
#include "apps/daemon/check.h"
#include "apps/echo/echo.h"
#include "apps/echo/options.h"
#include "apps/files/key_file.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[2048];

/* Check the configuration in `text`, as nacre-echo does with -t. */
static int check(void)
{
    static const struct server_program program = {.name = "nacre-echo", .app = &echo_app};
    char name[] = "nacre-echo", test[] = "-t", file[] = "-f", path[512];
    char *arguments[] = {name, test, file, path, NULL};
    struct server_options options = {.level = LOG_INFO};
    int status = 9;

    if (chdir(scratch_path(".")) != 0)
        return 8;
    (void)snprintf(path, sizeof path, "%s", scratch_write("a.conf", text, 0600));
    if (options_read(&echo_command_line, &options, 4, arguments, &status) != 0)
        status = program_serve(&program, &options);
    server_options_clear(&options);
    return status;
}

static void make_files(void)
{
    char errbuf[512];
    struct nacre_key *key = nacre_key_make(scratch_path("key"), errbuf, sizeof errbuf);

    ck_assert_msg(key != NULL, "%s", errbuf);
    nacre_key_free(key);
    (void)scratch_write("passwords", "alice:secret\n", 0600);
    (void)scratch_write("banner", "hello\n", 0644);
    (void)scratch_write("keys", "# nobody\n", 0644);
}

#define GOOD "HostKey key\nPasswords passwords\nBanner banner\nAuthorizedKeysFile keys\n"

START_TEST(a_good_configuration_is_accepted_in_silence)
{
    make_files();
    (void)snprintf(text, sizeof text, GOOD "ListenAddress localhost:1\n");
    succeeds_in_child(check);
    ck_assert_str_eq(child_said, "");
}
END_TEST

static void expect_problem(const char *sentence)
{
    ck_assert_msg(strstr(child_said, sentence) != NULL, "no '%s' in: %s", sentence, child_said);
}

START_TEST(every_problem_is_found_and_has_its_line)
{
    make_files();
    (void)scratch_write("bad keys", "ssh-ed25519 AAAA\n", 0644);
    (void)snprintf(text, sizeof text,
                   "ListenAddress nonsense\nListenAddress no-such-host.invalid:22\n"
                   "HostKey absent\nHostKey banner\nHostKey key\n"
                   "Passwords none\nAuthorizedKeysFile \"bad keys\"\nBanner nothing\n"
                   "AuthenticationMethods keyboard-interactive\nMaxSessions 0\nSomething x\n");
    ck_assert_int_eq(WEXITSTATUS(in_child(check)), 1);
    expect_problem("/a.conf:1: ListenAddress: 'nonsense' is not ADDR:PORT");
    expect_problem("/a.conf:2: cannot listen on no-such-host.invalid:22: ");
    expect_problem("/a.conf:3: absent: ");
    expect_problem("/a.conf:4: banner: ");
    expect_problem("/a.conf:6: none: ");
    expect_problem("/a.conf:7: bad keys:1: ");
    expect_problem("/a.conf:8: nothing: cannot read the banner");
    expect_problem("/a.conf:9: --require keyboard-interactive needs --keyboard-interactive");
    expect_problem("/a.conf:10: MaxSessions: '0' is not a number");
    expect_problem("/a.conf:11: there is no keyword 'Something'");
}
END_TEST

START_TEST(files_that_others_can_write_are_problems)
{
    make_files();
    (void)scratch_write("keys", "# nobody\n", 0666);
    (void)scratch_write("passwords", "alice:secret\n", 0622);
    (void)snprintf(text, sizeof text, GOOD);
    ck_assert_int_eq(WEXITSTATUS(in_child(check)), 1);
    expect_problem("/a.conf:2: passwords: writable by others");
    expect_problem("/a.conf:4: keys: writable by others");
}
END_TEST

START_TEST(what_only_the_library_checks_is_a_problem_too)
{
    make_files();
    (void)snprintf(text, sizeof text, GOOD "HostKeyAlgorithms rsa-sha2-256\n");
    ck_assert_int_eq(WEXITSTATUS(in_child(check)), 1);
    expect_problem("nacre-echo: ");
}
END_TEST

START_TEST(the_default_host_key_is_not_made)
{
    make_files();
    (void)snprintf(text, sizeof text, "Passwords passwords\n");
    succeeds_in_child(check);
    ck_assert_int_ne(access(scratch_path(DEFAULT_HOST_KEY), F_OK), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_good_configuration_is_accepted_in_silence);
    add_test(suite, every_problem_is_found_and_has_its_line);
    add_test(suite, files_that_others_can_write_are_problems);
    add_test(suite, what_only_the_library_checks_is_a_problem_too);
    add_test(suite, the_default_host_key_is_not_made);
}
